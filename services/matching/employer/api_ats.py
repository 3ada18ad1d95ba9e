"""Applicant tracking systems over HTTP: their webhook, what of it waits for staff, and what a seeker names."""

from services.matching.employer import ats, greenhouse
from services.matching.employer.parts import Parts
from services.matching.employer.schemas import Application, AtsEvent, Received, Signed, Webhook
from services.matching.employer.views import ats_event_view
from services.matching.offer.lifecycle import OFFER
from services.matching.offer.schemas import Offer
from services.matching.staff_lists import ATS_EVENTS, SORT_KEY, for_staff
from shared.aggregate import Change
from shared.http.answer.pages import PageQuery, after_text, page_of, text_page
from shared.http.declare.operations import DOCUMENT, PUBLIC, Answer, Call, Operations, roles
from shared.http.problems import Fault, Problem, invalid

operations: Operations[Parts] = Operations("matching", "Employers", OFFER.commands())
_NOBODY = "0" * 64
_PACE = 10
"""All employers' reports come from the same few addresses of Greenhouse's; it sends again for hours what is refused."""

_RECEIVED: dict[ats.Taken, dict[str, str]] = {
    "taken": {"status": "taken"},
    "known": {"status": "known"},
    "overtaken": {
        "status": "known",
        "note": "These very bytes were taken before, and the opposite since: they are an old report, delivered again. "
        "What happened anew is reported in other bytes, with a later last_activity_at.",
    },
    "outdated": {
        "status": "outdated",
        "note": "A report with a later last_activity_at was taken before this one came.",
    },
    "full": {
        "status": "known",
        "note": f"Not taken: {ats.MOST_BODIES} reports were taken about this application; write to the operator.",
    },
}


@operations.put(
    "/v1/offers/{id}/application", "nameApplication",
    "Seeker: set or clear your application's id in the employer's system", who=DOCUMENT, body=Application,
    command="name_application", answers={200: Offer},
)  # fmt: skip
def name_application(call: Call[Parts]) -> Answer:
    offer, _ = call.parts.offers.read(call)
    answer = call.parts.offers.command(call, call.body)
    call.parts.ats.look_again(offer.get("application"), call.body["reference"])
    return answer


@operations.post(
    "/v1/webhooks/greenhouse/{employer:word}", "greenhouseWebhook",
    "Greenhouse webhook: an employer's system reports a hire", who=PUBLIC, body=Webhook, headers=Signed,
    answers={200: Received}, match=False, refuses=("unauthenticated",), signed=True,
    most_bytes=greenhouse.MOST_BYTES, pace=_PACE,
)  # fmt: skip
def webhook(call: Call[Parts]) -> Answer:
    """Stores the report and nothing more: the worker finds the offers."""
    parts = call.parts
    employer = parts.employers.registered(call.id) or {}
    system = employer.get("ats") or {"secret": _NOBODY}
    signed = greenhouse.is_signed(system["secret"], call.header(greenhouse.HEADER), call.raw)
    if not signed or "kind" not in system:
        fault = Fault.of_header(greenhouse.HEADER, "signature", "expected `sha256 ` and the HMAC of these bytes")
        raise Problem("unauthenticated", "This is not known to come from an employer's system.", errors=[fault])
    try:
        report = greenhouse.parse(call.raw)
    except greenhouse.Unreadable as error:
        raise invalid([Fault("", "webhook", str(error))]) from None
    if report is None:
        return Answer({"status": "ignored"})
    event_id = ats.event_id(parts.employers.key, call.id, report.application)

    def decide(changes: dict[str, Change]) -> ats.Taken:
        return ats.take_report(changes[event_id], call.id, report, ats.digest(call.raw))

    return Answer(_RECEIVED[parts.offers.store.run({event_id: ats.KIND}, decide)])


@operations.get(
    "/v1/ats-events", "listAtsEvents", "Staff: list reported hires that match no offer, newest first",
    who=roles("arbiter", "moderator", "operator"), query=PageQuery, answers={200: page_of(AtsEvent)},
)  # fmt: skip
def list_all(call: Call[Parts]) -> Answer:
    found = for_staff(call.parts.offers.store, ATS_EVENTS, after_text(call), call.page.limit + 1)
    return text_page(call, found, SORT_KEY, ats_event_view)
