"""The provider's webhook: its body, its signature (Stripe's form) and its delivery.

Header `Provider-Signature: t=<unix seconds>,v1=<hex>`, where v1 is HMAC-SHA256(secret, "<t>.<body>"); while a secret is
being changed there may be several v1, of which one must fit.
"""

import hmac
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, get_args
from urllib.parse import urlsplit

from services.escrow.provider.port import (
    BadNotice,
    BadSignature,
    Chargeback,
    Notice,
    NoticeKind,
    Outcome,
    Status,
)
from shared import outgoing, signed_json
from shared.clock import in_reach
from shared.outgoing import NoAnswer as NoAnswer

HEADER = "Provider-Signature"
POST_TIMEOUT_S = 5.0

Post = Callable[[bytes, str], int]  # (body, signature header) → HTTP status; raises outgoing.NoAnswer


@dataclass(frozen=True)
class SignedNotices:
    """`port.Notices` of the sandbox: signed with `secret`, at most `tolerance` ago."""

    secret: str = field(repr=False)
    tolerance: timedelta
    header: str = HEADER

    def read(self, signature: str, body: bytes, now: datetime) -> Notice:
        """See `port.Notices.read`."""
        verify(self.secret, signature, body, now, self.tolerance)
        return parse(body)


def sign(secret: str, body: bytes, at: datetime) -> str:
    """The header's value for a body sent at this time."""
    stamp = str(int(at.timestamp()))
    return f"t={stamp},v1={_mac(secret, stamp, body)}"


def verify(secret: str, header: str, body: bytes, now: datetime, tolerance: timedelta) -> None:
    """Raises BadSignature unless the header fits the raw body and was made within `tolerance` of `now`, either way."""
    stamp, signatures = _read(header)
    expected = _mac(secret, stamp, body).encode()
    if not any(hmac.compare_digest(expected, given.encode(errors="replace")) for given in signatures):
        raise BadSignature("mismatch")
    if abs(now.timestamp() - int(stamp)) > tolerance.total_seconds():
        raise BadSignature("outside_tolerance")


def encode(notice: Notice) -> bytes:
    """The body of a webhook: JSON, times in RFC 3339."""
    document: dict[str, Any] = {
        "id": notice.id,
        "kind": notice.kind,
        "offer_id": notice.offer_id,
        "at": _rfc3339(notice.at),
    }
    if notice.outcome is not None:
        document["outcome"] = asdict(notice.outcome) | {"at": _rfc3339(notice.outcome.at)}
    if notice.chargeback is not None:
        document["chargeback"] = asdict(notice.chargeback)
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def parse(body: bytes) -> Notice:
    """Reads a verified body; fields it does not know are passed over. Raises BadNotice."""
    try:
        document = signed_json.read(body)
    except ValueError as error:
        raise BadNotice("not JSON") from error
    kind = _field(document, "kind", str)
    if kind not in get_args(NoticeKind):
        raise BadNotice("kind: unknown")
    is_transfer = kind.startswith("transfer.")
    return Notice(
        id=_field(document, "id", str),
        kind=kind,
        offer_id=_field(document, "offer_id", str),
        at=_time(document),
        outcome=_outcome(_field(document, "outcome", dict), kind) if is_transfer else None,
        chargeback=None if is_transfer else _chargeback(_field(document, "chargeback", dict)),
    )


def http_post(url: str, timeout: float = POST_TIMEOUT_S) -> Post:
    """A function that POSTs a signed body there, within `timeout` seconds in all; it follows no redirect. Raises
    ValueError for other than http(s).
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None or parts.port == 0:
        raise ValueError("the webhook's address must be http(s)://host[:port]/path, without a user")

    def post(body: bytes, signature: str) -> int:
        headers = {"Content-Type": "application/json", HEADER: signature}
        return outgoing.post(url, body, seconds=timeout, headers=headers)

    return post


def _mac(secret: str, stamp: str, body: bytes) -> str:
    return hmac.digest(secret.encode(), f"{stamp}.".encode() + body, "sha256").hex()


def _read(header: str) -> tuple[str, list[str]]:
    """The time stamp and the v1 signatures; other schemes are passed over."""
    pairs = [part.strip().partition("=") for part in header[:2000].split(",")]
    stamps = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == "v1"]
    if len(stamps) != 1 or not signatures or not (stamps[0].isascii() and stamps[0].isdigit() and len(stamps[0]) <= 12):
        raise BadSignature("malformed")
    return stamps[0], signatures


def _outcome(data: dict[str, Any], kind: str) -> Outcome:
    status = _field(data, "status", str)
    if status not in get_args(Status) or kind != f"transfer.{status}":
        raise BadNotice("outcome.status: does not fit the kind")
    return Outcome(
        instruction_id=_field(data, "instruction_id", str),
        status="succeeded" if status == "succeeded" else "refused",
        reason=None if data.get("reason") is None else _field(data, "reason", str),
        provider_reference=_field(data, "provider_reference", str),
        amount=_field(data, "amount", int),
        at=_time(data),
    )


def _chargeback(data: dict[str, Any]) -> Chargeback:
    return Chargeback(
        id=_field(data, "id", str),
        amount=_field(data, "amount", int),
        from_held=_field(data, "from_held", int),
        currency=_field(data, "currency", str),
    )


def _field(data: object, name: str, kind: type) -> Any:
    """One field of exactly that JSON type. Raises BadNotice."""
    value = data.get(name) if isinstance(data, dict) else None
    if type(value) is not kind:
        raise BadNotice(f"{name}: must be {kind.__name__}")
    if not signed_json.can_be_stored(value):
        raise BadNotice(f"{name}: cannot be stored")
    return value


def _time(data: object) -> datetime:
    try:
        at = datetime.fromisoformat(_field(data, "at", str))
    except ValueError as error:
        raise BadNotice("at: must be RFC 3339") from error
    if at.tzinfo is None:
        raise BadNotice("at: must carry an offset")
    try:
        return in_reach(at)
    except ValueError as error:
        raise BadNotice(f"at: {error}") from error


def _rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
