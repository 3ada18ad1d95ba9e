"""Escrow over HTTP: thin views. The parties fund, read and dispute it, an arbiter decides, the provider reports."""

import re
from dataclasses import replace
from typing import Any

from services.escrow import api_payout, export, schemas
from services.escrow.books import SUMS
from services.escrow.parts import Parts
from services.escrow.payments import trigger_of_notice
from services.escrow.provider.port import BadNotice, BadSignature
from services.escrow.store import FOR_STAFF, count_for_staff, escrows_for_staff, leave_notice, own_escrows
from shared.aggregate import Document
from shared.http.answer.pages import after_text, page_of, text_page
from shared.http.declare.explanation import Explanation
from shared.http.declare.operations import ANYONE, DOCUMENT, PUBLIC, Answer, Call, Operations
from shared.http.declare.operations import roles as only
from shared.http.problems import Fault, Problem, invalid
from shared.http.request.tokens import Principal

_STAFF = ("arbiter", "operator")
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_SHOWN = frozenset(schemas.Escrow().fields)

operations: Operations[Parts] = Operations("escrow", "Escrows")


def roles(doc: Document, principal: Principal) -> frozenset[str]:
    """What the caller is to this escrow; staff who are a party to it are nothing but that."""
    mine = {role for role in ("insider", "seeker") if doc.get(role) == principal.person_id}
    if mine and doc.get("dispute") and doc["dispute"]["by"] in mine:
        mine.add("opener")
    return frozenset(mine) or principal.roles.intersection(_STAFF)


