"""Asking an employer by mail whether a hire happened, over HTTP."""

from typing import Any

from services.notify import employer_links, mailboxes
from services.notify.employer_links import EMPLOYER_LINK, link_key
from services.notify.parts import Parts
from services.notify.schemas import EmployerLink, NewEmployerLink
from services.notify.store import offer_key
from services.notify.views import employer_link_view
from shared.aggregate import Change, Document, Refusal
from shared.http.answer.commands import problem_of_refusal
from shared.http.answer.documents import document_response
from shared.http.answer.html import language
from shared.http.declare.operations import ANYONE, DOCUMENT, Answer, Call, Operations
from shared.http.problems import Fault, Problem

operations: Operations[Parts] = Operations("notify", "Employers")


@operations.post(
    "/v1/employer-links", "askEmployer", "Ask the employer by e-mail to confirm the hire",
    who=ANYONE, body=NewEmployerLink, answers={202: EmployerLink},
)  # fmt: skip
def ask(call: Call[Parts]) -> Answer:
    parts, body = call.parts, call.body
    offer, role = _offer(call, body["offer_id"])
    asked = {"language": language(call.header("Accept-Language")), **body}
    mark, link_id, reserved = employer_links.mark_of(parts.key, call.fingerprint), call.command_id, False

    def decide(changes: dict[str, Change]) -> tuple[Document, bool]:
        nonlocal reserved
        (change,) = changes.values()
        if employer_links.is_repeat(change, link_id, mark):
            return change.document(), True
        employer = employer_links.check(parts.store, parts.key, offer, role, asked)
        employer_links.ask(change, link_id, mark, body["offer_id"], employer, asked, parts.terms)
        if not reserved:
            most = parts.terms.employer_links_a_week_per_mailbox
            parts.mailboxes.reserve(asked["address"], mailboxes.LINKS, most)
            reserved = True
        return change.document(), False

    try:
        return _answer(*parts.store.run({link_key(body["offer_id"]): EMPLOYER_LINK}, decide), status=202)
    except employer_links.TooMany as refused:
        words = f"An employer is asked {parts.terms.employer_links_a_week} times a week at most."
        raise Problem("too-many-requests", words, retry_after=refused.wait.total_seconds()) from None
    except mailboxes.Full as refused:
        words = "As many asked at this address this week as may ask there."
        raise Problem("too-many-requests", words, retry_after=refused.wait.total_seconds()) from None
    except employer_links.KeyReused:
        fault = Fault.of_header("Idempotency-Key", "reused", "use a new key for another request")
        raise Problem("key-reused", "The same key came with another body before.", errors=[fault]) from None
    except Refusal as refusal:
        raise problem_of_refusal(refusal) from refusal


@operations.get(
    "/v1/employer-links/{offer_id}", "showEmployerLink", "Show the status of the last e-mail to the employer",
    who=DOCUMENT, answers={200: EmployerLink},
)  # fmt: skip
def show(call: Call[Parts]) -> Answer:
    _offer(call, call.id)
    found = call.parts.store.get(link_key(call.id))
    if found is None:
        raise Problem("not-found", "No employer was asked about this offer.")
    return _answer(found)


# -- inside


def _offer(call: Call[Parts], offer_id: str) -> tuple[Document, str]:
    """The copy of an offer, and what the caller is to it. Raises Problem 404."""
    offer: dict[str, Any] = call.parts.store.get(offer_key(offer_id)) or {}
    for role in ("seeker", "insider"):
        if offer.get(role) == call.person:
            return offer, role
    detail = "There is nothing of that id, or it is not yours to see (yet)."
    wait = call.parts.patience.seconds(call.person, offer_id)
    raise Problem("not-found", detail, retry_after=wait)


def _answer(doc: Document, replayed: bool = False, status: int = 200) -> Answer:
    return document_response(employer_link_view(doc), status, replayed=replayed)
