"""Names that are nearly a setting's, and are none: what was meant."""

import difflib
import re
from collections.abc import Iterable

from shared.settings.named import NAMES, OTHERS, SECRETS

_SHORTEST = 6
"""Shorter names are near to too many others."""
_NEAR = 0.86
_BEGINNING = 8
_OF_KUBERNETES = re.compile(r".*_(SERVICE_(HOST|PORT).*|PORT(_[0-9]+_(TCP|UDP).*)?)")
"""What a pod is told of the services around it, whatever their names are."""


def misspelled(environ: Iterable[str]) -> dict[str, str]:
    """{a name of the environment that no program of ours reads: the setting it was probably meant to be}."""
    known = NAMES | {f"{name}_FILE" for name in SECRETS}
    unknown = sorted(set(environ) - known - OTHERS)
    return {name: meant for name in unknown if (meant := _meant(name, sorted(known)))}


def _meant(name: str, known: list[str]) -> str | None:
    if len(name) < _SHORTEST or _OF_KUBERNETES.fullmatch(name):
        return None
    upper = re.sub("[^A-Z0-9]", "_", name.upper())
    if upper in known:
        return upper
    if (without := upper.removesuffix("_FILE")) in known:
        return without
    # Nobody slips at the first letter, while LOG_LEVEL with another's prefix is another's.
    begin_alike = [each for each in known if each[0] == upper[0]]
    if near := difflib.get_close_matches(upper, begin_alike, n=1, cutoff=_NEAR):
        return near[0]
    longer = [each for each in begin_alike if each.startswith(upper)]
    return longer[0] if len(upper) >= _BEGINNING and "_" in upper and longer else None
