"""What a text that others see may not hold: a way to reach somebody before both have agreed. Pure.

These rules guess, and look at a text's normal form. A listing that they stop goes to a moderator; the message of an
offer is refused, to be put another way.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from shared.characters import normal_form
from shared.domains import is_top_level

_AT = r"(?:@|\(at\)|\[at\]|\{at\}|[\[({]?arobase[\])}]?)"
_SPELT_DOT = r"(?:\s?(?:\((?:dot|point|\.)\)|\[(?:dot|point|\.)\]|\{(?:dot|point|\.)\})\s?)"
_EMAIL = re.compile(rf"(?<![\w.%+-])[\w.%+-]++\s?{_AT}\s?[\w-]++(?:(?:\s?\.\s?|{_SPELT_DOT})\w{{2,}})+", re.IGNORECASE)
_SPELT = re.compile(r"(?<![\w.-])[\w.-]++ (?:at [\w-]++ dot|arobase [\w-]++ point) \w{2,}", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w.])@[\w.]{3,}")
_LINK = re.compile(r"[a-z0-9]://\S|(?<!\w)www\.\S", re.IGNORECASE)
_HOST = re.compile(rf"(?<![\w@.-])[\w-]++(?:(?:\.|{_SPELT_DOT})[\w-]++)+", re.IGNORECASE)
_BETWEEN_LABELS = re.compile(rf"\.|{_SPELT_DOT}", re.IGNORECASE)
_PHONE = re.compile(r"(?<![0-9+])\+?\(?[0-9](?:[ ().\-/_·]{0,3}[0-9]){6,18}(?![0-9])")
_INTERNATIONAL = re.compile(r"\+\(?[0-9]")
_THOUSANDS = re.compile(r"\b[0-9]{1,3}(?:[., ][0-9]{3})+\b")
_YEARS = re.compile(r"\b(?:19|20)[0-9]{2}\s?[-/]\s?(?:19|20)[0-9]{2}\b")
_DATES = re.compile(
    r"\b(?:(?:19|20)[0-9]{2}([-./])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12][0-9]|3[01])"
    r"|(?:0?[1-9]|[12][0-9]|3[01])([-./])(?:0?[1-9]|[12][0-9]|3[01])\2(?:19|20)[0-9]{2})\b(?![-./ ]?[0-9])"
)
_LONGEST_LABEL = 63

NO_LINKS = frozenset({
    "ado.net", "asp.net", "vb.net", "paint.net", "socket.io", "draw.io",
    "b.com", "b.sc", "d.sc", "m.sc", "b.tech", "m.tech",
    "main.py", "setup.py", "readme.md", "main.rs", "lib.rs", "run.sh", "install.sh", "main.cc",
})  # fmt: skip
"""Names of programs, degrees and files that look like a domain."""

Found = tuple[str, str]
"""(rule's id, words for a person)."""


def contact_data(text: str) -> Iterator[Found]:
    """Each kind of contact data that seems to stand in the text."""
    if has_address(text):
        yield "no-address", "An e-mail address or a handle stands here; the two of you meet once both agree."
    if has_link(text):
        yield "no-link", "A link stands here; say in words what it would show."
    if has_phone(text):
        yield "no-phone", "A phone number stands here; the two of you meet once both agree."


def has_address(text: str) -> bool:
    """Also one that is spelt out, `anna at acme dot com`, and a handle."""
    read = normal_form(text)
    return bool(_EMAIL.search(read) or _SPELT.search(read) or _HANDLE.search(read))


def has_link(text: str) -> bool:
    """A URL, or a host name below any top-level domain there is."""
    read = normal_form(text)
    return bool(_LINK.search(read)) or any(_has_domain(found.group()) for found in _HOST.finditer(read))


def has_phone(text: str) -> bool:
    """Eight digits or more in a row of the usual groups; amounts with thousands, days and spans of years are none."""
    rest = _YEARS.sub("…", _DATES.sub("…", normal_form(text)))
    found = _PHONE.search(rest if _INTERNATIONAL.search(rest) else _THOUSANDS.sub("…", rest))
    return found is not None and sum(c.isdigit() for c in found.group()) >= 8


def _has_domain(dotted: str) -> bool:
    """Whether labels with dots between them are, or begin with, a domain: `acme.example.Then` would without its end."""
    labels = _BETWEEN_LABELS.sub(".", dotted.lower()).split(".")
    if ".".join(labels) in NO_LINKS:
        return False
    return any(before and len(label) <= _LONGEST_LABEL and is_top_level(label) for before, label in pairwise(labels))
