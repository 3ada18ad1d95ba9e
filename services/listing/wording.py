"""What may not stand in a listing's text: a way to reach somebody, and the employer's name. Pure.

These rules guess: what they find goes to a moderator, who may publish it all the same.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.listing.words import words

_EMAIL = re.compile(
    r"[\w.%+-]+\s?(@|\(at\)|\[at\]|\{at\}|＠)\s?[\w-]+(\s?(\.|\(dot\)|\[dot\])\s?\w{2,})+", re.IGNORECASE
)
_HANDLE = re.compile(r"(?<![\w.])@[A-Za-z0-9_.]{3,}")
_LINK = re.compile(r"\b(?:[a-z][a-z0-9+.-]{1,15}://\S|www\.\S)", re.IGNORECASE)
_DOMAIN = re.compile(
    r"(?<![\w@.-])(?:[a-z0-9-]{1,63}\.)+(?:com|org|net|info|biz|eu|io|co|me|app|dev|ai|nl|be|de|fr|ca|uk|us|es|it|ch|at)\b",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w+])\+?\(?[0-9](?:[ ().\-/]{0,3}[0-9]){6,18}(?!\w)")
_INTERNATIONAL = re.compile(r"\+\(?[0-9]")
_THOUSANDS = re.compile(r"\b[0-9]{1,3}(?:[., ][0-9]{3})+\b")
_YEARS = re.compile(r"\b(?:19|20)[0-9]{2}\s?[-/]\s?(?:19|20)[0-9]{2}\b")

Found = tuple[str, str, str]
"""(rule's id, pointer, words for a person)."""


def texts(listing: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(pointer, text) of every free text that others will see."""
    yield "/title", listing["title"]
    for name in ("duties", "skills"):
        for number, text in enumerate(listing.get(name) or ()):
            yield f"/{name}/{number}", text
    if listing.get("region"):
        yield "/region", listing["region"]


def check(listing: Mapping[str, Any], no_links: Sequence[str], legal_forms: Sequence[str]) -> Iterator[Found]:
    """Everything in the listing's texts that should not be there."""
    name = name_of_employer(listing["employer"]["name"], legal_forms)
    for pointer, text in texts(listing):
        if has_address(text):
            yield (
                "no-address",
                pointer,
                "An e-mail address or a handle stands here; the two of you meet once both agree.",
            )
        if has_link(text, no_links):
            yield "no-link", pointer, "A link stands here; say in words what it would show."
        if has_phone(text):
            yield "no-phone", pointer, "A phone number stands here; the two of you meet once both agree."
        if names(text, name):
            yield "no-employer-name", pointer, "The employer is named here; it stays veiled until an offer is active."


def has_address(text: str) -> bool:
    return bool(_EMAIL.search(text) or _HANDLE.search(text))


def has_link(text: str, no_links: Sequence[str]) -> bool:
    if _LINK.search(text):
        return True
    return any(found.group().lower() not in no_links for found in _DOMAIN.finditer(text))


def has_phone(text: str) -> bool:
    """Eight digits or more in a row of the usual groups; amounts with their thousands and spans of years are none."""
    rest = _YEARS.sub("…", text)
    found = _PHONE.search(rest if _INTERNATIONAL.search(rest) else _THOUSANDS.sub("…", rest))
    return found is not None and sum(c.isdigit() for c in found.group()) >= 8


def name_of_employer(name: str, legal_forms: Sequence[str]) -> list[str]:
    """The words that make the name, without what only says its legal form: `Acme B.V.` is `acme`."""
    found = words(name.replace(".", ""))
    core = found[1:] if found[:1] == ["the"] else found[:]
    while core and core[-1] in legal_forms:
        core.pop()
    return core or found


def names(text: str, name: Sequence[str]) -> bool:
    """Whether the words of the name stand in the text in a row, or written as one (without blanks: anywhere)."""
    if not name:
        return False
    found, joined = words(text), "".join(name)
    if len(joined) >= 4 and joined in found:
        return True
    if not joined.isascii() and joined in "".join(found):
        return True
    size = len(name)
    return any(found[i : i + size] == list(name) for i in range(len(found) - size + 1))
