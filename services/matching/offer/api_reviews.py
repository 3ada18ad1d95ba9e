"""Reviews over HTTP: each of the two writes one after a hire, and reads the other's when it is shown."""

from dataclasses import replace
from typing import Any

from services.matching.offer import reviews
from services.matching.offer.lifecycle import PARTIES
from services.matching.offer.texts import LONGEST
from services.matching.parts import Parts
from shared import fields
from shared.aggregate import Document
from shared.fields import Body
from shared.http.answer.commands import Resource
from shared.http.declare.operations import DOCUMENT, Answer, Call, Operations

operations: Operations[Parts] = Operations("matching", "Reviews")


class NewReview(Body):
    """What one says of the other: `stars` 1 (bad) to 5 (good), and whether one would do it again with them."""

    stars = fields.Integer(1, 5, required=True)
    would_again = fields.Flag()
    text = fields.Text(1, LONGEST, lines=True)


class RemoveText(Body):
    """Whose text a moderator takes away, and why."""

    of = fields.Choice(*PARTIES, required=True)
    reason = fields.Text(1, 1000, lines=True, required=True)


class Removed(Body):
    at = fields.Instant()
    reason = fields.Text(1, 1000)


class Review(NewReview):
    """A review; `removed` is there where a moderator took its text away."""

    at = fields.Instant()
    removed = fields.Part(Removed)


class Reviews(Body):
    """Both reviews of an offer, by who wrote them; null where there is none, or it is not shown yet.

    `given` says whose are in. They are shown from `shown_from` on (null while there is none). `until` is how long one
    may still write one's own; null where one may not.
    """

    offer_id = fields.Uuid()
    given = fields.Several(fields.Choice(*PARTIES))
    insider = fields.Part(Review, allow_none=True)
    seeker = fields.Part(Review, allow_none=True)
    shown_from = fields.Instant(allow_none=True)
    until = fields.Instant(allow_none=True)


@operations.get("/v1/offers/{id}/reviews", "showReviews", "What the two say of each other", who=DOCUMENT,
                answers={200: Reviews})  # fmt: skip
def show(call: Call[Parts]) -> Answer:
    return _resource(call).show(call)


@operations.post("/v1/offers/{id}/reviews", "reviewOffer", "Review the other, after a hire", who=DOCUMENT,
                 body=NewReview, answers={200: Reviews})  # fmt: skip
def write(call: Call[Parts]) -> Answer:
    return _resource(call).command(call, "review", call.body)


@operations.post("/v1/offers/{id}/reviews/remove-text", "removeReviewText", "A moderator removes a review's text",
                 who=DOCUMENT, body=RemoveText, answers={200: Reviews})  # fmt: skip
def remove_text(call: Call[Parts]) -> Answer:
    return _resource(call).command(call, "remove_review_text", call.body)


def _resource(call: Call[Parts]) -> Resource:
    """The offers, of which only the reviews are seen."""
    offers = call.parts.offers
    terms, now = offers.lifecycle.terms, offers.store.clock.now()

    def view(doc: Document, of: frozenset[str]) -> dict[str, Any]:
        writer = next((role for role in PARTIES if role in of), "")
        until = reviews.open_until(doc, writer, terms) if writer else None
        return {
            **dict.fromkeys(PARTIES),
            **reviews.seen_by(doc, of, terms, now),
            "offer_id": doc["_id"],
            "given": [role for role in PARTIES if role in doc.get("reviews", {})],
            "shown_from": reviews.shown_from(doc, terms),
            "until": until if until and now < until else None,
        }

    return replace(offers, view=view)
