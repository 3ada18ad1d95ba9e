"""What escrow holds of a person, for themselves."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from services.escrow.parts import Parts
from services.escrow.payouts import is_there, payout_id
from services.escrow.schemas import EscrowShare
from services.escrow.seekers import as_read
from services.escrow.store import own_escrows
from services.escrow.views import payout_view, roles, view
from shared.aggregate import Document
from shared.http.answer.pages import PageQuery, after_text, text_page
from shared.http.declare.operations import ANYONE, Answer, Call, Operations

operations: Operations[Parts] = Operations("escrow", "Escrows")


@operations.get("/v1/me/export/escrow", "exportEscrow", "Export your escrows and your payout account",
                who=ANYONE, query=PageQuery, answers={200: EscrowShare})  # fmt: skip
def export(call: Call[Parts]) -> Answer:
    store = call.parts.escrows.store
    after = after_text(call)
    found = own_escrows(store, call.person, None, None, after, call.page.limit + 1)
    journals = {doc["_id"]: doc.get("journal", []) for doc in store.load(each["_id"] for each in found).values()}

    def whole(doc: dict[str, Any]) -> dict[str, Any]:
        of = roles(doc, call.principal)
        return view(doc, of) | {"journal": as_read(doc | {"journal": journals[doc["_id"]]}, of)["journal"]}

    answer = text_page(call, found, "position", whole)
    rest = {} if after else {"payout": _payout(store.get(payout_id(call.person)), store.clock.now())}
    return replace(answer, body={"person_id": call.person, **rest, **answer.body})


def _payout(doc: Document | None, now: datetime) -> dict[str, Any] | None:
    return payout_view(doc, now) if doc is not None and is_there(doc) else None
