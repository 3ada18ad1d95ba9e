"""A person's preferences, a part of their contact: the language, and `unmailed`, the groups of notifications that are
not mailed (they can still be read). And the links in mails that stop one group. Pure.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from services.notify.recipients import OPTIONAL, group_of
from services.notify.templates import DEFAULT_LANGUAGE
from shared import links
from shared.aggregate import Change

_PURPOSE = "unsubscribe"
_LINK_WORKS = timedelta(days=365)


def prefer(change: Change, person: str, language: str, unmailed: Iterable[str]) -> None:
    """Set both; a person who has given no address has a contact without one from now on."""
    if change.is_new:
        change.set(state="known", owner=person, created_at=change.now)
    stopped = sorted(set(unmailed))
    if change.get("language") != language:
        change.set(language=language)
    if change.get("unmailed", []) != stopped:
        change.set(unmailed=stopped or None)


def stop(change: Change, person: str, group: str) -> None:
    """Mail no more of this group."""
    prefer(change, person, change.get("language", DEFAULT_LANGUAGE), {*change.get("unmailed", []), group})


def wants(contact: Mapping[str, Any], text_key: str) -> bool:
    """Whether notifications with this text are mailed to them."""
    return group_of(text_key) not in contact.get("unmailed", [])


def link(key: bytes, base: str, person: str, text_key: str, at: datetime) -> str | None:
    """The URL that stops mails like this one, for a year from `at`; None for those that cannot be stopped."""
    group = group_of(text_key)
    if group not in OPTIONAL:
        return None
    token = links.sign(key, _PURPOSE, {"person": person, "group": group}, at + _LINK_WORKS)
    return f"{base}/v1/unsubscribe/{token}"


def read(key: bytes, token: str, now: datetime) -> tuple[str, str]:
    """(person, group) of such a link's token. Raises BadLink."""
    claims = links.read(key, _PURPOSE, token, now)
    return str(claims["person"]), str(claims["group"])
