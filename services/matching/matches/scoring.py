"""How well a listing fits what a seeker looks for: one function, points by one table, each with its reason. Pure.

Nothing that anybody pays is worth a point: a price above 0 can only cost those of free help.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.matching.matches.facets import Code, is_among, name_key
from services.matching.matches.profiles import PERIODS
from services.matching.matches.records import LASTING_DAYS, Record
from shared import codes

Profile = Mapping[str, Any]
Listing = Mapping[str, Any]


@dataclass(frozen=True)
class Weight:
    """`points` for a reason, each time it holds, `most` in all; `description` says when."""

    points: int
    most: int
    description: str


WEIGHTS: Mapping[str, Weight] = {
    "occupation": Weight(40, 40, "its occupation is one that you look for, or in a group that you look for"),
    "industry": Weight(20, 20, "its industry is one that you look for, or in a group that you look for"),
    "skills": Weight(6, 30, "a skill of yours is asked for; so many points each"),
    "region": Weight(8, 8, "it is in a region that you look for"),
    "pay": Weight(12, 12, "the least it pays is what you want, or more, in the same currency"),
    "pay_may": Weight(6, 6, "else: the most it pays is what you want, or more"),
    "help": Weight(6, 6, "a kind of help that you want is on offer"),
    "free": Weight(10, 10, "all of its help (of the kinds that you want, where you named some) is free of charge"),
    "free_part": Weight(5, 5, "else: some of that help is free of charge"),
    "lasted": Weight(
        4, 12, f"a person whom the insider helped kept the job for {LASTING_DAYS} days or more; so many points each"
    ),
    "gave": Weight(2, 6, "the insider helped somebody to a job free of charge; so many points each"),
    "verified": Weight(6, 6, "the insider gets mail at the employer, whose domain staff have registered"),
}
"""Every reason there is, in the order in which reasons are shown."""

IN_COMMON = ("occupation", "industry", "skills")
"""Without one of these there is no match, whatever else fits."""


@dataclass(frozen=True)
class Reason:
    """Why there are points, in words for the seeker."""

    code: str
    points: int
    explanation: str


@dataclass(frozen=True)
class Match:
    """`round`: of one insider's many, only a few are in the first, a few in the next (see `finding`)."""

    listing: Listing
    score: int
    reasons: tuple[Reason, ...]
    round: int = 0


def match(profile: Profile, listing: Listing, record: Record) -> Match | None:
    """The listing's score with its reasons; None where it has nothing in common with the profile.

    `record` is its insider's.
    """
    if profile["countries"] and listing["country"] not in profile["countries"]:
        return None
    found = {**_role(profile, listing), **_terms(profile, listing), **_insider(listing, record)}
    if not any(code in found for code in IN_COMMON):
        return None
    reasons = tuple(_reason(code, *found[code]) for code in WEIGHTS if code in found)
    return Match(listing, sum(reason.points for reason in reasons), reasons)


def ranked(matches: Iterable[Match | None]) -> list[Match]:
    """The best first; of those with the same score the one with the smaller id."""
    return sorted((each for each in matches if each), key=lambda each: (-each.score, each.listing["listing_id"]))


# -- what holds: {code of the reason: (how often, words)}

Found = dict[str, tuple[int, str]]


def _reason(code: str, times: int, explanation: str) -> Reason:
    weight = WEIGHTS[code]
    return Reason(code, min(weight.points * times, weight.most), explanation)


def _role(profile: Profile, listing: Listing) -> Found:
    found: Found = {}
    for kind, wanted in (("occupation", profile["occupations"]), ("industry", profile["industries"])):
        if is_among(listing[kind], wanted):
            found[kind] = 1, f"The {kind} is one that you look for: {_name(listing[kind])}."
    known = {name_key(name) for name in profile["skills"]}
    asked = {name_key(name): name for name in listing.get("skills") or ()}
    if skills := sorted(known & asked.keys()):
        found["skills"] = len(skills), f"It asks for what you can do: {', '.join(asked[key] for key in skills)}."
    region = listing.get("region")
    if region and name_key(region) in map(name_key, profile["regions"]):
        found["region"] = 1, f"It is in a region that you look for: {region}."
    return found


def _terms(profile: Profile, listing: Listing) -> Found:
    found = _pay(profile.get("pay"), listing)
    wanted = [each for each in listing["help"] if not profile["help"] or each["kind"] in profile["help"]]
    free = [each for each in wanted if each["price"] == 0]
    if profile["help"] and wanted:
        found["help"] = 1, f"The help that you want is on offer: {_kinds(wanted)}."
    if free and len(free) == len(wanted):
        found["free"] = 1, f"Help free of charge: {_kinds(free)}."
    elif free:
        found["free_part"] = 1, f"Some of the help free of charge: {_kinds(free)}."
    return found


def _pay(wanted: Mapping[str, Any] | None, listing: Listing) -> Found:
    pay = listing["pay"]
    if not wanted or wanted["currency"] != listing["currency"] or pay["per"] not in PERIODS:
        return {}
    year = wanted["amount"] * PERIODS[wanted["per"]]
    if pay["min"] * PERIODS[pay["per"]] >= year:
        return {"pay": (1, "It pays what you want, or more.")}
    if pay["max"] * PERIODS[pay["per"]] >= year:
        return {"pay_may": (1, "It may pay what you want.")}
    return {}


def _insider(listing: Listing, record: Record) -> Found:
    found: Found = {}
    if record.lasted:
        found["lasted"] = (
            record.lasted,
            f"{_people(record.lasted)} helped by the insider kept the job {LASTING_DAYS} days or more.",
        )
    if record.given:
        found["gave"] = record.given, f"{_people(record.given)} got a job with the insider's help, free of charge."
    if listing.get("insider_verified"):
        found["verified"] = 1, "The insider gets mail at the employer."
    return found


def _name(code: Code) -> str:
    """In English; the code itself where its list has it no more."""
    entry = codes.find(code["scheme"], code["code"])
    return entry.label("en")[0] if entry else f"{code['scheme']} {code['code']}"


def _kinds(helped: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(each["kind"].replace("_", " ") for each in helped)


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"
