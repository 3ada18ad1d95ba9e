"""The sandbox's payment sources and payout accounts: what each makes the provider do.

docs/provider.md explains them; a test compares.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Step = Literal["decide", "charge_back", "reverse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How a hold from this source, and what follows for its offer, behaves. The default: everything succeeds."""

    hold_refused: str | None = None  # reason
    answer_lost: bool = False  # the hold succeeds, the first answer never arrives
    late: bool = False  # decided after a delay, reported by webhook alone
    releases_refused: int = 0  # how many releases or splits of the offer are refused before one succeeds
    refunds_refused: int = 0  # likewise for refunds
    then: tuple[Step, ...] = ()  # what follows a successful hold, a delay apart
    after: timedelta = timedelta()  # how much later than a delay after the hold that begins


SOURCES: dict[str, Source] = {
    "tok_visa": Source(),
    "tok_declined": Source(hold_refused="card_declined"),
    "tok_timeout": Source(answer_lost=True),
    "tok_late": Source(late=True),
    "tok_transfer_refused": Source(releases_refused=2),
    "tok_refund_refused": Source(refunds_refused=2),
    "tok_chargeback": Source(then=("charge_back",)),
    "tok_chargeback_late": Source(then=("charge_back",), after=timedelta(weeks=6)),
    "tok_chargeback_reversed": Source(then=("charge_back", "reverse")),
}

UNKNOWN = Source(hold_refused="unknown_source")


def source_of(token: str | None) -> Source:
    """The behaviour behind a token; one that nobody knows refuses the hold. None is an offer that was never held."""
    return Source() if token is None else SOURCES.get(token, UNKNOWN)


ACCOUNTS: dict[str, str | None] = {"acct_test": None, "acct_closed": "account_closed"}
"""Why a payout to the account behind a token is refused; None where it succeeds."""


def payout_refused(token: str | None) -> str | None:
    """An account that nobody knows works as well; so does None, as the sandbox gives everyone one."""
    return None if token is None else ACCOUNTS.get(token)
