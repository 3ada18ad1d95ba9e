"""The provider port: what escrow may ask of a payment provider, and what may come back.

Amounts are integers in the currency's minor units; times are aware and UTC.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal, Protocol

Kind = Literal["hold", "release", "refund", "split"]
Status = Literal["succeeded", "refused"]
NoticeKind = Literal["transfer.succeeded", "transfer.refused", "chargeback.opened", "chargeback.reversed"]

MAX_AMOUNT = 10**9
_CURRENCY = re.compile(r"[A-Z]{3}")


class Unavailable(Exception):
    """The outcome is unknown (time-out, connection lost): ask `find`, then send the same id again."""


class Conflict(Exception):
    """An instruction's id was used before for something else. A programming error: nothing was moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One movement of money that escrow asks for; `id` is the idempotency key.

    hold     takes `amount` from `source` and keeps it.
    release  takes `amount` out of what is held: `fee` to the platform, the rest to `payee`.
    refund   gives `amount` of what is held back to the source.
    split    takes `amount` out of what is held: `fee` to the platform, `refund` to the source, the rest to `payee`.

    `payee` is a person_id. `hold_id` may name the hold's instruction; the provider then refuses another one.
    Raises ValueError when the fields do not fit the kind.
    """

    id: str
    kind: Kind
    offer_id: str
    amount: int
    currency: str
    source: str | None = None
    payee: str | None = None
    fee: int = 0
    refund: int = 0
    hold_id: str | None = None

    def __post_init__(self) -> None:
        problem = _problem(self)
        if problem:
            raise ValueError(f"instruction {self.id!r}: {problem}")

    @property
    def to_payee(self) -> int:
        """What the payee gets, 0 for a hold or a refund."""
        return self.amount - self.fee - self.refund if self.payee is not None else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The provider's final word on an instruction. `amount` is what moved: the instruction's, or 0 when refused."""

    instruction_id: str
    status: Status
    reason: str | None
    provider_reference: str
    amount: int
    at: datetime


class Absent(Enum):
    """Why `find` has no outcome to show."""

    UNKNOWN = "unknown"  # never heard of that id: nothing moved
    PENDING = "pending"  # accepted, not yet answered: the webhook will tell


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
    """What a webhook says. `id` is the same at each delivery; exactly one of `outcome`, `chargeback` is there."""

    id: str
    kind: NoticeKind
    offer_id: str
    at: datetime
    outcome: Outcome | None = None
    chargeback: Chargeback | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The provider's own view of one offer's money; `loss` is what chargebacks took beyond what was held.

    funded = held + paid_out + fees + refunded + charged_back, none negative.
    """

    offer_id: str
    currency: str
    funded: int = 0
    held: int = 0
    paid_out: int = 0
    fees: int = 0
    refunded: int = 0
    charged_back: int = 0
    loss: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """An instruction in the provider's memory and its outcome, None while undecided."""

    instruction: Instruction
    outcome: Outcome | None


class Provider(Protocol):
    """A payment provider. It never tries again by itself: a refused instruction needs a new one with a new id."""

    @property
    def max_hold(self) -> timedelta:
        """How long money may be held; an offer whose plan is longer must be refused."""

    def carry_out(self, instruction: Instruction, pay_to: str | None = None) -> Outcome | None:
        """Do it once per id, however often it is sent; None = accepted, the answer comes by webhook.

        `pay_to` is the token of the payee's account; without it the provider pays to the one it knows of them. That of
        the first try counts and is no part of the instruction: a repeat is answered by its id, whatever it says then.
        Raises Unavailable (outcome unknown) and Conflict (that id was used for something else).
        """

    def find(self, instruction_id: str) -> Outcome | Absent:
        """What became of an instruction. Raises Unavailable."""

    def accounts(self, offer_ids: Iterable[str] | None = None) -> Iterable[Balance]:
        """Balances of these offers, or of all; an offer the provider never heard of is left out. Raises Unavailable."""

    def transfers(self, offer_ids: Iterable[str] | None = None) -> Iterable[Transfer]:
        """Each instruction ever taken for these offers, or for all. Raises Unavailable."""


def _problem(i: Instruction) -> str | None:
    """What is wrong with an instruction's fields, if anything."""
    if not i.id or not i.offer_id:
        return "id and offer_id must not be empty"
    if any(type(number) is not int for number in (i.amount, i.fee, i.refund)):
        return "amount, fee and refund must be integers"
    if not 1 <= i.amount <= MAX_AMOUNT:
        return f"amount must be within 1..{MAX_AMOUNT}"
    if not _CURRENCY.fullmatch(i.currency):
        return "currency must be three capital letters (ISO 4217)"
    if i.kind not in ("hold", "release", "refund", "split"):
        return f"unknown kind {i.kind!r}"
    if (i.kind == "hold") != bool(i.source):
        return "source belongs to a hold, and to nothing else"
    if (i.kind in ("release", "split")) != bool(i.payee):
        return "payee belongs to a release or a split, and to nothing else"
    if i.kind == "hold" and i.hold_id is not None:
        return "a hold has no hold_id"
    if i.fee < 0 or i.refund < 0 or i.fee + i.refund > i.amount:
        return "fee and refund must not be negative, nor more than the amount"
    if (i.fee and i.kind in ("hold", "refund")) or (i.refund and i.kind != "split"):
        return "fee belongs to a release or a split, refund to a split"
    return None
