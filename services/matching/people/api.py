"""Being forgotten, over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.matching.people.parts import Parts
from services.matching.people.people import MoneyOpen, TooOften
from services.matching.people.schemas import Leaving
from shared.clock import format_time
from shared.http.declare.operations import ANYONE, Answer, Call, Operations
from shared.http.problems import Fault, Problem

operations: Operations[Parts] = Operations("matching", "People")


@operations.delete("/v1/me", "eraseMe", "Forget me; refused while money of an agreement is still in escrow", who=ANYONE,
                   answers={202: Leaving})  # fmt: skip
def erase(call: Call[Parts]) -> Answer:
    try:
        asked_at = call.parts.people.leave(call.person)
    except MoneyOpen as refusal:
        faults = [Fault("", refusal.rule, f"offer {offer_id}") for offer_id in refusal.offers]
        raise Problem("conflict", refusal.detail, errors=faults, members=_open(refusal.offers)) from refusal
    except TooOften as refused:
        detail = "You were forgotten several times today. Ask again later."
        raise Problem("too-many-requests", detail, retry_after=refused.wait.total_seconds()) from None
    return Answer({"person_id": call.person, "asked_at": asked_at}, 202)


def _open(offers: Mapping[str, datetime | None]) -> dict[str, Any]:
    """The offers, and from when nothing is in the way if all ends by itself: null where that depends on people."""
    times = [at for at in offers.values() if at is not None]
    latest = max(times) if len(times) == len(offers) else None
    return {
        "offers": [
            {"offer_id": offer_id, "href": f"/v1/offers/{offer_id}", "ends_at": format_time(at) if at else None}
            for offer_id, at in offers.items()
        ],
        "possible_from": format_time(latest) if latest else None,
    }
