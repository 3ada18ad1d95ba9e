"""The listings that fit a seeker's profile, the best first: found by index, scored by `scoring`, bounded.

Everything is read from matching's own documents: copies of listings, offers, the seeker's profile and account.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from services.matching.matches.facets import questions
from services.matching.matches.identities import identities
from services.matching.matches.records import Record, record_of
from services.matching.matches.scoring import Match, match, ranked
from services.matching.offer.accounts import Accounts
from services.matching.offer.reservations import is_live
from services.matching.store import hires_of_all, listings_with, people_of
from shared.aggregate import Store
from shared.settings import Terms

MOST_LISTINGS = 200
"""The newest listings that share an occupation with the profile, as many that share an industry, and a skill."""
OF_ONE_A_ROUND = 5
"""Matches of one insider before those of the others have had their turn, so that nobody fills the list."""
MOST_HIRES = 5_000
"""Hires that are looked at, of all their insiders together."""


def find(
    store: Store,
    accounts: Accounts,
    terms: Terms,
    person: str,
    profile: Mapping[str, Any],
    among: Callable[[Mapping[str, Any]], bool] = lambda listing: True,
) -> list[Match]:
    """All matches, ranked; without the seeker's own listings and those on which they have an open offer.

    `among`: which listings are looked at.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for facets in questions(profile):
        found |= {each["listing_id"]: each for each in listings_with(store, facets, MOST_LISTINGS) if among(each)}
    taken = {each["listing_id"] for each in accounts.standing(person).reserved.values() if is_live(each)}
    listings = [each for key, each in found.items() if each["insider"] != person and key not in taken]
    records = _records(store, terms, {each["insider"] for each in listings})
    return in_rounds(match(profile, each, records[each["insider"]]) for each in listings)


def in_rounds(found: Iterable[Match | None]) -> list[Match]:
    """The best first: of each insider the best few, then of each the next few, and so on."""
    seen: Counter[str] = Counter()
    placed = []
    for each in ranked(found):
        insider = each.listing["insider"]
        placed.append(replace(each, round=seen[insider] // OF_ONE_A_ROUND))
        seen[insider] += 1
    return sorted(placed, key=lambda each: each.round)


def _records(store: Store, terms: Terms, insiders: set[str]) -> Mapping[str, Record]:
    hires = hires_of_all(store, insiders, MOST_HIRES) if insiders else {}
    now, known = store.clock.now(), identities(people_of(store, chain.from_iterable(hires.values())))
    return {insider: record_of(hires.get(insider, ()), known, terms, now) for insider in insiders}
