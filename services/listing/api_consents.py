"""The employer's consent over HTTP: the insider has it asked; its link shows a form, and takes the answer."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from services.listing.employers_word import CHANGED, OPEN, OVER, Asked
from services.listing.lifecycle import LISTING, MAY_BE_ASKED
from services.listing.parts import PATH, Parts
from services.listing.schemas import Listing
from services.listing.schemas_consent import AskConsent, EmployerAnswer, EmployerConsent
from shared.aggregate import Refusal
from shared.http.answer.commands import problem_of_refusal
from shared.http.answer.html import Page, Texts, language, paragraphs, wants_page
from shared.http.declare.operations import DOCUMENT, PUBLIC, Answer, Call, Operations
from shared.http.problems import Problem
from shared.links import EMPLOYER_CONSENTS, BadLink
from shared.wording import amount, day

_text = Texts(__file__, "consent_pages.json").to_caller
_BUTTON = Markup('<button type="submit" name="answer" value="{answer}">{words}</button>')
_FORM = Markup('<form method="post">\n<p>{buttons}</p>\n</form>')
_ITEM = Markup("<li>{}</li>")
_LIST = Markup("<ul>\n{}\n</ul>")
_ANSWERS = {OPEN: ("consent", "refuse"), "given": ("withdraw",)}
"""What may be answered while a link stands so."""
_SAID = {"consent-terms": CHANGED, "employer-registered": "unregistered", "link-used": "answered", "state": OVER}

operations: Operations[Parts] = Operations("listing", "Listings", LISTING.commands())
_LINK = EMPLOYER_CONSENTS + "{token:link}"


@operations.post(
    PATH + "/{id}/ask-consent", "askConsent", "Ask the employer by e-mail to consent to paid help", who=DOCUMENT,
    body=AskConsent, command="ask_consent", answers={202: Listing}, refuses=("too-many-requests",),
)  # fmt: skip
def ask(call: Call[Parts]) -> Answer:
    parts = call.parts
    doc, mine = parts.listings.read(call)
    spoken = call.body.get("language") or language(call.header("Accept-Language"))
    mark, data = parts.employers_word.to_ask(doc, call.body["mailbox"], spoken)
    if "insider" not in mine or doc["state"] not in MAY_BE_ASKED:
        return parts.listings.command(call, data, 202)  # a repeat, or refused
    terms = parts.listings.lifecycle.terms
    most = {doc["_id"]: terms.consent_asks_a_week, mark: terms.consent_asks_a_week_per_mailbox}
    with parts.asks.reserved(call.command_id, most):
        return parts.listings.command(call, data, 202)


@operations.get(
    _LINK, "showEmployerConsent", "Show what an employer is asked to consent to; changes nothing", who=PUBLIC,
    answers={200: EmployerConsent}, page=True,
)  # fmt: skip
def show(call: Call[Parts]) -> Answer:
    return _answer(call, _asked(call))


@operations.post(
    _LINK, "answerByEmployer", "Employer: consent to paid help, refuse, or take the consent back", who=PUBLIC,
    body=EmployerAnswer, answers={200: EmployerConsent}, form=True, page=True, match=False,
)  # fmt: skip
def answer(call: Call[Parts]) -> Answer:
    asked = _asked(call)
    try:
        return _answer(call, call.parts.employers_word.answer(asked, call.body["answer"]))
    except Refusal as refusal:
        words = _text(call, _SAID[refusal.rule]) if refusal.rule in _SAID else None
        raise problem_of_refusal(refusal, words) from refusal


# -- inside


def _asked(call: Call[Parts]) -> Asked:
    try:
        return call.parts.employers_word.asked(call.id)
    except BadLink:
        raise Problem("not-found", _text(call, "unknown")) from None


def _answer(call: Call[Parts], asked: Asked) -> Answer:
    listing, employer = asked.listing, asked.listing["employer"]["name"]
    fee_bps = call.parts.listings.lifecycle.terms.fee_bps
    until = asked.link["until"]
    if wants_page(call.header("Accept")):
        return Answer(_page(call, asked, fee_bps))
    if asked.standing not in _ANSWERS:
        return Answer({"status": asked.standing, "employer": employer})
    shown = {name: listing[name] for name in ("title", "duties")}
    more = {"help": asked.offered(), "fee_bps": fee_bps, "expires_at": until}
    return Answer({"status": asked.standing, "employer": employer, **shown, **more})


def _page(call: Call[Parts], asked: Asked, fee_bps: int) -> Page:
    spoken = language(call.header("Accept-Language"))
    values = {
        "employer": asked.listing["employer"]["name"],
        "title": asked.listing["title"],
        "fee": f"{fee_bps / 100:g}\u00a0%",
        "until": day(f"{asked.link['until']:%Y-%m-%d}", spoken),
    }
    buttons = _buttons(call, asked.standing)
    if asked.standing != OPEN:
        body = paragraphs(_text(call, asked.standing, **values)) + Markup("\n") + buttons
        return Page(spoken, _text(call, "title"), body)
    help_ = [_help(call, each) for each in asked.offered()]
    parts = [
        paragraphs(*(_text(call, key, **values) for key in ("who", "role"))),
        _items(asked.listing["duties"]),
        paragraphs(_text(call, "help")),
        _items(help_),
        paragraphs(*(_text(call, key, **values) for key in ("fee", "keeps"))),
        buttons,
    ]
    return Page(spoken, _text(call, "title"), Markup("\n").join(parts))


def _help(call: Call[Parts], help_: Mapping[str, Any]) -> str:
    price = help_["price"]
    priced = amount(price["amount"], price["currency"], language(call.header("Accept-Language")))
    return f"{_text(call, help_['kind'])}: {priced}"


def _items(texts: list[str]) -> Markup:
    return _LIST.format(Markup("\n").join(_ITEM.format(text) for text in texts))


def _buttons(call: Call[Parts], standing: str) -> Markup:
    """The form, where there is something to answer."""
    answers = _ANSWERS.get(standing, ())
    buttons = Markup("\n").join(_BUTTON.format(answer=each, words=_text(call, each)) for each in answers)
    return _FORM.format(buttons=buttons) if answers else Markup("")
