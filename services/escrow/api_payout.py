"""A person's payout account over HTTP. Nobody else sees it."""

from collections.abc import Callable

from services.escrow import payouts
from services.escrow.parts import Parts
from services.escrow.payouts import KIND, payout_id
from services.escrow.schemas import NewPayout, Payout
from services.escrow.views import payout_view
from shared.aggregate import Change, Document
from shared.http.answer.documents import document_response
from shared.http.answer.own import change_own
from shared.http.declare.operations import ANYONE, Answer, Call, Operations
from shared.http.problems import Problem

PATH = "/v1/me/payout"
operations: Operations[Parts] = Operations("escrow", "Your payouts")


@operations.get(PATH, "getPayout", "Show your payout account", who=ANYONE, answers={200: Payout},
                refuses=("not-found",))  # fmt: skip
def show(call: Call[Parts]) -> Answer:
    doc = call.parts.escrows.store.get(payout_id(call.person))
    if doc is None or not payouts.is_there(doc):
        raise Problem("not-found", "You have named no account here.")
    return _shown(call, doc)


@operations.put(PATH, "putPayout", "Set your payout account", who=ANYONE, body=NewPayout, match=True,
                answers={200: Payout})  # fmt: skip
def put(call: Call[Parts]) -> Answer:
    """One that replaces another serves after a while; a payout that was refused is tried again daily."""
    after = call.parts.settings.terms.payout_account_after
    return _shown(call, _change(call, lambda change: payouts.put(change, call.person, call.body["account"], after)))


@operations.delete(PATH, "deletePayout", "Delete your payout account", who=ANYONE, match=True, answers={204: None})
def delete(call: Call[Parts]) -> Answer:
    _change(call, lambda change: payouts.remove(change) if not change.is_new else None)
    return Answer(status=204)


def _shown(call: Call[Parts], doc: Document) -> Answer:
    return document_response(payout_view(doc, call.parts.escrows.store.clock.now()))


def _change(call: Call[Parts], decide: Callable[[Change], None]) -> Document:
    return change_own(call, call.parts.escrows.store, payout_id(call.person), KIND, decide, payouts.is_there)
