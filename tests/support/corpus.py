"""Generated listings whose answers are known: what each says is kept beside it in plain values, for an oracle.

`listings(count)` is the same on every run. The words of a listing come out of families; whichever member of a family
is asked for has to find whichever member stands in the text.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.listing.search import fields
from shared.ids import person_id

BEGIN = datetime(2027, 1, 1, tzinfo=UTC)
KINDS = ("good_word", "reference", "coaching")
CURRENCIES = ("EUR", "CAD")
PERIODS = {"hour": 2080, "day": 260, "week": 52, "month": 12, "year": 1}
REGIONS = ("Utrecht", "Île-de-France", "Québec", "Ontario", "Zürich", "British Columbia", "Alberta", "Yukon")
COUNTRIES = ("CA", "CA", "CA", "FR", "NL", "CH", "BE")
INDUSTRIES = ("5415", "622", "3118", "4451", "23")
OCCUPATIONS = ("2512", "2513", "2221", "7512", "1330", "5223")
FAMILIES = (
    ("baking", "Bake", "bakes", "baked"), ("nurse", "Nurses", "nursing"), ("infirmier", "Infirmière", "INFIRMIÈRES"),
    ("engineer", "engineers", "Engineering"), ("vendeur", "vendeuse", "Vendeurs"), ("payment", "Payments"),
    ("national", "nationaux", "nationale"), ("café", "Cafés", "CAFE"), ("C++",), ("C#",), ("IT",), ("night", "nights"),
    ("nuit", "nuits"), ("patient", "patients"), ("directeur", "Directrice"), ("bread", "breads"), ("cœur", "coeurs"),
    ("technicien", "technicienne", "TECHNICIENS"), ("warehouse", "warehouses"), ("k8s",), ("school", "schools"),
    ("élève", "élèves", "eleve"), ("driver", "drivers"), ("chauffeur", "chauffeuse"), ("budget", "budgets"),
    ("sécurité", "securite"), ("welder", "welders"), ("soudeur", "soudeuse"), ("garden", "gardens"),
    ("forêt", "forets"),
)  # fmt: skip
_EMPTY = ("the", "of", "and", "de la", "with", "du", "pour", "les")
RARE = 1000
"""One listing in so many has the same number of a team in its duties, a word like any other."""
_DAY = 500
"""Listings a day."""

Doc = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """What is true of a listing, in plain values."""

    id: str
    insider: str
    published: bool
    at: datetime
    families: frozenset[int]
    country: str
    region: str
    industry: str
    occupation: str
    prices: dict[str, int]
    currency: str
    year_pay: tuple[int, int]
    leaving_on: str

    def price(self, kind: str | None) -> int:
        """Of this kind of help, else of the cheapest."""
        return self.prices[kind] if kind else min(self.prices.values())


def insider(key: str, number: int) -> tuple[str, str]:
    """(sub, person_id) of the one who wrote a listing."""
    sub = f"insider-{number % 50}"
    return sub, person_id(key.encode(), "https://golem.local", sub)


def listings(count: int, key: str = "k" * 40, *, first: int = 0, seed: int = 7) -> Iterator[tuple[Doc, Facts]]:
    """`count` listings as the database keeps them, with what is true of them."""
    for number in range(first, first + count):
        yield listing(number, random.Random(f"{seed}/{number}"), key)


def listing(number: int, dice: random.Random, key: str) -> tuple[Doc, Facts]:
    """Two or three are published in one millisecond; one in twenty is not published."""
    families = frozenset(min(int(dice.paretovariate(0.5)) - 1, len(FAMILIES) - 1) for _ in range(4))
    title, *duties = [_phrase(dice, family) for family in sorted(families)]
    pay, per = sorted(dice.sample(range(20, 120), 2)), dice.choice(tuple(PERIODS))
    pay = [amount * 100_000 // PERIODS[per] for amount in pay]
    currency = dice.choice(CURRENCIES)
    prices = {kind: dice.choice((0, 0, 1, 2, 5, 9)) * 10_000 for kind in dice.sample(KINDS, dice.randint(1, 3))}
    facts = Facts(
        id=f"{dice.getrandbits(32):08x}-0000-7000-8000-{dice.getrandbits(48):012x}",
        insider=insider(key, number)[1],
        published=number % 20 != 7,
        at=BEGIN + timedelta(days=1) * (number // 3 * 3) / _DAY,
        families=families,
        country=dice.choice(COUNTRIES),
        region=dice.choice(REGIONS),
        industry=dice.choice(INDUSTRIES),
        occupation=dice.choice(OCCUPATIONS),
        prices=prices,
        currency=currency,
        year_pay=(pay[0] * PERIODS[per], pay[1] * PERIODS[per]),
        leaving_on=(BEGIN + timedelta(days=dice.randrange(60))).date().isoformat(),
    )
    doc: Doc = {
        "_id": facts.id, "kind": "listing", "version": 1, "seq": 0, "published": 0, "applied": [], "events": [],
        "state": "published" if facts.published else "paused", "insider": facts.insider,
        "title": title, "duties": [*duties, f"The work of team {number % RARE}"], "skills": [],
        "employer": {"name": "Canary BV"},
        "country": facts.country, "region": facts.region,
        "industry": {"scheme": "NAICS-2022", "code": facts.industry},
        "occupation": {"scheme": "ISCO-08", "code": facts.occupation},
        "seats": 1, "hired": 0, "edits": 0, "tranches": [{"due_day": 0, "bps": 10_000}],
        "leaving_on": facts.leaving_on, "pay": {"min": pay[0], "max": pay[1], "currency": currency, "per": per},
        "help": [{"kind": kind, "price": {"amount": price, "currency": currency}} for kind, price in prices.items()],
        "created_at": facts.at, "updated_at": facts.at, "published_at": facts.at,
    }  # fmt: skip
    return doc | fields(doc, facts.id), facts


def _phrase(dice: random.Random, family: int) -> str:
    word = dice.choice(FAMILIES[family])
    return f"{dice.choice(_EMPTY)} {word.upper() if dice.random() < 0.2 else word}, {dice.choice(_EMPTY)}"
