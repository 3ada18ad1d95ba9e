"""The provider's own records, read in pages: what reconciliation and `golem verify` hold against the escrows."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from services.escrow.provider.port.instructions import Instruction, Outcome

PAGE = 200
"""How many items a page has at most, where nobody asks for another limit."""

Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)


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
class Account:
    """One offer at the provider: its money, and whether the provider has still something to do or to report for it."""

    balance: Balance
    in_flight: bool

    @property
    def offer_id(self) -> str:
        return self.balance.offer_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """An instruction in the provider's records and its outcome, None while undecided."""

    instruction: Instruction
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Page(Generic[Item_co]):
    """Some of the items, and the cursor `after` which the next page begins: None = this was the last one.

    A page that is not the last may be short, even empty.
    """

    items: tuple[Item_co, ...]
    after: str | None = None


class Records(Protocol):
    """Reads what the provider knows; changes nothing. Of `offer_ids`, or of all offers where that is None.

    What is there from the first page to the last is in exactly one of the pages, whatever is added meanwhile.
    """

    def accounts(
        self, offer_ids: Collection[str] | None = None, *, after: str | None = None, limit: int = PAGE
    ) -> Page[Account]:
        """At most `limit` accounts; an offer the provider never heard of is left out. Raises Unavailable."""

    def transfers(
        self, offer_ids: Collection[str] | None = None, *, after: str | None = None, limit: int = PAGE
    ) -> Page[Transfer]:
        """At most `limit` of all instructions ever taken; those of one offer in the order they were taken.

        Raises Unavailable.
        """


class Read(Protocol[Item_co]):
    """One of the questions of `Records`."""

    def __call__(
        self, offer_ids: Collection[str] | None = None, *, after: str | None = None, limit: int = PAGE
    ) -> Page[Item_co]: ...


def every(read: Read[Item], offer_ids: Collection[str] | None = None) -> Iterator[Item]:
    """All items, page by page. Raises Unavailable, also midway."""
    after = None
    while True:
        page = read(offer_ids, after=after)
        yield from page.items
        after = page.after
        if after is None:
            return
