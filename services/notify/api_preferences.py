"""What one prefers, and the links in mails that stop a group of them. A link shows a page; only its button acts.

Mail programs do it by themselves with one click (RFC 8058): they post `List-Unsubscribe=One-Click`. Whatever is posted
stops the mails: what matters is who has the link.
"""

from markupsafe import Markup

from services.notify import preferences
from services.notify.addresses import CONTACT_CODE
from services.notify.parts import Parts
from services.notify.recipients import MATCHES
from services.notify.schemas import OneClick, Preferences, Unsubscribed
from services.notify.store import contact_id
from services.notify.templates import DEFAULT_LANGUAGE, phrase, render
from services.notify.views import preferences_view
from shared.aggregate import Change, Document
from shared.http.answer import html
from shared.http.answer.documents import document_response
from shared.http.answer.own import change_own
from shared.http.declare.operations import ANYONE, PUBLIC, Answer, Call, Operations
from shared.http.problems import Fault, Problem
from shared.links import BadLink

operations: Operations[Parts] = Operations("notify", "Preferences")
_LINK = "/v1/unsubscribe/{token:link}"
_BUTTON = Markup(
    '{}\n<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
    '<button type="submit">{}</button></form>'
)


@operations.get(
    "/v1/me/preferences", "getPreferences", "Show your language and what is sent by e-mail", who=ANYONE,
    answers={200: Preferences},
)  # fmt: skip
def show(call: Call[Parts]) -> Answer:
    return document_response(preferences_view(call.parts.store.get(contact_id(call.person))))


@operations.put(
    "/v1/me/preferences", "putPreferences", "Set your language and what is sent by e-mail", who=ANYONE,
    body=Preferences, match=True, answers={200: Preferences},
)  # fmt: skip
def put(call: Call[Parts]) -> Answer:
    mail = call.body["mail"]
    if not mail.pop("money"):
        fault = Fault("/mail/money", "money", "expected true")
        raise Problem("refused-by-rule", "Mails about money cannot be stopped.", errors=[fault])

    def decide(change: Change) -> None:
        preferences.prefer(change, call.person, call.body["language"], [each for each in mail if not mail[each]])
        preferences.tell_matches(change, call.body["matches"])

    own = change_own(call, call.parts.store, contact_id(call.person), CONTACT_CODE, decide)
    return document_response(preferences_view(own))


@operations.get(
    _LINK, "askToUnsubscribe", "Show what an unsubscribe link would stop; changes nothing", who=PUBLIC,
    answers={200: Unsubscribed}, page=True,
)  # fmt: skip
def ask(call: Call[Parts]) -> Answer:
    person, group = _of_link(call)
    contact = call.parts.store.get(contact_id(person)) or {}
    if not html.wants_page(call.header("Accept")):
        return Answer({"group": group, "mailed": preferences.is_mailed(contact, group)})
    language, title, text = _words("ask", contact, group)
    return Answer(html.Page(language, title, _BUTTON.format(html.paragraphs(text), phrase("stop_button", language))))


@operations.post(
    _LINK, "unsubscribe", "Unsubscribe from e-mails of this kind", who=PUBLIC, body=OneClick, any_body=True,
    page=True, match=False, answers={200: Unsubscribed},
)  # fmt: skip
def unsubscribe(call: Call[Parts]) -> Answer:
    person, group = _of_link(call)
    own_id = contact_id(person)

    def decide(changes: dict[str, Change]) -> Document:
        preferences.stop(changes[own_id], person, group)
        return changes[own_id].document()

    contact = call.parts.store.run({own_id: CONTACT_CODE}, decide)
    if not html.wants_page(call.header("Accept")):
        return Answer({"group": group, "mailed": False})
    language, title, text = _words("done", contact, group)
    return Answer(html.Page(language, title, html.paragraphs(text)))


def _of_link(call: Call[Parts]) -> tuple[str, str]:
    try:
        return preferences.read(call.parts.key, call.id, call.parts.store.clock.now())
    except BadLink:
        raise Problem("not-found", "This link is not valid, or not any more.") from None


def _words(step: str, contact: Document, group: str) -> tuple[str, str, str]:
    language = contact.get("language", DEFAULT_LANGUAGE)
    key = f"unsubscribe.{MATCHES}.{step}" if group == MATCHES else f"unsubscribe.{step}"
    return language, *render(key, {"group": group}, language)
