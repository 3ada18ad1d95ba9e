"""A page of the search on which nobody's many listings crowd out the others. Pure but for the reading it is given.

Of each insider a page shows a share at most, while others have listings for the rest of it. What is held back comes
first on the next pages, a share on each. So a page begins at several places: behind a sort key for everyone, and for
each insider who is held back behind the one of theirs that was shown last. Each is a sort key, so a listing that does
not change is on one page, whatever happens to the others.

A page of one insider's listings alone is one reading more; at most four insiders fill a page with their shares, so it
costs nine short readings at the worst, and four more at the end of the search.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.listing.orders import Order
from services.listing.search import Question
from shared.aggregate import Document
from shared.ids import PERSON_ID

FEW = 5
"""Of one insider on a page of ten to twenty. Of a larger page it is a quarter, of a smaller one half."""
MOST_HELD = 4
"""As many fill a page with their shares, so no more are held back at a time."""

Read = Callable[[Question, str | None, int], list[Document]]
"""The first so many listings that meet a question, after a sort key."""


def share_of(limit: int) -> int:
    """How many of one insider a page of `limit` shows."""
    return max(min(FEW, -(-limit // 2)), -(-limit // MOST_HELD))


@dataclass(frozen=True)
class Place:
    """Where a page begins: after the sort key `after`; for the insiders in `held` after an earlier one of theirs."""

    after: str | None = None
    held: Mapping[str, str] = field(default_factory=dict)

    def values(self) -> list[str | None]:
        """As a cursor has it."""
        return [self.after, *(value for pair in self.held.items() for value in pair)]


def place_of(values: Sequence[Any] | None, order: Order, most_held: int) -> Place:
    """Where a cursor says that the page begins. ValueError where it is none of this order."""
    if values is None:
        return Place()
    after, *pairs = values
    insiders, stops = pairs[::2], pairs[1::2]
    if not all(type(each) is str and order.form.fullmatch(each) for each in (after, *stops)):
        raise ValueError("not a sort key of this order")
    if not all(type(each) is str and PERSON_ID.fullmatch(each) for each in insiders):
        raise ValueError("not a person")
    if not len(set(insiders)) == len(insiders) == len(stops) <= most_held:
        raise ValueError("not the insiders of one page")
    if not all(order.precedes(stop, after) for stop in stops):
        raise ValueError("held back where the page has not come")
    return Place(after, dict(zip(insiders, stops, strict=True)))


def page(read: Read, question: Question, place: Place, limit: int) -> tuple[list[Document], Place | None]:
    """The listings of a page, in the question's order, and where the next one begins; None: there is none."""
    share = share_of(limit) if question.shared else limit
    found = _Found(question.order, share)
    for insider, stop in place.held.items():
        found.add(read(question.of(insider), stop, share + 1))
    reached, short = place.after, True
    while short:
        batch = read(question.without(found.crowds() | place.held.keys()), reached, limit + 1)
        found.add(batch)
        if len(batch) <= limit:
            break
        reached = batch[-1][question.order.field]
        short = len(found.fitting(reached)) < limit
    shown = found.fitting()[:limit]
    if len(shown) < limit:
        shown = found.fill(read, question, limit)
    return shown, found.following(place, shown)


class _Found:
    """What was read for a page: of each insider the first ones behind their place, without a gap."""

    def __init__(self, order: Order, share: int) -> None:
        self._order, self._share = order, share
        self._of: dict[str, list[Document]] = {}
        self._ids: set[str] = set()

    def add(self, batch: Iterable[Document]) -> None:
        """One that moved between two readings, and was read again, counts where it was first."""
        for doc in batch:
            if doc["_id"] not in self._ids:
                self._ids.add(doc["_id"])
                self._of.setdefault(doc["insider"], []).append(doc)

    def crowds(self) -> set[str]:
        """Insiders who have more than their share."""
        return {insider for insider, docs in self._of.items() if len(docs) > self._share}

    def fitting(self, reached: str | None = None) -> list[Document]:
        """In order, each insider's share; only up to the sort key `reached`."""
        some = [doc for docs in self._of.values() for doc in docs[: self._share]]
        return self._in_order(
            doc for doc in some if reached is None or not self._order.precedes(reached, self._key(doc))
        )

    def fill(self, read: Read, question: Question, limit: int) -> list[Document]:
        """A page where nobody else has any: who was held back fills it."""
        fitting = self.fitting()
        missing = limit - len(fitting)
        for insider in self.crowds():
            known = self._of[insider]
            wanted = self._share + missing + 1 - len(known)
            if wanted > 0:
                self.add(read(question.of(insider), self._key(known[-1]), wanted))
        behind = self._in_order(doc for docs in self._of.values() for doc in docs[self._share :])
        return self._in_order([*fitting, *behind[:missing]])

    def following(self, place: Place, shown: Sequence[Document]) -> Place | None:
        """Where the page after `place` begins, of which these are shown."""
        ids = {doc["_id"] for doc in shown}
        if ids == self._ids:
            return None
        last = self._key(shown[-1])
        after = place.after if place.after and self._order.precedes(last, place.after) else last
        held = {}
        for insider, docs in self._of.items():
            count = sum(doc["_id"] in ids for doc in docs)
            if count < len(docs) and self._order.precedes(self._key(docs[count]), after):
                held[insider] = self._key(docs[count - 1]) if count else place.held[insider]
        return Place(after, held)

    def _key(self, doc: Mapping[str, Any]) -> str:
        key: str = doc[self._order.field]
        return key

    def _in_order(self, docs: Iterable[Document]) -> list[Document]:
        return sorted(docs, key=self._key, reverse=self._order.down)
