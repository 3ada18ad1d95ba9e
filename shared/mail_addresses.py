"""E-mail addresses: one written form, and which of them lead to one mailbox. Pure.

The part before the @ is a dot-atom of RFC 5321 in ASCII: mailboxes that need SMTPUTF8 are refused, for most servers do
not take them and no rule says which two of them are the same. The domain may be in any script; it is written in ASCII.
"""

import re
from collections.abc import Mapping

from shared.domains import hostname

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = rf"{_ATOM}(?:\.{_ATOM})*"
_IS_LOCAL = re.compile(_LOCAL).fullmatch
FORM = rf"{_LOCAL}@[^\s@]+"
"""A regular expression that every address matches; not all that match it are addresses."""
LONGEST, LONGEST_LOCAL = 254, 64

_SAME: Mapping[str, str] = {
    "googlemail.com": "gmail.com",
    "protonmail.com": "proton.me",
    "protonmail.ch": "proton.me",
    "pm.me": "proton.me",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    **dict.fromkeys(("ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua"), "yandex.ru"),
}
"""Domains of one provider at which each name is one mailbox."""
_IGNORED: Mapping[str, str] = {"gmail.com": ".", "proton.me": ".-_"}
"""What a provider does not look at in a name."""


def mail_address(text: str) -> str | None:
    """The address as it is stored and mailed to: as it was typed, its domain in ASCII; None for what is none."""
    local, at, domain = text.rpartition("@")
    host = hostname(domain)
    if not at or host is None or len(local) > LONGEST_LOCAL or not _IS_LOCAL(local):
        return None
    return f"{local}@{domain if domain.isascii() else host}" if len(local) + 1 + len(host) <= LONGEST else None


def are_same(one: str, other: str) -> bool:
    """Whether two addresses are the same but for how their domain is written."""
    return _written(one) == _written(other)


def mailbox(address: str) -> str:
    """What the address is compared by where a mailbox stands for a person: without case, `+tag`, and what its provider
    ignores.
    """
    local, host = _written(address)
    host = _SAME.get(host, host)
    name = local.casefold().partition("+")[0] or local.casefold()
    return f"{name.translate(dict.fromkeys(map(ord, _IGNORED.get(host, '')))) or name}@{host}"


def _written(address: str) -> tuple[str, str]:
    local, _, domain = address.rpartition("@")
    return local, hostname(domain) or domain.casefold()
