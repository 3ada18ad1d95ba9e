"""What a text that others see may not hold: a way to reach somebody before both have agreed. Pure.

These rules guess, and look at a text's normal form, at what its letters look like, and at it without the blanks between
single letters. A listing that they stop goes to a moderator; the message of an offer is refused, to be put another way.
"""

import ipaddress
import re
from collections.abc import Iterator

from shared.characters import normal_form
from shared.domains import is_top_level
from shared.lookalikes import skeleton
from shared.messengers import names_account
from shared.phone_numbers import has_phone

__all__ = ("Found", "contact_data", "has_address", "has_link", "has_phone")

_OPENS, _CLOSES = r"[(\[{<*«【〔|]{1,2}", r"[)\]}>*»】〕|]{1,2}"
_POINT = "(?:dot|point|punt|punkt|punto|ponto)"
_AT_IN_BRACKETS = re.compile(
    rf" ?{_OPENS} ?(?:at|ät|aet|@|arobase|apenstaartje|chiocciola) ?{_CLOSES} ?", re.IGNORECASE
)
_A_IN_BRACKETS = re.compile(
    r"(?<=[^\W_])([(\[{<])a[)\]}>](?=[^\W\d_]{3})|(?<=[^\W_]) ?[(\[{<]a[)\]}>] ?(?=[\w-]+\.\w)", re.IGNORECASE
)
_DOT_IN_BRACKETS = re.compile(rf" ?{_OPENS} ?(?:{_POINT}|\.) ?{_CLOSES} ?", re.IGNORECASE)
_AROUND = r"(?P<blank> ?)(?P<sign>[_~/+=:^'’\"“”-]{1,2}) ?"
_BEHIND = r" ?(?:(?P=sign)|[’”])(?P=blank)"
_DOT_IN_DASHES = re.compile(rf"(?<=[^\W_]){_AROUND}{_POINT}{_BEHIND}(?=[^\W_])", re.IGNORECASE)
_AT_IN_DASHES = re.compile(
    rf"(?<=[^\W_]){_AROUND}(?:at|arobase){_BEHIND}(?=[\w-]+\.[^\W_])"
    r"|(?<=[^\W_]) (?P<alone>[_~/+=^-]{1,2})(?:at|arobase)(?P=alone) (?=[^\W_])",
    re.IGNORECASE,
)
_APART = re.compile(r"(?<![^\W_])[^\W_](?:[ _*|~/-]{1,3}[^\W_]| ?[.@·] ?[^\W_]){3,}(?![^\W_])")
_BETWEEN_LETTERS = re.compile("[ _*|~/-]")

_EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]++ ?(?:@|arobase) ?[\w-]++(?: ?[.·] ?\w{2,})+", re.IGNORECASE)
_LOCAL_ONLY = re.compile(r"(?<![\w.%+@-])[^\W\d_][\w.%+-]*+@\.?[^\W\d_][\w.-]")
_SPELT = re.compile(
    rf"(?<![\w.-])[\w.-]++ (?:at [\w-]++ dot|arobase [\w-]++ point|"
    rf"(?:bij|apenstaartje|chiocciola) [\w-]++ {_POINT}) \w{{2,}}",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<![\w.])@[\w.]{3,}")
_LINK = re.compile(
    r"[a-z0-9]:/{1,2}[^\W_]|(?<!\w)(?:www|w w w) ?\. ?\w|"
    r"\b(?:https?|mailto|sms|tg|whatsapp|skype|viber|facetime|xmpp|sip|callto):\S",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?<![\w@.·-])[\w-]++(?:[.·][\w-]++)+")
