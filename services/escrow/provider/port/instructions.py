"""Instructions: the movements of money that escrow asks for, and what may come back."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal

from shared.money import MAX_AMOUNT

Kind = Literal["hold", "release", "refund", "split", "repay"]
PAYOUTS = ("release", "split", "repay")
"""The kinds by which money goes to a payee."""

Status = Literal["succeeded", "refused"]

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
    repay    gives `amount` of the fees that the platform took of this offer to `payee`.

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
    """The provider's final word on an instruction. `amount` is what moved: the instruction's, or 0 when refused.

    `reason` is a code, None where it succeeded. Every adapter says `insufficient_funds`, `already_held`,
    `wrong_currency`, `unknown_hold`, `charged_back` and `account_closed` for these; other codes are its own.
    """

    instruction_id: str
    status: Status
    reason: str | None
    provider_reference: str
    amount: int
    at: datetime


class Absent(Enum):
    """Why `find` has no outcome to show."""

    UNKNOWN = "unknown"  # never heard of that id: nothing moved
    PENDING = "pending"  # accepted, not yet decided, or not yet reported: a notice will come


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
    if i.kind not in ("hold", "release", "refund", "split", "repay"):
        return f"unknown kind {i.kind!r}"
    if (i.kind == "hold") != bool(i.source):
        return "source belongs to a hold, and to nothing else"
    if (i.kind in PAYOUTS) != bool(i.payee):
        return "payee belongs to a release, a split or a repay, and to nothing else"
    if i.kind == "hold" and i.hold_id is not None:
        return "a hold has no hold_id"
    if i.fee < 0 or i.refund < 0 or i.fee + i.refund > i.amount:
        return "fee and refund must not be negative, nor more than the amount"
    if (i.fee and i.kind not in ("release", "split")) or (i.refund and i.kind != "split"):
        return "fee belongs to a release or a split, refund to a split"
    return None
