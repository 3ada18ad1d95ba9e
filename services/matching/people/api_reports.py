"""Reports of insiders over HTTP: anyone makes one, moderators decide."""

from services.matching.people.parts import Parts
from services.matching.people.reports import DECISIONS, REPORT
from shared.http.answer.pages import page_of
from shared.http.declare.operations import OPEN, Answer, Call, Operations, roles
from shared.http.problems import Problem
from shared.ids import PERSON_ID
from shared.reports.desk import MODERATORS
from shared.reports.schemas import NewReport, Queue, Reported, ReportReceived, decision_of

operations: Operations[Parts] = Operations("matching", "Reports", REPORT.commands())
_WHO = roles(*MODERATORS)


@operations.post(
    "/v1/insiders/{person:word}/reports", "reportInsider", "Report an insider", who=OPEN, body=NewReport,
    answers={202: ReportReceived}, key=False, match=False,
)  # fmt: skip
def report(call: Call[Parts]) -> Answer:
    """Everyone may be reported, so that it does not tell who is here."""
    if not PERSON_ID.fullmatch(call.id):
        raise Problem("not-found", "A person's id is p_ and 32 hex digits.")
    return call.parts.desk.take(call, call.id, lambda: call.id)


@operations.get(
    "/v1/insider-reports", "listInsiderReports",
    "Moderator: list insiders who were reported, the longest waiting first", who=_WHO, query=Queue,
    answers={200: page_of(Reported)},
)  # fmt: skip
def queue(call: Call[Parts]) -> Answer:
    return call.parts.desk.page(call)


@operations.post(
    "/v1/insider-reports/{person:word}/decide", "decideInsiderReports",
    "Moderator: say whether staff act on an insider who was reported", who=_WHO,
    body=decision_of("InsiderDecision", *DECISIONS), command="decide", answers={200: Reported},
)  # fmt: skip
def decide(call: Call[Parts]) -> Answer:
    return call.parts.desk.decide(call)
