"""What escrow's worker asks of a payment provider, and what the provider's identifiers look like."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from threading import Event
from typing import Protocol

from services.escrow.provider.port.instructions import Absent, Instruction, Outcome
from services.escrow.provider.port.records import Records

ACCOUNT_ID = "acct_[a-z0-9_]{1,40}"
"""What an account's id looks like: a person names theirs by it, and never by the bank's number behind it."""

SOURCE_ID = "[A-Za-z0-9_]{1,64}"
"""What the id of a payment source looks like: a token of the provider's, never a card."""


class Loop(Protocol):
    """What an adapter does by itself in escrow's worker, until `stop` is set; it calls `beat` each turn."""

    def __call__(self, stop: Event, beat: Callable[[], None] = ...) -> None: ...


class Provider(Records, Protocol):
    """A payment provider. It never tries again by itself: a refused instruction needs a new one with a new id.

    **A split has several effects.** Where they are several calls to the bank, the adapter writes down durably that it
    has begun, before the first of them, and what is done after each, under the instruction's id; each call has an
    idempotency key made from that id. The effect that may be refused comes first: refused, nothing has moved and the
    outcome is `refused`. Once one effect is done there is no way back: `find` says PENDING, `carry_out` with the same
    id goes on where it stopped (None or Unavailable until all is done), the account is `in_flight` and shows what has
    moved so far, and the one outcome, `succeeded` with the whole amount, comes with the last effect.
    """

    @property
    def loops(self) -> Mapping[str, Loop]:
        """The loops that the worker is to run, by name; none where the provider needs none."""

    def max_hold(self, country: str | None = None, currency: str | None = None) -> timedelta:
        """How long money may be held for a payee in this country (ISO 3166-1 alpha-2) in this currency (ISO 4217).

        None = whichever of them has the shortest. An offer whose plan is longer must be refused.
        """

    def carry_out(self, instruction: Instruction, pay_to: str | None = None) -> Outcome | None:
        """Do it once per id, however often it is sent; None = accepted, the answer comes by webhook.

        `pay_to` is the id of the payee's account; without it the provider pays to the one it knows of them. That of
        the first try counts and is no part of the instruction: a repeat is answered by its id, whatever it says then.
        Raises Unavailable (outcome unknown) and Conflict (that id was used for something else).
        """

    def find(self, instruction_id: str) -> Outcome | Absent:
        """What became of an instruction. Raises Unavailable."""
