"""A code found by words: each of them begins a word of its name, or the code itself. Pure.

What is named exactly so comes first, then what has the words whole, then what begins with the first of them, then
shorter names; among equals as in the lists, where a group stands before its members.
"""

import functools
import heapq
import re
from collections.abc import Iterator, Sequence

from shared.codes.lists import Entry, group
from shared.codes.sources import SOURCES
from shared.folding import words

_CODE = re.compile(r"[a-z]?[0-9][0-9a-z.-]*")


def search(text: str, schemes: Sequence[str], language: str = "en", limit: int = 20) -> list[Entry]:
    """The best `limit` entries of these schemes; none where the text has no word. Names are compared in `language`,
    in English where the scheme has none in that.
    """
    wanted = list(_wanted(text))
    if not wanted:
        return []
    starts = sorted((f" {word}" for word in wanted), key=len, reverse=True)
    found = (
        (_rank(text, wanted), scheme, place)
        for scheme in schemes
        for place, text in enumerate(_texts(scheme, language if language in SOURCES[scheme].languages else "en"))
        if starts[0] in text and all(start in text for start in starts)
    )
    best = heapq.nsmallest(limit, found, key=lambda each: each[0])
    return [_entries(scheme)[place] for _, scheme, place in best]


@functools.cache
def _entries(scheme: str) -> tuple[Entry, ...]:
    return tuple(group(scheme).values())


@functools.cache
def _texts(scheme: str, language: str) -> tuple[str, ...]:
    """Of each entry its code and the folded words of its name, each with a blank before it."""
    return tuple(f" {each.code.lower()} {' '.join(words(each.label(language)[0]))}" for each in _entries(scheme))


def _wanted(text: str) -> Iterator[str]:
    """The folded words; what looks like a code is left whole: J62.01, 15-1252."""
    for part in text.casefold().split():
        if _CODE.fullmatch(part):
            yield part
        else:
            yield from words(part)


def _rank(text: str, wanted: Sequence[str]) -> tuple[bool, int, bool, int]:
    """Smaller is better."""
    code, _, name = text[1:].partition(" ")
    bounded = f"{text} "
    whole = sum(f" {word} " in bounded for word in wanted)
    exact = " ".join(wanted) in (code, name)
    return not exact, -whole, not name.startswith(wanted[0]), len(name.split(" "))