def view(doc: Document, of: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The escrow as its parties and staff see it; which arbiter decided is shown to staff alone."""
    shown = {name: value for name, value in doc.items() if name in _SHOWN}
    if "decisions" in doc and not of.intersection(_STAFF):
        shown["decisions"] = [{k: v for k, v in each.items() if k != "by"} for each in doc["decisions"]]
    return shown | {
        "offer_id": doc["_id"],
        "status": doc["state"],
        **{name: doc.get(name, 0) for name in SUMS},
        "due": due(doc),
        "fund_attempts": doc.get("fund_attempts", 0),
        "created_at": doc["opened_at"],
    }


def due(doc: Document) -> list[dict[str, Any]]:
    """The tranches, each with its day where the hire is known; one whose payout is under way is `paying`."""
    paying = (doc.get("instruction") or {}).get("tranche")
    return [
        {
            "due_on": tranche["due_at"].date().isoformat() if "due_at" in tranche else None,
            "amount": tranche["amount"],
            "status": "paying" if index == paying else tranche["status"],
        }
        for index, tranche in enumerate(doc["tranches"])
    ]


@operations.get("/v1/escrows", "listEscrows", "One's own escrows, newest first", who=ANYONE, query=schemas.Search,
                answers={200: page_of(schemas.Escrow)})  # fmt: skip
def list_own(call: Call[Parts]) -> Answer:
    asked, after = call.query, after_text(call)
    escrows, limit = call.parts.escrows.store.collection, call.page.limit + 1
    found = own_escrows(escrows, call.person, asked.get("role"), asked.get("status"), after, limit)
    return text_page(call, found, "position", view)


@operations.get(
    "/v1/escrows/{offer_id}", "showEscrow", "An offer's escrow", who=DOCUMENT, answers={200: schemas.Escrow}
)
def show(call: Call[Parts]) -> Answer:
    return call.parts.escrows.show(call)


@operations.get("/v1/escrows/{offer_id}/journal", "showJournal", "Its journal: double entry, chained by hashes",
                who=DOCUMENT, answers={200: schemas.Journal})  # fmt: skip
def journal(call: Call[Parts]) -> Answer:
    doc, _ = call.parts.escrows.read(call)
    return Answer({"entries": doc.get("journal", [])})


@operations.get("/v1/escrows/{offer_id}/explain", "explainEscrow", "What may happen next, by whom, until when",
                who=DOCUMENT, answers={200: Explanation})  # fmt: skip
def explain(call: Call[Parts]) -> Answer:
    return call.parts.escrows.explain(call)


@operations.post("/v1/escrows/{offer_id}/fund", "fundEscrow", "The seeker pays into it; the provider is then asked",
                 who=DOCUMENT, body=schemas.Fund, answers={202: schemas.Escrow})  # fmt: skip
def fund(call: Call[Parts]) -> Answer:
    return call.parts.escrows.command(call, "fund", call.body, status=202)


@operations.post("/v1/escrows/{offer_id}/dispute", "disputeEscrow", "A party disputes; the money waits", who=DOCUMENT,
                 body=schemas.Dispute, answers={200: schemas.Escrow})  # fmt: skip
def dispute(call: Call[Parts]) -> Answer:
    return call.parts.escrows.command(call, "dispute", call.body)


@operations.post("/v1/escrows/{offer_id}/dispute/withdraw", "withdrawDispute", "Who opened the dispute ends it",
                 who=DOCUMENT, answers={200: schemas.Escrow})  # fmt: skip
def withdraw(call: Call[Parts]) -> Answer:
    return call.parts.escrows.command(call, "withdraw")


@operations.post("/v1/escrows/{offer_id}/dispute/resolve", "resolveDispute", "An arbiter decides it, with a reason",
                 who=DOCUMENT, body=schemas.Resolve, answers={200: schemas.Escrow})  # fmt: skip
def resolve(call: Call[Parts]) -> Answer:
    return call.parts.escrows.command(call, "resolve", call.body)


@operations.get("/v1/reconciliation", "showReconciliation", "Staff: escrows that differ, are blocked or are disputed",
                who=only(*_STAFF), query=schemas.ForStaff, answers={200: schemas.Reconciliation})  # fmt: skip
def reconciliation(call: Call[Parts]) -> Answer:
    escrows, limit = call.parts.escrows.store.collection, call.page.limit + 1
    found = escrows_for_staff(escrows, call.person, call.query.get("why"), after_text(call, _ID), limit)
    answer = text_page(call, found, "_id", looked)
    return replace(answer, body={"counts": count_for_staff(escrows), **answer.body})


def looked(doc: Document) -> dict[str, Any]:
    """The escrow as staff see it in the reconciliation."""
    why = [name for name, path in FOR_STAFF.items() if path.partition(".")[0] in doc]
    return view(doc, frozenset(_STAFF)) | {"why": why, "loss": doc.get("loss", 0), "flagged": doc.get("flagged")}


@operations.post("/v1/webhooks/provider", "providerWebhook", "The payment provider reports an outcome or a chargeback",
                 who=PUBLIC, body=schemas.Notice, answers={204: None})  # fmt: skip
def webhook(call: Call[Parts]) -> Answer:
    """Stores the notice and nothing more: the worker folds it.

    An escrow that is unknown here answers 404, not 2xx: what is not stored must not be acknowledged. The provider keeps
    such a notice and sends it again, so that one which overtook a database being restored is not lost.
    """
    parts = call.parts
    store, header = parts.escrows.store, parts.notices.header
    try:
        notice = parts.notices.read(call.header(header) or "", call.raw, store.clock.now())
        trigger = trigger_of_notice(notice)
    except BadSignature as error:
        fault = Fault.of_header(header, error.reason, "expected the provider's signature of these bytes, made just now")
        raise Problem("unauthenticated", "This is not known to come from the provider.", errors=[fault]) from None
    except BadNotice as error:
        raise invalid([Fault("", "notice", str(error))]) from None
    if not leave_notice(store, parts.escrows.lifecycle, notice.offer_id, trigger):
        raise Problem("not-found", "No escrow of that offer is known here; send it again later.", retry_after=60)
    return Answer(status=204)


operations.include(api_payout.operations)
export.declare(operations, roles, view)
