"""One's account over HTTP: how many requests are left, how much may still be agreed to, what is reserved."""

from services.matching.parts import Parts
from shared import fields
from shared.fields import Body, MoneySchema
from shared.http.declare.operations import ANYONE, Answer, Call, Operations

CURRENCY = "EUR"
"""Prices above 0 are in this currency only, so this is what the cap is in."""

operations: Operations[Parts] = Operations("matching", "One's account")


class Requests(Body):
    """Offers that one may make in any seven days. `next_at`: when one is free again; null while one is."""

    a_week = fields.Integer()
    used = fields.Integer()
    left = fields.Integer()
    next_at = fields.Instant(allow_none=True)


class Exposure(Body):
    """What one may have agreed to pay at once, in all offers together."""

    cap = fields.Part(MoneySchema)
    used = fields.Part(MoneySchema)
    left = fields.Part(MoneySchema)


class Reservation(Body):
    """A live offer of one's own; `amount` is 0 until it is accepted."""

    offer_id = fields.Uuid()
    listing_id = fields.Uuid()
    at = fields.Instant()
    amount = fields.Part(MoneySchema)


class Account(Body):
    requests = fields.Part(Requests)
    exposure = fields.Part(Exposure)
    reservations = fields.Several(fields.Part(Reservation))


@operations.get("/v1/account", "showAccount", "What one may still ask for, and agree to", who=ANYONE,
                answers={200: Account})  # fmt: skip
def show(call: Call[Parts]) -> Answer:
    standing = call.parts.accounts.standing(call.person)
    left = max(0, standing.exposure_cap - standing.exposure_used)
    used = standing.requests_used
    return Answer({
        "requests": {
            "a_week": standing.requests_a_week,
            "used": used,
            "left": max(0, standing.requests_a_week - used),
            "next_at": standing.next_at,
        },
        "exposure": {
            "cap": _money(standing.exposure_cap), "used": _money(standing.exposure_used), "left": _money(left),
        },
        "reservations": [
            {"offer_id": offer_id, **each, "amount": _money(each["amount"])}
            for offer_id, each in sorted(standing.reserved.items(), key=lambda kept: (kept[1]["at"], kept[0]))
        ],
    })  # fmt: skip


def _money(amount: int) -> dict[str, object]:
    return {"amount": amount, "currency": CURRENCY}
