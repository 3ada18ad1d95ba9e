"""Reports of listings over HTTP: anyone makes one, moderators decide."""

from functools import partial

from services.listing.parts import REPORT, Parts
from services.listing.reports import DECISIONS, rest
from services.listing.views import SEEN_BY_ALL
from shared.http.answer.pages import page_of
from shared.http.declare.operations import OPEN, Answer, Call, Operations, roles
from shared.http.problems import Problem
from shared.reports.desk import MODERATORS
from shared.reports.schemas import NewReport, Queue, Reported, ReportReceived, decision_of

operations: Operations[Parts] = Operations("listing", "Reports", REPORT.commands())
_WHO = roles(*MODERATORS)


@operations.post(
    "/v1/listings/{id}/reports", "reportListing", "Report a listing", who=OPEN, body=NewReport,
    answers={202: ReportReceived}, key=False, match=False,
)  # fmt: skip
def report(call: Call[Parts]) -> Answer:
    then = partial(rest, terms=call.parts.desk.terms)
    return call.parts.desk.take(call, call.id, lambda: _insider_of(call), then)


@operations.get(
    "/v1/reports", "listReports", "Moderator: list what was reported, the longest waiting first", who=_WHO, query=Queue,
    answers={200: page_of(Reported)},
)  # fmt: skip
def queue(call: Call[Parts]) -> Answer:
    return call.parts.desk.page(call)


@operations.post(
    "/v1/reports/{id}/decide", "decideReports", "Moderator: keep or remove a listing that was reported", who=_WHO,
    body=decision_of("ListingDecision", *DECISIONS), command="decide", answers={200: Reported},
)  # fmt: skip
def decide(call: Call[Parts]) -> Answer:
    return call.parts.desk.decide(call)


def _insider_of(call: Call[Parts]) -> str:
    """Whose listing it is, where it is there to see; staff report what others may see as well."""
    doc, mine = call.parts.listings.read(call)
    if doc["state"] not in SEEN_BY_ALL and not mine & {"insider", "seeker"}:
        raise Problem("not-found", "There is nothing of that id, or it is not yours to see.")
    return str(doc["insider"])
