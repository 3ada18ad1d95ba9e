"""Greenhouse's webhook, as its documentation has it: the signature, and the little that is read of the body. Pure.

Header `Signature: sha256 <hex>`: HMAC-SHA256 under the webhook's secret over the body's bytes as they came. The body is
{action, payload}; a hire is `hire_candidate` (the event is called candidate_hired, which is taken as well) and has
payload.application.id and payload.application.offer.starts_at, YYYY-MM-DD. Where payload.application.last_activity_at
is there, it says which of two reports is the later. Whatever else it says of the candidate is left unread.

The header `Greenhouse-Event-ID` is not read: it is new with each delivery, and no signature covers it.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shared import signed_json
from shared.clock import in_reach, parse_time, to_milliseconds

HEADER = "Signature"
HIRED = ("hire_candidate", "candidate_hired")
TAKEN_BACK = ("unhire_candidate", "candidate_unhired")
MOST_BYTES = 1_000_000
"""A report says all that the employer knows of a candidate; the gateway takes no more."""
REFERENCE = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""An application's id, as a seeker gives it too."""

_SIGNATURE = re.compile(r"sha256 ([0-9a-f]{64})")


class Unreadable(ValueError):
    """A body that is not what Greenhouse sends; the message names the field."""


@dataclass(frozen=True)
class HireReport:
    """What became of an application: it was hired (and starts then, where that is known), or that is taken back; as of
    `at`, where that is known.
    """

    application: str
    hired: bool
    start_on: str | None = None
    at: datetime | None = None


def is_signed(secret: str, header: str | None, body: bytes) -> bool:
    """Whether the header is this secret's signature of the bytes; takes the same time however much of it is right."""
    found = _SIGNATURE.fullmatch((header or "")[:200].strip())
    expected = hmac.digest(secret.encode(), body, "sha256").hex()
    return hmac.compare_digest(expected, found[1] if found else "")


def parse(raw: bytes) -> HireReport | None:
    """`read` of bytes whose signature was checked. Raises Unreadable."""
    try:
        return read(signed_json.read(raw))
    except Unreadable:
        raise
    except ValueError as error:
        raise Unreadable(f"the body: {error}") from error


def read(body: Mapping[str, Any]) -> HireReport | None:
    """What the body tells of a hire; None for what is about something else (its ping, other events).

    Raises Unreadable.
    """
    action = body.get("action")
    if action not in (*HIRED, *TAKEN_BACK):
        return None
    application = _object(_object(body, "payload"), "application")
    number = application.get("id")
    if type(number) not in (int, str) or not re.fullmatch(REFERENCE, str(number)):
        raise Unreadable("payload.application.id: expected an id")
    offer = application.get("offer") or {}
    starts = offer.get("starts_at") if isinstance(offer, Mapping) else None
    return HireReport(str(number), action in HIRED, _day(starts), _moment(application.get("last_activity_at")))


def _object(within: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = within.get(name)
    if not isinstance(found, Mapping):
        raise Unreadable(f"{name}: expected an object")
    return found


def _day(value: Any) -> str | None:
    """A day, also as the beginning of a time; None for what is none."""
    try:
        return date.fromisoformat(value[:10]).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None


def _moment(value: Any) -> datetime | None:
    """A time; None for what is none."""
    try:
        return to_milliseconds(in_reach(parse_time(value))) if isinstance(value, str) else None
    except ValueError:
        return None
