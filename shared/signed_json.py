"""A webhook's body, once its signature over the bytes was checked: only what is read of it must be right.

What somebody wrote into a field that nobody reads (half a surrogate pair, bytes that are no UTF-8, a key twice, a
number without end) is the sender's, and no reason to lose the rest.
"""

import json
import re
from typing import Any

MOST_DEPTH = 100
_LONGEST_NUMBER = 19
_INT64 = range(-(2**63), 2**63)
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{\]}]', re.DOTALL)


def read(raw: bytes) -> dict[str, Any]:
    """The JSON object. Raises ValueError where it is none, or nested too deep to be read."""
    _refuse_deep(raw)
    found = json.loads(raw.decode("utf-8-sig", errors="replace"), parse_int=_whole)
    if not isinstance(found, dict):
        raise ValueError("expected an object")
    return found


def _refuse_deep(raw: bytes) -> None:
    """Before it is parsed: a parser goes down a level for each bracket."""
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(raw):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(found.group(), 0)
        if depth > MOST_DEPTH:
            raise ValueError(f"expected at most {MOST_DEPTH} levels")


def can_be_stored(value: object) -> bool:
    """Whether a text is Unicode without NUL, and a number fits 64 bits."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
    return not isinstance(value, int) or value in _INT64


def _whole(digits: str) -> int | str:
    """A number; one that nobody could store stays text."""
    return int(digits) if len(digits.lstrip("-")) <= _LONGEST_NUMBER else digits
