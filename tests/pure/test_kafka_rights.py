"""Subscribers' rights on the broker: `kafka-setup` renews them, and leaves others alone."""

from types import SimpleNamespace
from typing import Any

from kafka.admin import ACL, ACLFilter, ACLPermissionType, KafkaAdminClient

from deploy.kafka.access import _acl, _present, renew, set_acls
from deploy.kafka.principals import Acl, acls, subscriber, subscribers
from deploy.kafka.setup import RESERVED
from shared.events.catalogue import PUBLIC_NAMES

NEW = PUBLIC_NAMES[-1]


class Admin(KafkaAdminClient):
    """A broker's ACLs in memory."""

    def __init__(self, *there: Acl) -> None:
        self.there: list[ACL] = [_acl(each) for each in there]

    def describe_acls(self, acl_filter: ACLFilter) -> Any:
        return list(self.there), SimpleNamespace(errno=0)

    def create_acls(self, acls: list[ACL]) -> Any:
        self.there += acls
        return {"succeeded": acls, "failed": []}

    def delete_acls(self, acl_filters: list[ACLFilter]) -> Any:
        for one in acl_filters:
            self.there = [each for each in self.there if (each.principal, each.operation, each.resource_pattern) != (
                one.principal, one.operation, one.resource_pattern)]  # fmt: skip
        return [(one, [], None) for one in acl_filters]


def of(admin: Admin, name: str) -> set[Acl]:
    return {each for each in _present(admin) if each.principal == name}


def test_a_subscriber_reads_what_has_become_public_since() -> None:
    """The version before had fewer topics, and one that is public no more; no password is asked for."""
    before = [each for each in subscriber("crm") if each.name != NEW]
    admin = Admin(*before, Acl("crm", "topic", "contact.verified", "read"))

    assert renew(admin, RESERVED) == (["crm"], 2, 1)
    assert of(admin, "crm") == set(subscriber("crm"))
    assert renew(admin, RESERVED) == (["crm"], 0, 0)


def test_what_somebody_else_gave_a_subscriber_stays() -> None:
    """An exporter that may look at all groups."""
    more = Acl("exporter", "group", "*", "describe")
    admin = Admin(*subscriber("exporter"), more)

    renew(admin, RESERVED)
    assert of(admin, "exporter") == {*subscriber("exporter"), more}


def test_nobody_else_on_a_shared_broker_is_given_our_events() -> None:
    """Not who has topics and a group of its own there, not a service, not the operator."""
    other = [Acl("billing", "topic", "invoices", "read"), Acl("billing", "group", "billing", "read")]
    admin = Admin(*other, *acls())

    assert subscribers(_present(admin), RESERVED) == []
    assert renew(admin, RESERVED) == ([], 0, 0)
    assert of(admin, "billing") == set(other)


def test_what_an_administrator_forbids_or_allows_from_one_host_is_left_alone() -> None:
    """It is neither one of our rights nor one too many."""
    admin = Admin(*subscriber("crm"), *acls())
    theirs = [_acl(Acl("crm", "topic", "contact.verified", "read")), _acl(Acl("notify", "topic", "invoices", "read"))]
    theirs[0].permission_type, theirs[1].host = ACLPermissionType.DENY, "10.0.0.1"
    admin.there += theirs

    assert renew(admin, RESERVED) == (["crm"], 0, 0)
    assert set_acls(admin, acls(), [*{each.principal for each in acls()}]) == (0, 0)
    assert [each for each in admin.there if each in theirs] == theirs


def test_services_are_brought_to_exactly_theirs_beside_subscribers() -> None:
    admin = Admin(*subscriber("crm"))

    set_acls(admin, acls(), [*{each.principal for each in acls()}])
    assert of(admin, "crm") == set(subscriber("crm"))
