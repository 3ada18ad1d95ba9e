"""The stream over HTTP."""

from services.notify.log import reading
from services.notify.log.api import meant
from services.notify.log.numbering import head
from services.notify.log.schemas import AskedLog
from services.notify.parts import Parts
from services.notify.stream.schemas import Resumed
from services.notify.stream.streams import Wanted
from shared.http.declare.operations import ANYONE, Answer, Call, Operations
from shared.http.problems import Fault, invalid

operations: Operations[Parts] = Operations("notify", "Events")


@operations.get(
    "/v1/stream", "streamEvents", "Follow the events you may read, as server-sent events", who=ANYONE,
    query=AskedLog, headers=Resumed, media="text/event-stream", answers={200: None}, refuses=("unavailable",),
)  # fmt: skip
def stream(call: Call[Parts]) -> Answer:
    store, asked = call.parts.store, call.query
    types = asked.get("types")
    wanted = Wanted(
        call.person,
        call.principal.has(*reading.READS_ALL),
        None if types is None else frozenset(meant(types)),
        asked.get("offer_id"),
        asked.get("listing_id"),
    )
    number = _from(call)
    reset = number is not None and not reading.is_kept(store, number)
    if reset:
        number = (reading.lowest(store) or head(store) + 1) - 1
    return Answer(call.parts.streams.open(number, wanted, reset))


def _from(call: Call[Parts]) -> int | None:
    """The number after which to begin: the header's cursor, else the query's, else by time; None: from now on."""
    again, after, moment = call.header("Last-Event-Id"), call.query.get("after"), call.query.get("from_timestamp")
    try:
        if again:
            return reading.number_of(again)
        if after is not None:
            return reading.number_of(after)
    except reading.BadCursor:
        expected = "expected a cursor of an event"
        fault = (
            Fault.of_header("Last-Event-ID", "cursor", expected)
            if again
            else Fault.of_query("after", "cursor", expected)
        )
        raise invalid([fault]) from None
    return None if moment is None else reading.at_time(call.parts.store, moment)
