"""A person's addresses over HTTP: where their mail goes, and one at an employer. A mailed code proves each."""

from collections.abc import Callable

from services.notify import addresses, former, mailboxes
from services.notify.parts import Parts
from services.notify.schemas import Contact, NewContact, NewWorkMail, SaidCode, WorkMail
from services.notify.store import CONTACT, WORK_MAIL, contact_id, work_mail_id
from services.notify.views import address_view
from shared.aggregate import Change, Document
from shared.http.answer.documents import document_response
from shared.http.answer.html import language as accepted_language
from shared.http.answer.own import change_own
from shared.http.declare.operations import ANYONE, Answer, Call, Operations
from shared.http.problems import Fault, Problem
from shared.telemetry import traces

operations: Operations[Parts] = Operations("notify", "Addresses")
_ID: dict[str, Callable[[str], str]] = {CONTACT: contact_id, WORK_MAIL: work_mail_id}
_LIFECYCLE = {each.name: each for each in addresses.CODE_MAILS}


@operations.get("/v1/me/contact", "getContact", "Show your e-mail address", who=ANYONE, answers={200: Contact},
                refuses=("not-found",))  # fmt: skip
def contact(call: Call[Parts]) -> Answer:
    return _show(call, CONTACT)


@operations.put(
    "/v1/me/contact", "putContact", "Set your e-mail address; a new one is sent a code", who=ANYONE,
    body=NewContact, match=True, answers={200: Contact},
)  # fmt: skip
def put_contact(call: Call[Parts]) -> Answer:
    return _put(call, CONTACT, call.body.get("language"))


@operations.post(
    "/v1/me/contact/verify", "verifyContact", "Verify your e-mail address with the code that was sent to it",
    who=ANYONE, body=SaidCode, key=False, answers={200: Contact},
)  # fmt: skip
def verify_contact(call: Call[Parts]) -> Answer:
    return _verify(call, CONTACT)


@operations.delete(
    "/v1/me/contact", "deleteContact", "Delete your e-mail address; no more e-mail is sent", who=ANYONE, match=True,
    answers={204: None},
)  # fmt: skip
def delete_contact(call: Call[Parts]) -> Answer:
    return _delete(call, CONTACT)


@operations.get("/v1/me/work-mail", "getWorkMail", "Show your work e-mail address", who=ANYONE,
                answers={200: WorkMail}, refuses=("not-found",))  # fmt: skip
def work_mail(call: Call[Parts]) -> Answer:
    return _show(call, WORK_MAIL)


@operations.put(
    "/v1/me/work-mail", "putWorkMail", "Set your work e-mail address; it is sent a code", who=ANYONE,
    body=NewWorkMail, match=True, answers={200: WorkMail},
)  # fmt: skip
def put_work_mail(call: Call[Parts]) -> Answer:
    own = call.parts.store.get(contact_id(call.person)) or {}
    return _put(call, WORK_MAIL, own.get("language"))


@operations.post(
    "/v1/me/work-mail/verify", "verifyWorkMail", "Verify your work e-mail address with the code that was sent to it",
    who=ANYONE, body=SaidCode, key=False, answers={200: WorkMail},
)  # fmt: skip
def verify_work_mail(call: Call[Parts]) -> Answer:
    return _verify(call, WORK_MAIL)


@operations.delete(
    "/v1/me/work-mail", "deleteWorkMail", "Delete your work e-mail address", who=ANYONE, match=True,
    answers={204: None},
)  # fmt: skip
def delete_work_mail(call: Call[Parts]) -> Answer:
    return _delete(call, WORK_MAIL)


# -- inside: the same for both kinds


def _show(call: Call[Parts], kind: str) -> Answer:
    doc = call.parts.store.get(_ID[kind](call.person))
    if doc is None or not addresses.is_there(doc):
        raise Problem("not-found", "You have given no address here.")
    return document_response(address_view(doc))


def _put(call: Call[Parts], kind: str, language: str | None) -> Answer:
    parts, email, reserved = call.parts, call.body["email"], False

    def decide(change: Change) -> None:
        nonlocal reserved
        if kind == WORK_MAIL and not addresses.is_at(change.doc, email):
            addresses.refuse_public(email)
        chosen = language or change.get("language") or accepted_language(call.header("Accept-Language"))
        if change.get("language") != chosen:
            change.set(language=chosen)
        if addresses.put(change, call.person, email, parts.terms) and not reserved:
            parts.mailboxes.reserve(email, kind, parts.terms.codes_a_day_per_mailbox)
            reserved = True

    return document_response(address_view(_run(call, kind, decide)))


def _verify(call: Call[Parts], kind: str) -> Answer:
    def decide(change: Change) -> None:
        change.traceparent = traces.traceparent()
        addresses.verify(change, call.parts.key, call.body["code"], call.parts.terms)

    doc = _run(call, kind, decide)
    if not addresses.is_verified(doc):
        # One answer for a wrong code, an old one, one that was tried too often, and none at all.
        fault = Fault("/code", "code", "expected the last code that was mailed to you, in time")
        raise Problem(
            "refused-by-rule", "This code is not valid. Give your address again to get another.", errors=[fault]
        )
    return document_response(address_view(doc))


def _delete(call: Call[Parts], kind: str) -> Answer:
    def decide(change: Change) -> None:
        if not change.is_new:
            addresses.remove(change)

    _run(call, kind, decide)
    return Answer(status=204)


def _run(call: Call[Parts], kind: str, decide: Callable[[Change], None]) -> Document:
    """Change the caller's document. A verified contact that goes by it is remembered first."""
    parts, remembered = call.parts, None

    def remembering(change: Change) -> None:
        nonlocal remembered
        before = dict(change.doc)
        decide(change)
        if kind == CONTACT and (goes := former.gone(before, change.doc)) not in (None, remembered):
            former.remember(parts.store, call.person, goes, parts.terms)
            remembered = goes

    try:
        return change_own(call, parts.store, _ID[kind](call.person), _LIFECYCLE[kind], remembering, addresses.is_there)
    except (addresses.TooSoon, mailboxes.Full) as refused:
        wait = refused.wait.total_seconds()
        raise Problem("too-many-requests", "No other code can be sent yet. Try later.", retry_after=wait) from None
