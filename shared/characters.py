"""What the characters of foreign text may do: the normal form that every rule looks at, what is stored of a text, and
how it is shown where a character could act instead of being read. Pure.

What a person typed is stored as it is, save the characters that are there to deceive: they show nothing and make one
text look like another. Rules never look at that: they look at `normal_form`, in which a letter, a digit, a dash and a
blank each have one form, so that a rule is written once and in ASCII.
"""

import functools
import re
import unicodedata

_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\ufffc\U0001d159\U000e0000-\U000e0fff]"
)
"""Default-ignorable characters (Unicode's DerivedCoreProperties) that are of no format category, and those that stand
for an object which is not there.
"""
_VISIBLE_FORMAT = re.compile("[\u0600-\u0605\u06dd\u0890\u0891\u08e2\U000110bd\U000110cd]")
"""Signs that stand around a number and are seen, although their category is that of format characters."""
_JOINERS = "\u200c\u200d"
"""They form letters of Persian and of India, and emoji of several people: kept in a text between two such."""
_SELECTORS = re.compile("[\ufe00-\ufe0f]")
"""They choose how the character before them is drawn, as an emoji or not."""
_OTHERS = str.maketrans(
    {"\u2043": "-", "\u2212": "-", "\u2236": ":", "\u2800": " ", "\u201a": ",", "\ua4f8": "."}
    | dict.fromkeys("\u2044\u2215\u29f8", "/")
    | dict.fromkeys("\u3002\u06d4\u2e3c\u0701\u0702", ".")
    | dict.fromkeys(
        "\u1427\u16eb\u2022\u2027\u2219\u22c5\u25aa\u25cf\u25e6\u26ab\u2b24\u2e31\u2e33\u30fb\ua78f", "\u00b7"
    )
)
"""Signs that are read as an ASCII one (or as a middle dot) and that NFKC leaves apart."""
_STRUCK = re.compile("([ -~])[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
"""Combining marks on an ASCII character that make no letter with it: struck through, underlined, boxed."""
_ACTS = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
"""Categories of characters that act on a terminal or on what stands around them."""


def normal_form(text: str) -> str:
    """What a text says, whatever it is written with: NFKC, without what is not seen, digits and dashes in ASCII.

    Every blank is a space, save the line feed. It is never stored and never shown.
    """
    if text.isascii() and text.isprintable():
        return text
    seen = "".join(character for character in text if not _is_unseen(character))
    return _STRUCK.sub(r"\1", "".join(map(_plain, unicodedata.normalize("NFKC", seen))))


def is_empty(text: str) -> bool:
    """Whether there is nothing to see in it: blanks, marks without a letter, what is not seen."""
    return all(character == "\ufffd" or unicodedata.category(character)[0] in "ZCM" for character in normal_form(text))


def is_nothing(character: str) -> bool:
    """Whether it is no character of any text: one that never has a meaning, or a place for an object."""
    point = ord(character)
    return character in "\ufff9\ufffa\ufffb\ufffc" or 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE


def stored(text: str) -> str:
    """The text without the characters that can only deceive; the same text where there are none."""
    if text.isascii():
        return text
    return "".join(text[at] for at in range(len(text)) if not _is_unseen(text[at]) or _forms(text, at))


def printable(text: str, *, lines: bool = False) -> str:
    r"""The text for a terminal, a log or a page of plain text: what would act is written as JSON escapes it, `\u001b`.

    So it may be used on text that is JSON already. `lines` leaves line feeds; without it the text is one line.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_escaped, text)) if not lines else "\n".join(map(printable, text.split("\n")))


@functools.lru_cache(maxsize=4096)
def _is_unseen(character: str) -> bool:
    if character.isascii():
        return unicodedata.category(character) == "Cc" and not character.isspace()
    category = unicodedata.category(character)
    if category == "Cf":
        return not _VISIBLE_FORMAT.match(character)
    return category in ("Cc", "Cs", "Co") or _INVISIBLE.match(character) is not None


@functools.lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Nd", "No"):
        digit = unicodedata.digit(character, None)
        return character if digit is None else str(digit)
    if category == "Pd":
        return "-"
    if category in ("Zs", "Zl", "Zp") or (category == "Cc" and character != "\n"):
        return " "
    return "" if category == "Me" else character.translate(_OTHERS)


def _forms(text: str, at: int) -> bool:
    """Whether the unseen character there shapes what stands around it in a way that its script needs."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if not before or before.isspace() or _is_unseen(before) and not _SELECTORS.match(before):
        return False
    if text[at] in _JOINERS:
        return bool(after) and not before.isascii() and not after.isascii() and not _is_unseen(after)
    return _SELECTORS.match(text[at]) is not None and (not before.isascii() or after == "\u20e3")


@functools.lru_cache(maxsize=4096)
def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _ACTS and not _INVISIBLE.match(character):
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
