"""Notices: what the provider reports by webhook, and how the web process tells them from a forgery."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from services.escrow.provider.port.instructions import Outcome

NoticeKind = Literal["transfer.succeeded", "transfer.refused", "chargeback.opened", "chargeback.reversed"]


class BadSignature(Exception):
    """The webhook is not to be believed; `reason` is malformed, outside_tolerance or mismatch."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadNotice(ValueError):
    """A body that is no notice of this provider; the message names the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chargeback:
    """The seeker's bank took `amount` back: `from_held` of it was still held, the rest is the platform's `loss`."""

    id: str
    amount: int
    from_held: int
    currency: str

    @property
    def loss(self) -> int:
        return self.amount - self.from_held


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a webhook reports. `id` is the same at each delivery; exactly one of `outcome`, `chargeback` is there."""

    id: str
    kind: NoticeKind
    offer_id: str
    at: datetime
    outcome: Outcome | None = None
    chargeback: Chargeback | None = None


class Notices(Protocol):
    """All that the web process has of a provider: it reads webhooks, and can move nothing.

    Notices come at least once each, late and in no order; the escrow takes each outcome and each turn of a chargeback
    once.
    """

    @property
    def header(self) -> str:
        """The name of the HTTP header that carries the signature."""

    def read(self, signature: str, body: bytes, now: datetime) -> Notice:
        """The notice in a webhook's raw body; `signature` is the header's value, "" where it is missing.

        Raises BadSignature unless the provider signed exactly these bytes just before `now`, and BadNotice where they
        are no notice. Nothing of a body is read before its signature has been verified.
        """
