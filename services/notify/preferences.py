"""A person's preferences, a part of their contact: the language, and `unmailed`, the groups of notifications that are
not mailed (they can still be read); and `matches`, how often they are told of new matches, which an event says to
matching. And the links in mails that stop one group. Pure.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from services.notify.recipients import MATCHES, OPTIONAL, group_of
from services.notify.templates import DEFAULT_LANGUAGE
from shared import links
from shared.aggregate import Change, Refusal
from shared.events.schemas_matches import OFF

_PURPOSE = "unsubscribe"
_LINK_WORKS = timedelta(days=365)
STOPPABLE = (*OPTIONAL, MATCHES)
"""The groups that a link in their mails stops."""
MOST_CHANGES = 200
"""Of how often one is told of matches: each stays in the document as an event."""


def prefer(change: Change, person: str, language: str, unmailed: Iterable[str]) -> None:
    """Set both; a person who has given no address has a contact without one from now on."""
    if change.is_new:
        change.set(state="known", owner=person, created_at=change.now)
    stopped = sorted(set(unmailed))
    if change.get("language") != language:
        change.set(language=language)
    if change.get("unmailed", []) != stopped:
        change.set(unmailed=stopped or None)


def tell_matches(change: Change, cadence: str) -> None:
    """Tell of new matches so often, or no more (`off`). Raises Refusal where it was changed too often; no more always
    passes.
    """
    if cadence == change.get("matches", OFF):
        return
    changes = change.get("matches_changes", 0)
    if cadence != OFF and changes >= MOST_CHANGES:
        detail = "You have changed too often how you are told of matches. Please write to us."
        raise Refusal("rule", "matches-changes", detail, "/matches")
    change.set(matches=None if cadence == OFF else cadence, matches_changes=changes + 1)
    change.emit("matches.wanted", {"person_id": change["owner"], "cadence": cadence})


def stop(change: Change, person: str, group: str) -> None:
    """Mail no more of this group."""
    stopped = set() if group == MATCHES else {group}
    prefer(change, person, change.get("language", DEFAULT_LANGUAGE), {*change.get("unmailed", []), *stopped})
    if group == MATCHES:
        tell_matches(change, OFF)


def is_mailed(contact: Mapping[str, Any], group: str) -> bool:
    """Whether notifications of this group are mailed to them."""
    return "matches" in contact if group == MATCHES else group not in contact.get("unmailed", [])


def wants(contact: Mapping[str, Any], text_key: str) -> bool:
    """Whether notifications with this text are mailed to them."""
    return is_mailed(contact, group_of(text_key))


def link(key: bytes, base: str, person: str, text_key: str, at: datetime) -> str | None:
    """The URL that stops mails like this one, for a year from `at`; None for those that cannot be stopped."""
    group = group_of(text_key)
    if group not in STOPPABLE:
        return None
    token = links.sign(key, _PURPOSE, {"person": person, "group": group}, at + _LINK_WORKS)
    return f"{base}/v1/unsubscribe/{token}"


def read(key: bytes, token: str, now: datetime) -> tuple[str, str]:
    """(person, group) of such a link's token. Raises BadLink."""
    claims = links.read(key, _PURPOSE, token, now)
    return str(claims["person"]), str(claims["group"])
