"""The adapter under test and the world around it: what a harness must offer, and a receiver of its webhooks."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from services.escrow.provider.port import Notice, Notices, Outcome, Provider
from tests.support.clock import ManualClock


@dataclass(frozen=True)
class Known:
    """Ids with which the provider behaves as a test needs it, in a test mode of its own or in a fake of it."""

    source: str  # its hold succeeds
    declined: str  # its hold is refused
    late: str  # its hold is accepted, and decided `late_after`
    late_after: timedelta
    account: str  # it can be paid to
    closed_account: str  # a payout to it is refused


@dataclass(frozen=True)
class Delivery:
    """One webhook as it came."""

    signature: str
    body: bytes
    notice: Notice


class Receiver:
    """Stands where escrow's web process stands: keeps what it was sent, and answers with one of `answers` after the
    other, then with 204; None = no answer.
    """

    def __init__(self, notices: Notices, clock: ManualClock) -> None:
        self.notices, self.clock = notices, clock
        self.deliveries: list[Delivery] = []
        self.answers: list[int | None] = []
        self.got_one = threading.Event()

    def take(self, body: bytes, signature: str) -> int | None:
        """The HTTP status of the answer. Raises BadSignature, BadNotice."""
        notice = self.notices.read(signature, body, self.clock.now())
        self.deliveries.append(Delivery(signature, body, notice))
        self.got_one.set()
        return self.answers.pop(0) if self.answers else 204

    @property
    def received(self) -> list[Notice]:
        return [delivery.notice for delivery in self.deliveries]

    @property
    def outcomes(self) -> list[Outcome]:
        return [notice.outcome for notice in self.received if notice.outcome is not None]


class Harness(Protocol):
    """Makes one adapter, with nothing in its records, for one test."""

    known: Known
    clock: ManualClock
    receiver: Receiver
    provider: Provider
    notices: Notices

    def work(self) -> None:
        """One turn of what the adapter and its provider do by themselves: decide what is due, deliver what is due."""

    def restarted(self) -> Provider:
        """The adapter as another process opens it, over the same records."""

    def break_next(self, when: Literal["before", "after"]) -> None:
        """The next step that an instruction takes at the provider breaks, before or after it was made.

        `carry_out` then raises Unavailable. Where a split has several steps, one of them breaks.
        """

    def charge_back(self, offer_id: str) -> None:
        """The seeker's bank takes the money back."""

    def reverse(self, offer_id: str) -> None:
        """The bank gives it back."""

    def sign(self, body: bytes, at: datetime, *, forged: bool = False) -> str:
        """The signature of a body sent at this time; `forged` by somebody who does not have the key."""
