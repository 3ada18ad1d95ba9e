"""How the listings that may fit a profile are found: one multikey index over `facets`, then `rank`. Pure.

A published listing has a facet for its occupation, its industry, the groups that these belong to, and each of its
skills, once alone and once with its country; `rank` is a text that sorts by the time it was published. A question is a
list of facets: any of them fits.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from shared import codes
from shared.folding import fold

Code = Mapping[str, str]
"""{scheme, code}."""

_NEEDED = ("country", "industry", "occupation", "published_at")


def index(listing: Mapping[str, Any]) -> dict[str, Any]:
    """`facets` and `rank` of a copy; None where it is not to be found."""
    if listing["status"] != "published" or any(listing.get(name) is None for name in _NEEDED):
        return {"facets": None, "rank": None}
    own = [_code(kind, each) for kind in ("occupation", "industry") for each in _with_groups(listing[kind])]
    own += sorted({_skill(name) for name in listing.get("skills") or ()})
    there = [_in(listing["country"], facet) for facet in own]
    return {"facets": [*own, *there], "rank": f"{listing['published_at']} {listing['listing_id']}"}


def questions(profile: Mapping[str, Any]) -> list[list[str]]:
    """Three lists of facets at most: of the occupations, the industries and the skills that are looked for."""
    groups = (
        [_code("occupation", each) for each in profile["occupations"]],
        [_code("industry", each) for each in profile["industries"]],
        sorted({_skill(name) for name in profile["skills"]}),
    )
    return [list(_placed(group, profile["countries"])) for group in groups if group]


def name_key(name: str) -> str:
    """A region's or a skill's name without case, accents and double blanks: `Montréal` and `montreal` are one."""
    return " ".join(fold(name).split())


def is_among(code: Code, wanted: Iterable[Code]) -> bool:
    """Whether a code, or a group that it belongs to, is one of these."""
    own = _with_groups(code)
    return any(each in own for each in wanted)


def _with_groups(code: Code) -> list[Code]:
    """The code, then its groups, the widest first."""
    scheme = code["scheme"]
    return [code, *({"scheme": scheme, "code": each} for each in codes.ancestors(scheme, code["code"]))]


def _placed(facets: Iterable[str], countries: Iterable[str]) -> Iterable[str]:
    return [_in(country, facet) for country in countries for facet in facets] if countries else facets


def _code(kind: str, code: Code) -> str:
    return f"{kind}:{code['scheme']}:{code['code']}"


def _skill(name: str) -> str:
    return f"skill:{name_key(name)}"


def _in(country: str, facet: str) -> str:
    return f"{country} {facet}"
