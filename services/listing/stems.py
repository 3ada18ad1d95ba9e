"""Words as the search and the rules see them: no accents, lower case; Café and CAFE are one word. Pure.

The search compares stems. A listing does not say whether it is in English or in French, so each word has two, one by
the rules of each language, and two words are the same to the search when they share one: baking and Bake, nationaux
and nationale.
"""

import functools
import re
from collections.abc import Iterable

import snowballstemmer

from shared.folding import fold as fold
from shared.folding import words as words

_WHOLE = 3
"""Words of so many letters have no ending to lose."""

_ENGLISH_EMPTY = "a an and are as at be by for from in is of on our that the this to we will with you your"
_FRENCH_EMPTY = """a au aux avec ce ces d dans de des du elle en est et il ils l la le les leur leurs nos notre nous ou
    par pour qu que qui s sa ses son sont sur un une vos votre vous"""
_EMPTY = frozenset(f"{_ENGLISH_EMPTY} {_FRENCH_EMPTY}".split())
"""Words that mean nothing by themselves: neither indexed nor searched for. `it` is none: IT is a trade."""

_FRENCH = tuple(
    (re.compile(ending), plain)
    for ending, plain in (
        (r"trices?$", "teur"),
        (r"(?:eux|euses?)$", "eur"),
        (r"(?<=\w{3})eres?$", "er"),
        (r"(?<=\w{3})ees?$", "e"),
    )
)
"""Endings of women's trades and the like, which the French stemmer leaves apart once the accents are gone."""


def distinct(found: Iterable[str]) -> list[str]:
    """Each word once, sorted."""
    return sorted(set(found))


def stems(*texts: str) -> list[str]:
    """The stems of every word that says something, each once, sorted."""
    return distinct(stem for word in _telling(*texts) for stem in stems_of(word))


def asked(text: str) -> list[list[str]]:
    """For each word that says something its stems, of which a text has to have one; the same word once."""
    return [list(group) for group in sorted({stems_of(word) for word in _telling(text)})]


@functools.lru_cache(maxsize=16_384)
def stems_of(word: str) -> tuple[str, ...]:
    """The English and the French stem of a folded word, one where they agree. Digits and marks keep a word whole."""
    if len(word) <= _WHOLE or not word.isalpha():
        return (word,)
    french = word
    for ending, masculine in _FRENCH:
        french = ending.sub(masculine, french)
    return tuple(distinct((_stem("english", word), _stem("french", french))))


def _stem(language: str, word: str) -> str:
    """A stemmer keeps state, so each call has its own."""
    return str(snowballstemmer.stemmer(language).stemWord(word))


def _telling(*texts: str) -> list[str]:
    return [word for word in words(*texts) if word not in _EMPTY]
