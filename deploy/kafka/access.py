"""Brings a broker's users and ACLs to what `principals` says; what is right already is left alone."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)
from kafka.errors import KafkaError, RetriableError

from deploy.kafka.principals import Acl, subscriber, subscribers
from shared.events.catalogue import EVENT_NAMES
from shared.messaging.kafka import using

_KINDS = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP, "cluster": ResourceType.CLUSTER}
_SETTLED_WITHIN = 300.0
"""Seconds: a broker that is busy makes its partitions first."""


def set_users(admin: KafkaAdminClient, passwords: Mapping[str, str], clients: Mapping[str, Any]) -> list[str]:
    """Make the users that are missing or whose password does not let them in, and return their names.

    `clients` are the connection settings by which users come in (another listener than the admin's). Waits for minutes,
    if need be, until the broker lets them in. KafkaError.
    """
    there = credentials(admin)
    wrong = [name for name, password in passwords.items() if name not in there or not _lets_in(clients, name, password)]
    if wrong:
        made = [_credential(name, passwords[name]) for name in wrong]
        for name, error in admin.alter_user_scram_credentials(made).items():
            if error is not None:
                raise RetriableError(f"user {name}: {error}")  # the code is lost; whoever may not was refused before
    deadline = time.monotonic() + _SETTLED_WITHIN
    for name in wrong:  # until the broker has taken it up from its own log
        while not _lets_in(clients, name, passwords[name]):
            if time.monotonic() > deadline:
                raise KafkaError(f"user {name} was made and is still not let in after {_SETTLED_WITHIN:.0f} s")
            time.sleep(1.0)
    return wrong


def credentials(admin: KafkaAdminClient) -> set[str]:
    """The names of the broker's SCRAM users."""
    return set(admin.describe_user_scram_credentials())


def delete_user(admin: KafkaAdminClient, name: str) -> bool:
    """Take a user's password away; whether there was one. KafkaError."""
    if name not in credentials(admin):
        return False
    error = admin.alter_user_scram_credentials([UserScramCredentialDeletion(name, ScramMechanism.SCRAM_SHA_512)])[name]
    if error is not None:
        raise KafkaError(f"user {name}: {error}")
    return True


def set_acls(admin: KafkaAdminClient, wanted: Iterable[Acl], owned: Iterable[str]) -> tuple[int, int]:
    """Make what is missing, and take away what the principals in `owned` have beyond it: (made, taken away)."""
    want, mine = set(wanted), set(owned)
    there = {acl for acl in _present(admin) if acl.principal in mine}
    missing, surplus = want - there, there - want
    if missing:
        failed = admin.create_acls([_acl(each) for each in sorted(missing)])["failed"]
        if failed:
            raise failed[0]("an ACL was refused")
    if surplus:
        for _, _, error in admin.delete_acls([_exactly(each) for each in sorted(surplus)]):
            if error is not None and error.errno != 0:
                raise error("an ACL could not be taken away")
    return len(missing), len(surplus)


def renew(admin: KafkaAdminClient, reserved: Iterable[str]) -> tuple[list[str], int, int]:
    """Bring all subscribers' rights to what they are today: (who they are, made, taken away). KafkaError.

    What somebody else gave them beside our topics of events is theirs.
    """
    there = _present(admin)
    names = subscribers(there, reserved)
    wanted = {acl for name in names for acl in subscriber(name)}
    theirs = {acl for acl in there if acl.principal in names and not (acl.kind == "topic" and acl.name in EVENT_NAMES)}
    return names, *set_acls(admin, wanted | theirs, names)


def _lets_in(clients: Mapping[str, Any], name: str, password: str) -> bool:
    options = {**clients, "sasl_plain_username": name, "sasl_plain_password": password}
    try:
        with using(KafkaAdminClient, **options):
            return True
    except KafkaError:
        return False


def _credential(name: str, password: str) -> UserScramCredentialUpsertion:
    return UserScramCredentialUpsertion(name, ScramMechanism.SCRAM_SHA_512, password.encode(), iterations=4096)


def _present(admin: KafkaAdminClient) -> list[Acl]:
    everything = ACLFilter(
        None,
        None,
        ACLOperation.ANY,
        ACLPermissionType.ANY,
        ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
    )
    found, error = admin.describe_acls(everything)
    if getattr(error, "errno", 0):
        raise KafkaError(f"the ACLs cannot be read: {error}")
    kinds: dict[Any, Any] = {number: name for name, number in _KINDS.items()}
    return [
        Acl(
            acl.principal.removeprefix("User:"),
            kinds[acl.resource_pattern.resource_type],
            acl.resource_pattern.resource_name,
            ACLOperation(acl.operation).name.lower(),
            acl.resource_pattern.pattern_type == ACLResourcePatternType.PREFIXED,
        )
        for acl in found
        if acl.resource_pattern.resource_type in kinds and _is_ours(acl)
    ]


def _is_ours(acl: ACL) -> bool:
    """As they are made here; what an administrator forbids somebody, or allows from one host alone, is theirs."""
    return bool(acl.permission_type == ACLPermissionType.ALLOW and acl.host == "*")


def _pattern(acl: Acl) -> ResourcePattern:
    kind = ACLResourcePatternType.PREFIXED if acl.prefixed else ACLResourcePatternType.LITERAL
    return ResourcePattern(_KINDS[acl.kind], acl.name, kind)


def _acl(acl: Acl) -> ACL:
    operation = ACLOperation[acl.operation.upper()]
    return ACL(f"User:{acl.principal}", "*", operation, ACLPermissionType.ALLOW, _pattern(acl))


def _exactly(acl: Acl) -> ACLFilter:
    concrete = _acl(acl)
    return ACLFilter(
        concrete.principal, concrete.host, concrete.operation, concrete.permission_type, concrete.resource_pattern
    )
