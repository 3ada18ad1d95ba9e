"""Who sees the employer of a listing: its seekers, from when the help of their offer has begun, or they were hired.

What ends before a hire veils it again. A document `unveiled:<listing_id>:<person_id>` remembers the offers, so that the
events may come in any order, and a repeat unveils nothing to a person who was forgotten since.
"""

from collections.abc import Mapping

from services.listing.store import ERASED, KNOWN, VEILED, unveiled_id
from shared.aggregate import Change, Trigger, Verdict
from shared.aggregate.verdict import IGNORED, TAKEN

KIND = "unveiled"
ENDS = ("offer.cancelled", "offer.lapsed", "offer.closed")


class Unveil:
    """The route of what begins, of a hire, and of what ends without one."""

    def touches(self, event: Trigger) -> Mapping[str, str]:
        return {self._id(event): KIND} if _field(event) else {}

    def fold(self, changes: Mapping[str, Change], event: Trigger) -> Verdict:
        field = _field(event)
        if field is None:
            return IGNORED
        change, offer_id = changes[self._id(event)], event.data["offer_id"]
        if change.state == ERASED and not change.get("forgotten"):
            forget(change)  # an older version left the offers where they were
        if offer_id in (*change.get(field, ()), *change.get("forgotten", ())):
            return IGNORED
        change.push(field, offer_id)
        if change.get("seeker") is None:
            change.set(listing_id=event.data["listing_id"], seeker=event.data["seeker"])
            change.set(created_at=change.get("created_at", change.now))
        state = KNOWN if is_unveiled(change) else ERASED if change.state == ERASED else VEILED
        if change.state != state:
            change.set(state=state)
        return TAKEN

    @staticmethod
    def _id(event: Trigger) -> str:
        return unveiled_id(event.data["listing_id"], event.data["seeker"])


def is_unveiled(change: Change) -> bool:
    """Whether one of the offers has begun and not ended, or led to a hire."""
    begun, ended = set(change.get("offers", ())), set(change.get("ended", ()))
    return bool((begun - ended) | set(change.get("hired", ())))


def forget(change: Change) -> None:
    """The seeker asked to be forgotten: these offers unveil nothing any more."""
    fields = ("offers", "hired", "ended", "forgotten")
    forgotten = sorted({offer_id for field in fields for offer_id in change.get(field, ())})
    change.set(state=ERASED, forgotten=forgotten, offers=None, hired=None, ended=None)


def _field(event: Trigger) -> str | None:
    """Which of the document's lists the offer goes on, if any."""
    if "seeker" not in event.data:
        return None
    match event.name:
        case "offer.begun":
            return "offers"
        case "offer.activated":  # of an older version, which knew no beginning
            return None if "begins_at" in event.data else "offers"
        case "hire.confirmed":
            return "hired"
        case _:
            return "ended" if event.data.get("accepted_at") else None
