"""An insider's public record: what came of their help, counted from matching's own offers. Pure.

A hire of somebody whose address is verified counts once it is confirmed, unless its offer was closed: then the money
went back, and it is not known to have happened. A hire that has not ended is taken to last still.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median_low
from typing import Any

from services.matching.matches.identities import counted
from services.matching.offer.reviews import are_shown
from shared.aggregate import Document
from shared.settings import Terms

LASTING_DAYS = 90
MOST_HIRES = 500
"""So many hires of one insider are looked at, the newest."""
MOST_REVIEWS = 100


@dataclass(frozen=True)
class Record:
    """`lasted` counts different people whose job lasted 90 days or more, `given` those who got theirs free of charge;
    `median_days` is of the jobs that ended.

    `stars`: how many reviews gave 1, 2, 3, 4, 5 of them. `reviews`: what seekers say, the newest first.
    """

    hires: int = 0
    for_nothing: int = 0
    running: int = 0
    ended: int = 0
    lasted: int = 0
    given: int = 0
    median_days: int | None = None
    stars: tuple[int, ...] = (0, 0, 0, 0, 0)
    reviews: tuple[Mapping[str, Any], ...] = ()


def record_of(offers: Iterable[Document], identities: Mapping[str, str], terms: Terms, now: datetime) -> Record:
    """The record of one insider, of their offers in which a hire was confirmed, the newest first.

    `identities` are those of verified people, by person: nobody else's hires and reviews count.
    """
    known = counted(offers, identities)
    hires = [offer for offer in known if offer["state"] != "closed"]
    ends = [_days(offer, now.date()) for offer in hires if offer.get("ended")]
    reviewed = [offer for offer in known if "seeker" in offer.get("reviews", {}) and are_shown(offer, terms, now)]
    stars = [offer["reviews"]["seeker"]["stars"] for offer in reviewed]
    return Record(
        hires=len(hires),
        for_nothing=sum(offer["price"] == 0 for offer in hires),
        running=len(hires) - len(ends),
        ended=len(ends),
        lasted=len({offer["seeker"] for offer in hires if _days(offer, now.date()) >= LASTING_DAYS}),
        given=len({offer["seeker"] for offer in hires if offer["price"] == 0}),
        median_days=median_low(ends) if ends else None,
        stars=tuple(stars.count(number) for number in range(1, 6)),
        reviews=tuple({**offer["reviews"]["seeker"], "offer_id": offer["_id"]} for offer in reviewed[:MOST_REVIEWS]),
    )


def _days(offer: Document, today: date) -> int:
    """How long the job lasted, or has lasted by today, in days; 0 before it began."""
    start = date.fromisoformat(offer["hire"]["start_on"])
    end = date.fromisoformat(offer["ended"]["on"]) if offer.get("ended") else today
    return max(0, (end - start).days)
