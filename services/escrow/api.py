"""Escrow over HTTP: thin views. The parties fund, read and dispute it, an arbiter decides, the provider reports."""

import re
from dataclasses import replace
from datetime import timedelta

from services.escrow import api_export, api_payout, api_staff_lists, schemas
from services.escrow.history import history
from services.escrow.lifecycle import ESCROW
from services.escrow.parts import Parts
from services.escrow.payments import trigger_of_notice
from services.escrow.provider.port import BadNotice, BadSignature
from services.escrow.seekers import as_read
from services.escrow.store import count_for_staff, escrows_for_staff, leave_notice, own_escrows
from services.escrow.views import STAFF, looked, roles, view
from shared import VERSION
from shared.http.answer.commands import PlainCommands
from shared.http.answer.history import declare_history
from shared.http.answer.pages import after_text, page_of, text_page
from shared.http.declare.explanation import Explanation
from shared.http.declare.operations import ANYONE, DOCUMENT, PUBLIC, Answer, Call, Operations
from shared.http.declare.operations import roles as only
from shared.http.problems import Fault, Problem, invalid
from shared.process import status

_MAY_BE_RESTORED = timedelta(days=3)
_UNPACED = 0
"""The provider tells of hundreds of payments a second from one address; and a stranger's notice costs the hash of a
small body and no look at the database, which is about what it costs to say 429.
"""

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")

operations: Operations[Parts] = Operations("escrow", "Escrows", ESCROW.commands())


@operations.get("/v1/escrows", "listEscrows", "List your escrows, newest first", who=ANYONE, query=schemas.Search,
                answers={200: page_of(schemas.Escrow)})  # fmt: skip
def list_own(call: Call[Parts]) -> Answer:
    asked, after = call.query, after_text(call)
    store, limit = call.parts.escrows.store, call.page.limit + 1
    found = own_escrows(store, call.person, asked.get("role"), asked.get("status"), after, limit)
    return text_page(call, found, "position", lambda doc: view(doc, roles(doc, call.principal)))


@operations.get(
    "/v1/escrows/{offer_id}", "showEscrow", "Show the escrow of an offer", who=DOCUMENT, answers={200: schemas.Escrow}
)
def show(call: Call[Parts]) -> Answer:
    return call.parts.escrows.show(call)


@operations.get(
    "/v1/escrows/{offer_id}/journal", "showJournal", "Show the escrow's journal: double entry, chained by hashes",
    who=DOCUMENT, answers={200: schemas.Journal},
)  # fmt: skip
def journal(call: Call[Parts]) -> Answer:
    doc, of = call.parts.escrows.read(call)
    return Answer({"entries": as_read(doc, of).get("journal", [])})


declare_history(
    operations, "/v1/escrows/{offer_id}/history", "showEscrowHistory", "Show what happened to an escrow, oldest first",
    lambda parts: parts.escrows, history,
)  # fmt: skip


@operations.get("/v1/escrows/{offer_id}/explain", "explainEscrow", "Show what may happen next, by whom and until when",
                who=DOCUMENT, answers={200: Explanation})  # fmt: skip
def explain(call: Call[Parts]) -> Answer:
    return call.parts.escrows.explain(call)


_command = PlainCommands(operations, "/v1/escrows/{offer_id}", lambda parts: parts.escrows, schemas.Escrow)
_command("fundEscrow", "Fund the escrow: the seeker's payment is taken and held", "fund", schemas.Fund, status=202)
_command(
    "postponeStart", "Insider: propose a later first day of work; payouts not yet due follow it", "postpone",
    schemas.Postpone,
)  # fmt: skip
_command(
    "answerPostponement", "Seeker: agree to the later first day, or decline", "answer_postponement",
    schemas.PostponeAnswer, at="postpone/answer",
)  # fmt: skip
_command("disputeEscrow", "Open a dispute; the money stays in escrow meanwhile", "dispute", schemas.Dispute)
_command("withdrawDispute", "Withdraw your dispute", "withdraw", at="dispute/withdraw")
_command("resolveDispute", "Arbiter: decide a dispute, with a reason", "resolve", schemas.Resolve, at="dispute/resolve")


@operations.post(
    "/v1/escrows/{offer_id}/loss", "decideLoss", "Staff: decide whose a loss by chargeback is, with a reason",
    who=DOCUMENT, body=schemas.DecideLoss, command="decide_loss", answers={200: schemas.Looked},
)  # fmt: skip
def decide_loss(call: Call[Parts]) -> Answer:
    return replace(call.parts.escrows, view=lambda doc, of: looked(doc)).command(call, call.body)


@operations.get(
    "/v1/reconciliation", "showReconciliation",
    "Staff: list escrows that differ from the provider's books, are blocked or disputed, or have an open loss",
    who=only(*STAFF),
    query=schemas.ForStaff, answers={200: schemas.Reconciliation},
)  # fmt: skip
def reconciliation(call: Call[Parts]) -> Answer:
    escrows, limit = call.parts.escrows.store.collection, call.page.limit + 1
    found = escrows_for_staff(escrows, call.person, call.query.get("why"), after_text(call, _ID), limit)
    answer = text_page(call, found, "_id", looked)
    return replace(answer, body={"counts": count_for_staff(escrows), **answer.body})


@operations.post("/v1/webhooks/provider", "providerWebhook", "Payment provider's webhook: an outcome or a chargeback",
                 who=PUBLIC, body=schemas.Notice, headers=schemas.Signed, answers={204: None},
                 refuses=("unauthenticated",), signed=True, pace=_UNPACED)  # fmt: skip
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
        fault = Fault.of_header(
            header, error.reason.replace("_", "-"), "expected the provider's signature of these bytes, made just now"
        )
        raise Problem("unauthenticated", "This is not known to come from the provider.", errors=[fault]) from None
    except BadNotice as error:
        raise invalid([Fault("", "notice", str(error))]) from None
    if not leave_notice(store, parts.escrows.lifecycle, notice.offer_id, trigger):
        age = store.clock.now() - notice.at
        again, words = (60, "send it again later") if age < _MAY_BE_RESTORED else (None, "it will not come any more")
        raise Problem("not-found", f"No escrow of that offer is known here; {words}.", retry_after=again)
    return Answer(status=204)


operations.include(api_staff_lists.operations, api_payout.operations, api_export.operations)
operations.include_slice(lambda parts: parts.escrows.store, status.of("escrow", VERSION))
