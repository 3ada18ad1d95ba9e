"""Host names of employers and of e-mail addresses: one written form, and which of them anybody can get a mailbox at."""

import functools
import re
from pathlib import Path

import idna
from publicsuffixlist import PublicSuffixList

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_LAST = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{1,59}")
LONGEST = 253

PUBLIC_MAIL = frozenset(Path(__file__).with_name("public_mail.txt").read_text("ascii").split())
"""Providers at which anyone, or any customer, has a mailbox: the best known, as of November 2026; no list is whole."""


def hostname(text: str) -> str | None:
    """A domain in lower-case ASCII, as UTS 46 has it for browsers (not transitional, CheckHyphens=false):
    `Straße.example` as `xn--strae-oqa.example`, `ab--cd.example` as it is, and so is an A-label that IDNA 2008 would
    not take anew but that says what it says, `xn--53h.example`; None for what is none.

    It has two labels or more, and no number for its last: an IP address is no domain.
    """
    if not text or len(text) > LONGEST or text != text.strip():
        return None
    try:
        labels = [_written(label) for label in idna.uts46_remap(text, std3_rules=True).split(".")]
    except UnicodeError:
        return None
    written = ".".join(labels)
    if len(labels) < 2 or len(written) > LONGEST or not _LAST.fullmatch(labels[-1]):
        return None
    return written if all(_LABEL.fullmatch(label) for label in labels) else None


def _written(label: str) -> str:
    """A mapped label in ASCII. Raises UnicodeError for what is none."""
    if not label.isascii():
        return idna.alabel(label).decode("ascii")
    if label.startswith("xn--"):
        _check_punycode(label)
    return label


def _check_punycode(label: str) -> None:
    """An A-label is the one form of a label that needs one: registries have given away some, of emoji, that IDNA 2008
    does not allow.
    """
    said = label[4:].encode("ascii").decode("punycode")
    if (
        said.isascii()
        or idna.uts46_remap(said, std3_rules=True) != said
        or said.encode("punycode") != label[4:].encode()
    ):
        raise UnicodeError("no A-label")


def shown(domain: str) -> str:
    """A domain as it is shown to people: `bücher.example`; as it is written, where IDNA 2008 has no other form."""
    try:
        return idna.decode(domain)
    except UnicodeError:
        return domain


def domain_of(address: str) -> str | None:
    """The host name of an e-mail address."""
    return hostname(address.rpartition("@")[2])


def is_public_mail(domain: str) -> bool:
    """Whether a mailbox there says nothing about where one works: a public provider's domain, or one below it."""
    labels = domain.split(".")
    return any(".".join(labels[start:]) in PUBLIC_MAIL for start in range(len(labels) - 1))


def is_top_level(label: str) -> bool:
    """Whether names are registered below this label of the root zone, as far as the public suffix list knows."""
    return label.replace("-", "").isalnum() and _suffixes().publicsuffix(f"x.{label}", accept_unknown=False) is not None


@functools.cache
def _suffixes() -> PublicSuffixList:
    """Read where a text is first checked: most processes check none."""
    return PublicSuffixList(only_icann=True)
