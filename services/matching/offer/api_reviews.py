"""Reviews over HTTP: each of the two writes one after a hire, and reads the other's when it is shown."""

from dataclasses import replace

from services.matching.offer.lifecycle import OFFER
from services.matching.offer.parts import Parts
from services.matching.offer.schemas import NewReview, RemoveText, Reviews
from services.matching.offer.views import reviews_view
from shared.http.answer.commands import Resource
from shared.http.declare.operations import DOCUMENT, Answer, Call, Operations

operations: Operations[Parts] = Operations("matching", "Reviews", OFFER.commands())


@operations.get("/v1/offers/{id}/reviews", "showReviews", "Show the reviews of both parties", who=DOCUMENT,
                answers={200: Reviews})  # fmt: skip
def show(call: Call[Parts]) -> Answer:
    return _resource(call).show(call)


@operations.post("/v1/offers/{id}/reviews", "reviewOffer", "Review the other party after a hire", who=DOCUMENT,
                 body=NewReview, command="review", answers={200: Reviews})  # fmt: skip
def write(call: Call[Parts]) -> Answer:
    return _resource(call).command(call, call.body)


@operations.post("/v1/offers/{id}/reviews/remove-text", "removeReviewText", "Moderator: remove a review's text",
                 who=DOCUMENT, body=RemoveText, command="remove_review_text", answers={200: Reviews})  # fmt: skip
def remove_text(call: Call[Parts]) -> Answer:
    return _resource(call).command(call, call.body)


def _resource(call: Call[Parts]) -> Resource:
    """The offers, of which only the reviews are seen."""
    offers = call.parts.offers
    terms, now = offers.lifecycle.terms, offers.store.clock.now()
    return replace(offers, view=lambda doc, of: reviews_view(doc, of, terms, now))
