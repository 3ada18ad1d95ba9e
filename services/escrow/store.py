"""The collection `escrows`: its indexes and lists, and how the web process parks a provider's notice for the worker."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from services.escrow.losses import KIND as DEBT
from services.escrow.repaying import LOOK
from shared.aggregate import Change, Document, Lifecycle, Migration, Store, Trigger, by_try

COLLECTION = "escrows"
_UNLISTED = {"events": 0, "applied": 0, "journal": 0, "commands": 0, "parked": 0}


def _index_parties(escrows: Collection[Document]) -> None:
    """A person's escrows, newest first; stubs and leases have neither field."""
    escrows.create_index([("parties", ASCENDING), ("position", DESCENDING)], sparse=True)


def _index_for_staff(escrows: Collection[Document]) -> None:
    """What a person has to look at; each field is there only as long as it lasts."""
    for name in ("flagged.since", "blocked.since", "dispute.opened_at"):
        escrows.create_index([(name, ASCENDING)], sparse=True)


def _index_losses(escrows: Collection[Document]) -> None:
    """Losses that staff have not decided yet; of an older version, all that there are.

    An escrow that changes meanwhile is left alone; its loss is open from its next chargeback on.
    """
    escrows.create_index([("loss_since", ASCENDING)], sparse=True)
    for doc in escrows.find({"loss": {"$gt": 0}}, {"version": 1, "updated_at": 1, "loss_decision": 1}):
        if "loss_decision" not in doc:
            since = {"loss_since": doc["updated_at"]}
            escrows.update_one({"_id": doc["_id"], "version": doc["version"]}, {"$set": since})


def _look_for_what_is_kept(escrows: Collection[Document]) -> None:
    """An older version kept what it had set off for a loss that the bank gave back: it is looked for at once. One that
    changes meanwhile is left alone; the replay of its event has it looked at.
    """
    at = datetime.fromtimestamp(0, UTC)
    for doc in escrows.find({"kind": DEBT}, {"version": 1, "timers": 1}):
        look = {"timers": {**doc.get("timers", {}), LOOK: at}, "due_at": at, "version": doc["version"] + 1}
        escrows.update_one({"_id": doc["_id"], "version": doc["version"]}, {"$set": look})


MIGRATIONS: Sequence[Migration] = (
    _index_parties,
    _index_for_staff,
    _index_losses,
    _look_for_what_is_kept,
    by_try,
)

FOR_STAFF = {
    "flagged": "flagged.since", "blocked": "blocked.since", "disputed": "dispute.opened_at", "loss": "loss_since",
}  # fmt: skip
"""Why staff have to look at an escrow, and the field that is there as long as they do."""


def own_escrows(
    escrows: Collection[Document], person: str, role: str | None, state: str | None, after: str | None, limit: int
) -> list[Document]:
    """A person's escrows, the newest first, those after the sort key `after`."""
    query: dict[str, Any] = {"parties": person}
    if role:
        query[role] = person
    if state:
        query["state"] = state
    if after:
        query["position"] = {"$lt": after}
    return list(escrows.find(query, _UNLISTED).sort("position", DESCENDING).limit(limit))


def escrows_for_staff(
    escrows: Collection[Document], person: str, why: str | None, after: str | None, limit: int
) -> list[Document]:
    """Escrows that staff have to look at, for this reason or any, by id, those after the id `after`.

    A person's own are not among them: nobody is staff to what they are a party to.
    """
    reasons = [{FOR_STAFF[name]: {"$exists": True}} for name in ([why] if why else FOR_STAFF)]
    query: dict[str, Any] = {"$or": reasons, "parties": {"$ne": person}}
    if after:
        query["_id"] = {"$gt": after}
    return list(escrows.find(query, _UNLISTED).sort("_id", ASCENDING).limit(limit))


def count_for_staff(escrows: Collection[Document]) -> dict[str, int]:
    """How many escrows there are of each reason."""
    return {why: escrows.count_documents({name: {"$exists": True}}) for why, name in FOR_STAFF.items()}


def leave_notice(store: Store, lifecycle: Lifecycle, offer_id: str, trigger: Trigger) -> bool:
    """Park what the provider says in the escrow it is about, for the worker to fold; False where there is no escrow.

    A place for events that came before offer.accepted is none yet. A notice that is known already changes nothing.
    """

    def decide(changes: dict[str, Change]) -> bool:
        change = changes[offer_id]
        if change.state == "new" or change.get("kind", lifecycle.name) != lifecycle.name:
            return False
        lifecycle.leave(change, trigger)
        return True

    return store.run({offer_id: lifecycle}, decide)
