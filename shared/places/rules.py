"""The rules by place, as values: what a place decides for a kind of help, whose consent it asks, the caps. Pure.

The most exact place decides: the subdivision, else its country, else what holds anywhere (`*`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from shared.money import share
from shared.places.names import place_of

ANYWHERE = "*"
DECISIONS = ("paid", "free_only", "licensed")
ACKNOWLEDGED = ("no_confidential_matter",)
"""What an insider may be asked to acknowledge."""

ASKED = ("foreign_national",)
"""What a seeker may be asked to declare."""


@dataclass(frozen=True)
class Entry:
    """What every entry of the rules has: the place and kinds of help it is for, and where it comes from.

    `own`: the entry is the market's own decision or the operator's, and no law's.
    """

    id: str
    place: str
    help: tuple[str, ...]
    act: str
    section: str | None
    says: str
    checked: date
    doubt: str | None
    own: bool

    @property
    def source(self) -> str:
        return f"{self.act}, {self.section}" if self.section else self.act


@dataclass(frozen=True)
class Decision(Entry):
    """Whether help may be charged for: `paid`, `free_only`, or `licensed`: by whoever holds that `licence` there."""

    decision: str
    licence: str | None


@dataclass(frozen=True)
class Question(Entry):
    """A seeker who says yes to `asks` is charged nothing for this help."""

    asks: str


@dataclass(frozen=True)
class Consent(Entry):
    """Whose word it takes that the employer agrees to paid help: the `insider`'s, or the `employer`'s own."""

    by: str


@dataclass(frozen=True)
class Acknowledgement(Entry):
    """What an insider acknowledges before this help has a price."""

    acknowledges: str


@dataclass(frozen=True)
class Phrases(Entry):
    """What a posting may not say in that place."""

    phrases: tuple[str, ...]


@dataclass(frozen=True)
class Cap:
    """The most that help may cost: `pay_bps` of the year's least pay, and an amount a currency (minor units).

    `exposure`: the most that one seeker may have agreed to at once, a currency.
    """

    id: str
    checked: date
    says: str
    pay_bps: int
    periods: Mapping[str, int]
    absolute: Mapping[str, int]
    exposure: Mapping[str, int]

    def of(self, least_pay: int, per: str, currency: str) -> int:
        """In minor units of the currency; 0 where no absolute amount is set for it."""
        year = least_pay * self.periods.get(per, 1)
        return min(share(year, self.pay_bps), self.absolute.get(currency, 0))


E = TypeVar("E", bound=Entry)


class PlaceRules:
    """All of them. Of two entries alike the first counts: an operator's stand before the shipped ones."""

    def __init__(
        self,
        cap: Cap,
        decisions: Sequence[Decision],
        questions: Sequence[Question],
        consents: Sequence[Consent],
        acknowledgements: Sequence[Acknowledgement],
        phrases: Sequence[Phrases],
    ) -> None:
        self.cap = cap
        self.decisions, self.questions, self.consents = tuple(decisions), tuple(questions), tuple(consents)
        self.acknowledgements, self.phrases = tuple(acknowledgements), tuple(phrases)

    def decision(self, place: str, kind: str) -> Decision:
        """What holds there for this help; there is one for every place."""
        return next(_for(self.decisions, place, kind))

    def consent(self, place: str, kind: str) -> Consent | None:
        return next(_for(self.consents, place, kind), None)

    def acknowledgement(self, place: str, kind: str) -> Acknowledgement | None:
        return next(_for(self.acknowledgements, place, kind), None)

    def questions_of(self, place: str, kinds: Iterable[str]) -> list[Question]:
        """What a seeker is asked before they pay for any of these kinds of help."""
        wanted, found = set(kinds), [each for each in self.questions if each.place in _wider(place)]
        return [each for each in found if wanted.intersection(each.help)]

    def phrases_of(self, place: str) -> list[Phrases]:
        return [each for each in self.phrases if each.place in _wider(place)]

    def needs_subdivision(self, country: str) -> bool:
        """Whether the rules differ inside the country."""
        every: Iterable[Entry] = (
            *self.decisions, *self.questions, *self.consents, *self.acknowledgements, *self.phrases,
        )  # fmt: skip
        return any(entry.place.startswith(f"{country}-") for entry in every)

    def law_of(self, listing: Mapping[str, Any]) -> str | None:
        """The place whose rules hold for a listing: its subdivision where the rules differ inside its country, else the
        country; None where it says none.
        """
        country = listing.get("country")
        return place_of(listing) if country and self.needs_subdivision(country) else country

    def exposure_caps(self, euros: int) -> dict[str, int]:
        """The most a seeker may have agreed to at once, by currency; that in EUR is a setting of its own."""
        return {**self.cap.exposure, "EUR": euros}


def _wider(place: str) -> tuple[str, ...]:
    """The place and what it lies in: `CA-ON`, `CA`, `*`."""
    country = place.partition("-")[0]
    return (place, country, ANYWHERE) if country != place else (place, ANYWHERE)


def _for(entries: Sequence[E], place: str, kind: str) -> Iterator[E]:
    for each in _wider(place):
        yield from (entry for entry in entries if entry.place == each and kind in entry.help)


def plain(entry: Entry) -> dict[str, Any]:
    """An entry as an answer shows it."""
    return {
        "id": entry.id,
        "place": entry.place,
        "source": {"act": entry.act, "section": entry.section, "says": entry.says},
        "checked": entry.checked.isoformat(),
        "doubt": entry.doubt,
        "own_rule": entry.own,
    }
