"""The history of an offer over HTTP."""

from services.matching.offer.history import history
from services.matching.offer.parts import Parts
from shared.aggregate.history import is_whole
from shared.http.answer.history import History, history_page
from shared.http.answer.html import language
from shared.http.answer.pages import PageQuery
from shared.http.declare.operations import DOCUMENT, Answer, Call, Operations

operations: Operations[Parts] = Operations("matching", "Offers")


@operations.get("/v1/offers/{id}/history", "showOfferHistory", "Show what happened to an offer, oldest first",
                who=DOCUMENT, query=PageQuery, answers={200: History})  # fmt: skip
def show(call: Call[Parts]) -> Answer:
    doc, of = call.parts.offers.read_whole(call)
    items = history(doc, of, language(call.header("Accept-Language")))
    return history_page(call, items, is_whole(doc))
