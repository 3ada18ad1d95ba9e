"""An insider's public record over HTTP. Everyone has one, so that it does not tell who is here."""

from services.matching.matches.identities import identities
from services.matching.matches.parts import Parts
from services.matching.matches.records import MOST_HIRES, record_of
from services.matching.matches.schemas import InsiderRecord
from services.matching.matches.views import record_view
from services.matching.store import hires_of, people_of
from shared.http.declare.operations import OPEN, Answer, Call, Operations
from shared.http.problems import Problem
from shared.ids import PERSON_ID

operations: Operations[Parts] = Operations("matching", "Insiders' records")


@operations.get(
    "/v1/insiders/{person:word}", "showInsider", "Show an insider's record: hires, and how long they lasted",
    who=OPEN, answers={200: InsiderRecord},
)  # fmt: skip
def show(call: Call[Parts]) -> Answer:
    if not PERSON_ID.fullmatch(call.id):
        raise Problem("not-found", "A person's id is p_ and 32 hex digits.")
    store = call.parts.store
    hires = hires_of(store, call.id, MOST_HIRES)
    record = record_of(hires, identities(people_of(store, hires)), call.parts.terms, store.clock.now())
    return Answer(record_view(call.id, record, staff=call.reader.has("moderator")))
