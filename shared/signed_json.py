"""A webhook's body, once its signature over the bytes was checked: only what is read of it must be right.

What somebody wrote into a field that nobody reads (half a surrogate pair, bytes that are no UTF-8, a key twice, a
number without end) is the sender's, and no reason to lose the rest.
"""

import json
from typing import Any

_LONGEST_NUMBER = 19
_INT64 = range(-(2**63), 2**63)


def read(raw: bytes) -> dict[str, Any]:
    """The JSON object. Raises ValueError where it is none, or nested too deep to be read."""
    try:
        found = json.loads(raw.decode("utf-8-sig", errors="replace"), parse_int=_whole)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError("expected an object")
    return found


def can_be_stored(value: object) -> bool:
    """Whether a text is Unicode without NUL, and a number fits 64 bits."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
    return not isinstance(value, int) or value in _INT64


def _whole(digits: str) -> int | str:
    """A number; one that nobody could store stays text."""
    return int(digits) if len(digits.lstrip("-")) <= _LONGEST_NUMBER else digits
