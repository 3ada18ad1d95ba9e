"""What a text that others see may not hold: a way to reach somebody before both have agreed. Pure.

These rules guess. A listing that they stop goes to a moderator; the message of an offer is refused, to be put another
way.
"""

import re
from collections.abc import Iterator

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

NO_LINKS = frozenset({"ado.net", "asp.net", "vb.net", "paint.net", "socket.io", "draw.io"})
"""Names of programs that look like a domain."""

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
    return bool(_EMAIL.search(text) or _HANDLE.search(text))


def has_link(text: str) -> bool:
    if _LINK.search(text):
        return True
    return any(found.group().lower() not in NO_LINKS for found in _DOMAIN.finditer(text))


def has_phone(text: str) -> bool:
    """Eight digits or more in a row of the usual groups; amounts with their thousands and spans of years are none."""
    rest = _YEARS.sub("…", text)
    found = _PHONE.search(rest if _INTERNATIONAL.search(rest) else _THOUSANDS.sub("…", rest))
    return found is not None and sum(c.isdigit() for c in found.group()) >= 8
