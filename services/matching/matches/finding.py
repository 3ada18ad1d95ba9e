"""The listings that fit a seeker's profile, the best first: found by index, scored by `scoring`, bounded.

Everything is read from matching's own documents: copies of listings, offers, the seeker's profile and account.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from services.matching.matches.facets import questions
from services.matching.matches.known import KnownRecords
from services.matching.matches.profiles import is_there, profile_id
from services.matching.matches.scoring import Match, match, ranked
from services.matching.offer.accounts import Accounts, account_id
from services.matching.offer.reservations import is_live
from services.matching.store import listings_with
from shared.aggregate import Store

MOST_LISTINGS = 200
"""The newest listings that share an occupation with the profile, as many that share an industry, and a skill."""
OF_ONE_A_ROUND = 5
"""Matches of one insider before those of the others have had their turn, so that nobody fills the list."""


def find(
    store: Store,
    accounts: Accounts,
    records: KnownRecords,
    person: str,
    among: Callable[[Mapping[str, Any]], bool] = lambda listing: True,
) -> list[Match] | None:
    """All matches, ranked; without the seeker's own listings and those on which they have an open offer. None where the
    seeker has no profile.

    `among`: which listings are looked at.
    """
    own = store.living((profile_id(person), account_id(person)))
    profile = own.get(profile_id(person))
    if profile is None or not is_there(profile):
        return None
    found: dict[str, Mapping[str, Any]] = {}
    for facets in questions(profile):
        found |= {each["listing_id"]: each for each in listings_with(store, facets, MOST_LISTINGS) if among(each)}
    reserved = accounts.live(own.get(account_id(person), {}), store.clock.now())
    taken = {each["listing_id"] for each in reserved.values() if is_live(each)}
    listings = [each for key, each in found.items() if each["insider"] != person and key not in taken]
    known = records.of({each["insider"] for each in listings})
    return in_rounds(match(profile, each, known[each["insider"]]) for each in listings)


def in_rounds(found: Iterable[Match | None]) -> list[Match]:
    """The best first: of each insider the best few, then of each the next few, and so on."""
    seen: Counter[str] = Counter()
    placed = []
    for each in ranked(found):
        insider = each.listing["insider"]
        placed.append(replace(each, round=seen[insider] // OF_ONE_A_ROUND))
        seen[insider] += 1
    return sorted(placed, key=lambda each: each.round)
