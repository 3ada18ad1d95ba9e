"""Staff's register of employers over HTTP."""

from services.matching.employer.acts import employer_id
from services.matching.employer.lifecycle import EMPLOYER, STAFF
from services.matching.employer.parts import Parts
from services.matching.employer.register import PATH
from services.matching.employer.schemas import Employer, EmployerChange, NewEmployer
from services.matching.employer.views import view
from services.matching.staff_lists import EMPLOYERS, SORT_KEY, for_staff
from shared.http.answer.pages import PageQuery, after_text, page_of, text_page
from shared.http.declare.operations import Answer, Call, Operations, roles

operations: Operations[Parts] = Operations("matching", "Employers", EMPLOYER.commands())
_ONE = PATH + "/{employer:word}"
_WHO = roles(*STAFF)


@operations.post(
    PATH, "registerEmployer", "Staff: register an employer whose domain was checked", who=_WHO, body=NewEmployer,
    command="register", answers={201: Employer},
)  # fmt: skip
def register(call: Call[Parts]) -> Answer:
    employers, body = call.parts.employers, call.body
    marks = employers.mailbox_marks(body["domain"], body.get("mailboxes", []))
    at = employer_id(employers.mark(body["domain"]))
    return employers.register.create(call, {**body, "marks": marks}, at=at)


@operations.get(
    PATH, "listEmployers", "Staff: list registered employers, newest first", who=_WHO, query=PageQuery,
    answers={200: page_of(Employer)},
)  # fmt: skip
def list_all(call: Call[Parts]) -> Answer:
    found = for_staff(call.parts.offers.store, EMPLOYERS, after_text(call), call.page.limit + 1)
    return text_page(call, found, SORT_KEY, view)


@operations.get(_ONE, "showEmployer", "Staff: show an employer", who=_WHO, answers={200: Employer})
def show(call: Call[Parts]) -> Answer:
    return call.parts.employers.register.show(call, employer_id(call.id))


@operations.patch(
    _ONE, "reviseEmployer", "Staff: change an employer's name, mailboxes or applicant tracking system", who=_WHO,
    body=EmployerChange, command="revise", answers={200: Employer},
)  # fmt: skip
def revise(call: Call[Parts]) -> Answer:
    employers, body, at = call.parts.employers, dict(call.body), employer_id(call.id)
    if "mailboxes" in body:
        known, _ = employers.register.read(call, at)
        body["marks"] = employers.mailbox_marks(known["domain"], body["mailboxes"])
    return employers.register.command(call, body, at=at)


@operations.post(
    _ONE + "/remove", "removeEmployer", "Staff: remove an employer from the register", who=_WHO, command="remove",
    answers={200: Employer},
)  # fmt: skip
def remove(call: Call[Parts]) -> Answer:
    return call.parts.employers.register.command(call, at=employer_id(call.id))
