"""Who may do what on the broker, as data: made of the event catalogue (who emits) and the handlers (who reads).

A service writes the events it owns and its dead letters, and reads what its HANDLERS name, its redriven records and
their letters, in the one consumer group that has its name. The operator watches everything and redrives; a subscriber
reads events.
"""

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from deploy import SERVICES
from shared.events.catalogue import EVENT_NAMES, PUBLIC_NAMES, latest

Kind = Literal["topic", "group", "cluster"]
Operation = Literal["read", "write", "describe", "describe_configs", "alter", "delete"]

OPERATOR = "operator"


@dataclass(frozen=True, order=True)
class Acl:
    """`principal` may `operation` the `name` of a kind, or everything that begins with it where `prefixed`."""

    principal: str
    kind: Kind
    name: str
    operation: Operation
    prefixed: bool = False


def reads(service: str) -> list[str]:
    """The event types that a service's handlers take."""
    return list(importlib.import_module(f"services.{service}.handlers").HANDLERS)


def emits(service: str) -> list[str]:
    """The event types that only this service may write."""
    return [name for name in EVENT_NAMES if latest(name).owner == service]


def acls() -> list[Acl]:
    """Everything that is allowed to services and operators; subscribers' ACLs are made by name (`subscriber`)."""
    return sorted({*(acl for service in SERVICES for acl in _service(service)), *_operator()})


def subscriber(name: str) -> list[Acl]:
    """A system outside: reads all public topics, in the group of its name and those that begin with that and a dot."""
    return [*_all(name, "topic", PUBLIC_NAMES, "read", "describe"), *_own_groups(name)]


def subscribers(there: Iterable[Acl], reserved: Iterable[str]) -> list[str]:
    """Who has the groups that `subscriber` gives, whatever topics: somebody else on a shared broker has not."""
    found = set(there)
    names = {acl.principal for acl in found if acl.kind == "group"} - set(reserved)
    return sorted(name for name in names if found.issuperset(_own_groups(name)))


def _own_groups(name: str) -> list[Acl]:
    return [Acl(name, "group", name, "read"), Acl(name, "group", f"{name}.", "read", prefixed=True)]


def _service(service: str) -> Iterable[Acl]:
    yield from _all(service, "topic", [*emits(service), f"{service}.dead"], "write", "describe")
    yield from _all(service, "topic", [*reads(service), *_own(service)], "read", "describe")
    yield from _all(service, "group", [service], "read", "describe")


def _own(service: str) -> list[str]:
    """What is sent again to it, and its dead letters, by which it knows what was."""
    return [f"{service}.redrive", f"{service}.dead"]


def _operator() -> Iterable[Acl]:
    yield from _all(OPERATOR, "topic", ["*"], "read", "describe", "describe_configs")
    yield from _all(OPERATOR, "topic", [f"{service}.redrive" for service in SERVICES], "write")
    yield from _all(OPERATOR, "group", ["*"], "describe")
    # Offsets of a group that stands still may be set: after a lost broker.
    yield from _all(OPERATOR, "group", SERVICES, "read", "delete")
    yield Acl(OPERATOR, "cluster", "kafka-cluster", "describe")


def _all(principal: str, kind: Kind, names: Iterable[str], *operations: Operation) -> list[Acl]:
    return [Acl(principal, kind, name, operation) for name in names for operation in operations]
