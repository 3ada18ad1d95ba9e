"""Where escrows are kept, how they are listed, and how the web process leaves a provider's notice for the worker."""

from collections.abc import Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from shared.aggregate import Change, Document, Lifecycle, Migration, Store, Trigger
from shared.aggregate.lifecycle import PARKED_TIMER

COLLECTION = "escrows"
_UNLISTED = {"events": 0, "applied": 0, "journal": 0, "commands": 0, "parked": 0}


def _index_parties(escrows: Collection[Document]) -> None:
    """One's own escrows, newest first; stubs and leases have neither field."""
    escrows.create_index([("parties", ASCENDING), ("position", DESCENDING)], sparse=True)


MIGRATIONS: Sequence[Migration] = (_index_parties,)


def own_escrows(
    escrows: Collection[Document], person: str, role: str | None, state: str | None, after: str | None, limit: int
) -> list[Document]:
    """A person's escrows, the newest first, those after the position `after`."""
    query: dict[str, Any] = {"parties": person}
    if role:
        query[role] = person
    if state:
        query["state"] = state
    if after:
        query["position"] = {"$lt": after}
    return list(escrows.find(query, _UNLISTED).sort("position", DESCENDING).limit(limit))


def leave_notice(store: Store, lifecycle: Lifecycle, offer_id: str, trigger: Trigger) -> bool:
    """Park what the provider says in the escrow it is about, for the worker to fold; False where there is no escrow.

    A notice that is known already changes nothing.
    """

    def decide(changes: dict[str, Change]) -> bool:
        change = changes[offer_id]
        if change.is_new or change.get("kind", lifecycle.name) != lifecycle.name:
            return False
        if not change.knows(trigger.id):
            kept: dict[str, Any] = {"id": trigger.id, "name": trigger.name, "kind": trigger.kind}
            kept |= {"data": dict(trigger.data)}
            kept |= {"at": trigger.at, "sequence": trigger.sequence, "parked_at": change.now, "then": "reject"}
            change.park([*change.parked, kept])
            change.schedule(PARKED_TIMER, change.now)
            change.settle(lambda timer: lifecycle.counts(change.state, timer))
        return True

    return store.run({offer_id: lifecycle.name}, decide)
