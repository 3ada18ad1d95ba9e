"""The employer's link over HTTP: it shows a page with a form, and takes what is sent from there."""

from typing import Any

from markupsafe import Markup

from services.matching.employer.confirmations import OPEN, USED, Asked
from services.matching.employer.parts import Parts
from services.matching.employer.schemas import Confirmation, ConfirmByEmployer
from shared.aggregate import Refusal
from shared.http.answer.commands import problem_of_refusal
from shared.http.answer.html import Page, Texts, language, paragraphs, wants_page
from shared.http.declare.operations import PUBLIC, Answer, Call, Operations
from shared.http.problems import Problem
from shared.links import EMPLOYER_CONFIRMATIONS, BadLink

_text = Texts(__file__, "pages.json").to_caller
_FORM = Markup(
    '<form method="post">\n<p><label for="start_on">{label}</label>\n'
    '<input type="date" id="start_on" name="start_on" min="{first}" max="{last}" required></p>\n'
    '<p><button type="submit">{button}</button></p>\n</form>'
)
operations: Operations[Parts] = Operations("matching", "Employers")
_LINK = EMPLOYER_CONFIRMATIONS + "{token:link}"


@operations.get(
    _LINK, "showEmployerConfirmation", "Show what an employer is asked to confirm; changes nothing", who=PUBLIC,
    answers={200: Confirmation}, page=True,
)  # fmt: skip
def show(call: Call[Parts]) -> Answer:
    asked = _asked(call)
    first, last = call.parts.confirmations.window(asked)
    if not wants_page(call.header("Accept")):
        shown = {"employer": asked.employer["name"], "status": asked.standing}
        return Answer({**shown, "first_day": first, "last_day": last} if asked.standing == OPEN else shown)
    employer = asked.employer["name"]
    if asked.standing != OPEN:
        return Answer(_page(call, "title", paragraphs(_text(call, asked.standing))))
    text = paragraphs(*(_text(call, key, employer=employer) for key in ("who", "what", "kept")))
    label, button = _text(call, "start_on"), _text(call, "confirm")
    form = _FORM.format(label=label, button=button, first=first, last=last)
    return Answer(_page(call, "title", text + Markup("\n") + form))


@operations.post(
    _LINK, "confirmByEmployer", "Employer: confirm the hire, so that the escrow pays out", who=PUBLIC,
    body=ConfirmByEmployer, answers={200: Confirmation}, form=True, page=True, match=False,
)  # fmt: skip
def confirm(call: Call[Parts]) -> Answer:
    asked = _asked(call)
    try:
        call.parts.confirmations.confirm(asked, call.body)
    except Refusal as refusal:
        raise _refused(call, refusal) from refusal
    if wants_page(call.header("Accept")):
        thanks = paragraphs(_text(call, "done", start_on=call.body["start_on"]))
        return Answer(_page(call, "done_title", thanks))
    return Answer({"employer": asked.employer["name"], "status": USED})


# -- inside


def _asked(call: Call[Parts]) -> Asked:
    try:
        return call.parts.confirmations.asked(call.id)
    except BadLink:
        raise Problem("not-found", _text(call, "unknown")) from None


def _refused(call: Call[Parts], refusal: Refusal) -> Problem:
    """What the employer can do about it, not what the lifecycle calls it."""
    asked, words = _asked(call), None
    if refusal.rule == "start-on-window":
        first, last = call.parts.confirmations.window(asked)
        words = _text(call, "window", first=first, last=last)
    elif asked.standing != OPEN:
        words = _text(call, asked.standing)
    return problem_of_refusal(refusal, words)


def _page(call: Call[Any], title: str, body: Markup) -> Page:
    return Page(language(call.header("Accept-Language")), _text(call, title), body)
