"""The collection `escrows`: its indexes and lists, and how the web process parks a provider's notice for the worker."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from services.escrow.losses import KIND as DEBT
from services.escrow.repaying import LOOK
from services.escrow.staff_lists import LISTS, sort_keys
from shared.aggregate import Change, Document, Lifecycle, Migration, Store, Trigger, by_try

COLLECTION = "escrows"
_UNLISTED = {"events": 0, "steps": 0, "applied": 0, "journal": 0, "commands": 0, "parked": 0}


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


def _index_staff_lists(escrows: Collection[Document]) -> None:
    """Staff's lists, each the oldest first; escrows of an older version are put onto theirs now.

    An escrow that changes meanwhile is left alone: what changes it puts it there.
    """
    for name in LISTS:
        escrows.create_index([(f"staff_lists.{name}", ASCENDING)], sparse=True)
    for doc in escrows.find({"parties": {"$exists": True}, "staff_lists": {"$exists": False}}, {"events": 0}):
        if found := sort_keys(doc, doc["_id"]):
            unchanged = {"_id": doc["_id"], "version": doc["version"]}
            escrows.update_one(unchanged, {"$set": {"staff_lists": found}})


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
    _index_staff_lists,
    _look_for_what_is_kept,  # once more: before, the platform's fee was kept as well
)

FOR_STAFF = {
    "flagged": "flagged.since", "blocked": "blocked.since", "disputed": "dispute.opened_at", "loss": "loss_since",
}  # fmt: skip
"""Why staff have to look at an escrow, and the field that is there as long as they do."""

_NEEDED = ("staff_lists", "loss", "set_off", "loss_decision", *(path.partition(".")[0] for path in FOR_STAFF.values()))


def may_go(doc: Document) -> bool:
    """Whether an escrow that ended long ago may go to the archive: not one that staff look at, or that is summed up
    with others for what its insider owes.
    """
    return not any(doc.get(name) for name in _NEEDED)


def own_escrows(
    store: Store, person: str, role: str | None, state: str | None, after: str | None, limit: int
) -> list[Document]:
    """A person's escrows, the newest first, those after the sort key `after`."""
    query: dict[str, Any] = {"parties": person}
    if role:
        query[role] = person
    if state == "repaying":
        query |= {"state": state, "insider": person}
    elif state:  # of a repayment the seeker is not told: theirs is where it was
        query["$or"] = [
            {"state": state},
            {"state": "repaying", "seeker": person, "instruction.before": state},
        ]
    if after:
        query["position"] = {"$lt": after}
    return store.find(query, _UNLISTED, [("position", DESCENDING)], limit)


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


def staff_list(escrows: Collection[Document], name: str, person: str, after: str | None, limit: int) -> list[Document]:
    """Escrows on one of `staff_lists.LISTS`, the oldest first, those after the sort key `after`; none of the person's
    own.
    """
    field = f"staff_lists.{name}"
    query = {field: {"$gt": after or ""}, "parties": {"$ne": person}}
    return list(escrows.find(query, _UNLISTED).sort(field, ASCENDING).limit(limit))


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
