"""The log over HTTP: the events that the caller may read, in the order in which they arrived."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.notify.log import reading
from services.notify.log.numbering import head
from services.notify.log.schemas import AskedEvents, EventsPage
from services.notify.parts import Parts
from shared.events.catalogue import PUBLIC_NAMES
from shared.http.declare.operations import ANYONE, Answer, Call, Operations
from shared.http.problems import Fault, Problem, invalid

operations: Operations[Parts] = Operations("notify", "Events")


@operations.get(
    "/v1/events", "listEvents", "List events you may read, in the order of their arrival", who=ANYONE,
    query=AskedEvents, answers={200: EventsPage}, refuses=("gone",),
)  # fmt: skip
def events(call: Call[Parts]) -> Answer:
    store, asked = call.parts.store, call.query
    number = _from(call, asked.get("after"), asked.get("from_timestamp"))
    reads_all = call.principal.has(*reading.READS_ALL)
    asks = conditions(asked.get("types"), asked.get("offer_id"), asked.get("listing_id"))
    newest = head(store)
    until = reading.looked_at(store, number, call.person, reads_all) if asks or reads_all else None
    found = reading.after(store, number, asked["limit"], {**asks, **reading.is_for(call.person, reads_all)}, until)
    # A full page may be followed by more, and so is one that stopped looking; after the last, one goes on from where
    # the log ended before it was read.
    is_full = len(found) == asked["limit"]
    more = is_full or (until is not None and until < newest)
    reached = newest if until is None else min(newest, until)
    last = max(number, 0 if is_full else reached, *(each.number for each in found))
    items = [{"cursor": each.cursor, "event": each.structured(call.person)} for each in found]
    return Answer({"items": items, "next": reading.cursor(last), "more": more})


def conditions(types: Iterable[str] | None, offer_id: str | None, listing_id: str | None) -> dict[str, Any]:
    """Of the documents of the log."""
    asked: dict[str, Any] = {"offer_id": offer_id, "listing_id": listing_id}
    found = {name: value for name, value in asked.items() if value is not None}
    return found | ({} if types is None else {"event_type": {"$in": sorted(meant(types))}})


def meant(types: Iterable[str]) -> set[str]:
    """The event types that names, `<group>.*` and `*` mean. Raises Problem 422 for what means none."""
    found = set[str]()
    for each in types:
        some = {name for name in PUBLIC_NAMES if each in ("*", name, f"{name.partition('.')[0]}.*")}
        if not some:
            raise invalid([Fault.of_query("types", "event-type", "expected public event types, `<group>.*` or `*`")])
        found |= some
    return found


def _from(call: Call[Parts], after: str | None, moment: datetime | None) -> int:
    """The number to read on from: after a cursor, else from a time, else all that is kept."""
    store = call.parts.store
    if after is None:
        return max(0, (reading.lowest(store) or 1) - 1) if moment is None else reading.at_time(store, moment)
    try:
        number = reading.number_of(after)
    except reading.BadCursor:
        raise invalid(
            [Fault.of_query("after", "cursor", "expected a cursor of an event, or the `next` of a page")]
        ) from None
    if not reading.is_kept(store, number):
        raise Problem("gone", "What followed this cursor is no longer kept. Begin without one, or from a time.")
    return number