_USUAL = "(?:com|net|org|io|nl|eu|fr|ca|co|info|biz)"
_BLANK_OR_COMMA = re.compile(
    rf"(?<![\w-])[\w-]{{2,}}+(?: \. ?{_USUAL}|\. {_USUAL}|,(?:com|net|org|io))(?![\w-])", re.ASCII
)
_SPELT_HOST = re.compile(
    rf"(?<![\w-])(?!(?:the|a|an|this|that|of|le|la|du|un|au|de|het|een) )"
    rf"[\w-]{{2,}}+ (?:(?:dot|punt|punto|ponto) {_USUAL}"
    r"|point (?:com|net|org|fr|ca|io)|punkt (?:com|net|org|de))\b",
    re.IGNORECASE,
)
_FOUR = re.compile(r"(?<![\w.-])(?P<before>[^\W\d_]+ )?(?P<four>(?:[0-9]{1,3}\.){3}[0-9]{1,3})(?![\w-]|\.[0-9])")
_SIX = re.compile(r"(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])", re.IGNORECASE)
_LEADS = frozenset({
    "at", "on", "see", "visit", "ssh", "use", "try", "go", "ip", "ipv4", "server", "host", "http", "https", "open",
    "join", "via", "to", "is", "my", "our",
})  # fmt: skip
_SMALL = 31
_LONGEST_LABEL = 63

NO_LINKS = frozenset({
    "ado.net", "asp.net", "vb.net", "ml.net", "j.net", "microsoft.net", "system.net", "java.net", "paint.net",
    "socket.io", "system.io", "java.io", "draw.io", "co.kg", "co.ltd", "ci.cd",
    "b.com", "b.sc", "d.sc", "m.sc", "b.tech", "m.tech",
    "main.py", "setup.py", "readme.md", "main.rs", "lib.rs", "run.sh", "install.sh", "main.cc",
})  # fmt: skip
"""Names of programs, degrees, legal forms and files that look like a domain."""

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
    """Also one that is spelt out, `anna at acme dot com`, a handle, and an account at a messenger."""
    rules = (_EMAIL, _LOCAL_ONLY, _SPELT, _HANDLE)
    return any(names_account(read) or any(rule.search(read) for rule in rules) for read in _readings(text))


def has_link(text: str) -> bool:
    """A URL, a host name below any top-level domain there is, or an IP address."""
    rules = (_LINK, _BLANK_OR_COMMA, _SPELT_HOST)
    return any(
        any(rule.search(read) for rule in rules)
        or any(_has_domain(found.group()) for found in _HOST.finditer(read))
        or _has_ip_address(read)
        for read in _readings(text)
    )


def _readings(text: str) -> set[str]:
    """How it can be read."""
    read = re.sub(" {2,}", " ", normal_form(text))
    with_signs = [_with_signs(each) for each in (read, skeleton(read))]
    return {reading for each in with_signs for reading in (each, _APART.sub(_together, each))}


def _with_signs(read: str) -> str:
    """`@` and dots where they are spelt between brackets or dashes."""
    for rule in (_DOT_IN_BRACKETS, _DOT_IN_DASHES):
        read = rule.sub(".", read)
    for rule in (_AT_IN_BRACKETS, _A_IN_BRACKETS, _AT_IN_DASHES):
        read = rule.sub("@", read)
    return read


def _together(found: re.Match[str]) -> str:
    return _BETWEEN_LETTERS.sub("", found.group())


def _has_domain(dotted: str) -> bool:
    """Whether labels with dots between them are, or begin with, a domain: `acme.example.Then` would without its end.

    After a middle dot, which also stands between the items of a list, a name in capitals is none: `Go·AI`.
    """
    if dotted.lower() in NO_LINKS:
        return False
    labels = re.split("([.·])", dotted)
    return any(
        before and len(label) <= _LONGEST_LABEL and is_top_level(label.lower()) and (dot == "." or label.islower())
        for before, dot, label in zip(labels[::2], labels[1::2], labels[2::2], strict=False)
    )


def _has_ip_address(read: str) -> bool:
    return any(map(_is_v4, _FOUR.finditer(read))) or any(_is_v6(found.group()) for found in _SIX.finditer(read))


def _is_v4(found: re.Match[str]) -> bool:
    """Four small numbers behind a name are its version: `Oracle 11.2.0.4`."""
    try:
        address = ipaddress.IPv4Address(found["four"])
    except ValueError:
        return False
    name = (found["before"] or "").strip()
    is_version = (
        name and name.lower() not in _LEADS and (name[0].isupper() or name.lower() in ("version", "release", "v"))
    )
    return not (is_version and max(address.packed) <= _SMALL) and address.packed[0] > 0


def _is_v6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return len([group for group in text.split(":") if group]) > 2
