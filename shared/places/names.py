"""Places by their ISO 3166 codes: a country (`CA`), or a subdivision of it (`CA-ON`)."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from shared.fields.standards import COUNTRIES


@cache
def subdivisions() -> Mapping[str, str]:
    """{ISO 3166-2 code: name}, of all countries; read when it is first asked for."""
    import pycountry

    return {each.code: each.name for each in pycountry.subdivisions}


@cache
def _countries() -> Mapping[str, str]:
    import pycountry

    return {each.alpha_2: getattr(each, "common_name", each.name) for each in pycountry.countries}


def is_place(code: str) -> bool:
    """Whether ISO 3166 knows it, as a country or a subdivision."""
    return code in subdivisions() if "-" in code else code in COUNTRIES


def name_of(code: str) -> str:
    """Its English name, `Ontario`; the code itself where there is none."""
    names = subdivisions() if "-" in code else _countries()
    return names.get(code, code)


def place_of(listing: Mapping[str, Any]) -> str:
    """The most exact place that a listing names."""
    return str(listing.get("subdivision") or listing["country"])
