"""When money of an agreement waits no longer, if nobody does anything and nothing is disputed. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from services.matching.offer.deadlines import EXPIRE, LAPSE, SILENCE
from shared.settings import Terms

ENDS_BY = ("timers", "hire", "tranches")
"""The fields of an offer, beside its state and dates, that this is read from."""


def ends_at(offer: Mapping[str, Any], terms: Terms) -> datetime | None:
    """None where it depends on people alone: a dispute, or what a bank took back."""
    if offer.get("escrow_status") in ("disputed", "charged_back"):
        return None
    timers: Mapping[str, datetime] = offer.get("timers", {})
    match offer["state"]:
        case "proposed" | "countered":
            return timers.get(EXPIRE)
        case "accepted":
            accepted_at: datetime = offer["accepted_at"]
            return accepted_at + terms.fund_within
        case "active" | "hire_claimed":
            return max((timers[name] for name in (LAPSE, SILENCE) if name in timers), default=None)
        case "hired" | "ended":
            return _last_payout(offer, terms)
        case _:
            return None


def _last_payout(offer: Mapping[str, Any], terms: Terms) -> datetime:
    hire = offer["hire"]
    confirmed_at: datetime = hire["confirmed_at"]
    not_before = confirmed_at + (terms.silence_payout_after if hire["confirmed_by"] == "silence" else timedelta())
    last = max((int(tranche["due_day"]) for tranche in offer["tranches"]), default=0)
    if not last:
        return not_before
    return max(datetime.fromisoformat(hire["start_on"]).replace(tzinfo=UTC) + timedelta(days=last), not_before)
