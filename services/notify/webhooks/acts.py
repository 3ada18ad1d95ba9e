"""What the rows of the two lifecycles do. Pure; the documents are those of `documents`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from shared.aggregate import Change, Trigger
from shared.clock import format_time

PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600))
"""Between one attempt and the next; the first is at once."""

TEST_TRIES = 3
MOST_COMMANDS = 50
"""Commands of an owner whose repeat is known as one."""

MOST_ATTEMPTS = 30
"""Attempts of a delivery that are kept; older ones go."""

SHORTEST_HOLD, LONGEST_HOLD = timedelta(minutes=1), timedelta(hours=1)
"""How long a delivery waits while its webhook's new URL has not answered a test: a quarter of the time since the URL
was changed, within these.
"""

MOST_RETRIES = 10
"""How often in a day one delivery is begun again by its owner."""

MOST_FORMER_SECRETS = 3

SPAN, APART, HOURLY = timedelta(hours=24), timedelta(hours=12), timedelta(hours=1)
DISABLED_AFTER = timedelta(days=5)
"""Of nothing but failures, or of a new URL that answers no test."""
SECRETS_OVERLAP = timedelta(hours=24)
_FIELDS = ("url", "types", "payload", "listing_id", "offer_id", "headers", "header_names")
_PRIVATE = (
    *_FIELDS,
    "scope",
    "failures",
    "failing_since",
    "tests",
    "replay_since",
    "replay_after",
    "former_secret_until",
    "former_secrets",
    "sends",
    "held_since",
)
_MOST_NAMED = 5


# -- a webhook


def create(change: Change, trigger: Trigger) -> None:
    """`trigger.data`: the fields of `documents.WebhookDocument` that its owner chose."""
    change.set(owner=trigger.by, scope=trigger.data["scope"], secret_number=1, url_number=1)
    change.set(**{name: trigger.data.get(name) for name in _FIELDS})


def alter(change: Change, trigger: Trigger) -> None:
    """Fields that are not named stay; a new URL has to answer a test before anything else goes there. Of a webhook that
    was active what happens meanwhile becomes deliveries all the same, and they wait.
    """
    _keep_the_last(change)
    moved = moves(change, trigger)
    change.set(**{name: trigger.data[name] for name in _FIELDS if name in trigger.data})
    if moved:
        change.set(url_number=change["url_number"] + 1, verified_at=None, disabled_for=None)
        if change.get("sends"):
            change.set(held_since=change.get("held_since", change.now))
        _well(change)


def moves(change: Change, trigger: Trigger) -> bool:
    """Whether the command gives another URL."""
    return bool(trigger.data.get("url", change.get("url")) != change.get("url"))


def rotate(change: Change, trigger: Trigger) -> None:
    _keep_the_last(change)
    number = change["secret_number"]
    former = [{"number": number, "until": change.now + SECRETS_OVERLAP}, *former_secrets(change.doc, change.now)]
    change.set(secret_number=number + 1, former_secrets=former, former_secret_until=None)


def former_secrets(webhook: Mapping[str, Any], now: datetime) -> list[Mapping[str, Any]]:
    """Those that sign beside the present one, the last first: {number, until}."""
    kept = webhook.get("former_secrets", [])
    if until := webhook.get("former_secret_until"):  # of an older version, which had one
        kept = [{"number": webhook["secret_number"] - 1, "until": until}]
    return [each for each in kept if now < each["until"]]


def secrets_of(webhook: Mapping[str, Any], now: datetime) -> tuple[int, ...]:
    """The numbers of the secrets that sign now, the present one first."""
    return (webhook["secret_number"], *(each["number"] for each in former_secrets(webhook, now)))


def test(change: Change, trigger: Trigger) -> None:
    _keep_the_last(change)


def replay(change: Change, trigger: Trigger) -> None:
    _keep_the_last(change)
    change.set(replay_since=trigger.data["since"], replay_after=format_time(trigger.data["since"]))


def replayed(change: Change, trigger: Trigger) -> None:
    _keep_the_last(change)
    change.set(replay_after=trigger.data["reached"])
    if trigger.data["reached"] is None:
        change.set(replay_since=None)


def verified(change: Change, trigger: Trigger) -> None:
    _keep_the_last(change)
    change.set(verified_at=change.now, disabled_for=None, sends=True, held_since=None)
    _well(change)


def is_of_this_url(change: Change, trigger: Trigger) -> bool:
    return bool(trigger.data["url_number"] == change.get("url_number"))


def succeeded(change: Change, trigger: Trigger) -> None:
    _keep_the_last(change)
    _well(change)


def failed(change: Change, trigger: Trigger) -> None:
    """The clock starts once several failed within 24 h, 12 h apart, with no success between them."""
    _keep_the_last(change)
    failures = _failures(change, trigger)
    change.set(failures=failures)
    if change.get("failing_since") is None and failures[-1]["at"] - failures[0]["at"] >= APART:
        change.set(failing_since=change.now)


def has_failed_too_long(change: Change, trigger: Trigger) -> bool:
    since = change.get("failing_since")
    return since is not None and change.now - since >= DISABLED_AFTER


def disable(change: Change, trigger: Trigger) -> Mapping[str, Any]:
    return _disable(change, "failing", _failures(change, trigger))


def gone(change: Change, trigger: Trigger) -> Mapping[str, Any]:
    return _disable(change, "gone", _failures(change, trigger))


def is_held_too_long(change: Change, trigger: Trigger) -> bool:
    since = change.get("held_since")
    return since is not None and change.now - since >= DISABLED_AFTER


def is_held_up(change: Change, trigger: Trigger) -> bool:
    return change.get("held_since") is not None and is_of_this_url(change, trigger)


def untested(change: Change, trigger: Trigger) -> Mapping[str, Any]:
    return _disable(change, "untested", [])


def public(change: Change) -> Mapping[str, Any]:
    """What every event of a webhook says: whose it is, and which."""
    return {"person_id": change["owner"], "webhook_id": change.id, "host": urlsplit(change["url"]).hostname or "-"}


def delete(change: Change, trigger: Trigger) -> None:
    """Nothing of its owner's stays but whose it was; the document does, so that a repeat makes it not again."""
    _keep_the_last(change)
    change.set(**dict.fromkeys(_PRIVATE))


def _disable(change: Change, why: str, failures: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    _keep_the_last(change)
    failed = [f"{each['type']} {each['id']}" for each in failures[-_MOST_NAMED:]]
    change.set(disabled_for=why, sends=None, held_since=None)
    _well(change)
    return {"webhook.disabled": {"reason": why, "failed": failed}}


def _failures(change: Change, trigger: Trigger) -> list[Mapping[str, Any]]:
    """Those of the last 24 h with this one, which counts as of its hour."""
    before = [each for each in change.get("failures", []) if change.now - each["at"] <= SPAN]
    this = {"at": change.now, "type": trigger.data["type"], "id": trigger.data["id"]}
    return before if before and change.now - before[-1]["at"] < HOURLY else [*before, this]


def _well(change: Change) -> None:
    change.set(failures=None, failing_since=None)


# -- a delivery


def begin(change: Change, trigger: Trigger) -> None:
    """`trigger.data`: the fields of `documents.DeliveryDocument` that say what is to be delivered, and where."""
    change.set(created_at=change.now, sort_key=f"{format_time(change.now)}/{trigger.data['event_id']}")
    change.set(**trigger.data, begun_at=change.now, deliver_at=change.now, tries=0, attempts=[])


def is_last(change: Change, trigger: Trigger) -> bool:
    most = TEST_TRIES if "number" not in change.doc else len(PAUSES) + 1
    return bool(change["tries"] + 1 >= most)


def delivered(change: Change, trigger: Trigger) -> None:
    _note_attempt(change, trigger)
    change.set(deliver_at=None, given_up_for=None)


def try_later(change: Change, trigger: Trigger) -> None:
    """`trigger.data`: the attempt, `jitter` (0 to 1), and `wait`, for how long the receiver asked."""
    pause = PAUSES[change["tries"]] * (1 + trigger.data["jitter"] / 5)
    wait = trigger.data.get("wait") or timedelta()
    _note_attempt(change, trigger)
    change.set(deliver_at=change.now + max(pause, wait))


def give_up(change: Change, trigger: Trigger) -> None:
    if "attempt" in trigger.data:
        _note_attempt(change, trigger)
    else:
        _keep_the_last(change)
    change.set(deliver_at=None, given_up_for=trigger.data.get("reason", "attempts"))


def hold(change: Change, trigger: Trigger) -> None:
    """`trigger.data`: `since`, when the URL was changed."""
    _keep_the_last(change)
    waited = change.now - trigger.data["since"]
    change.set(deliver_at=change.now + min(max(waited / 4, SHORTEST_HOLD), LONGEST_HOLD))


def retry(change: Change, trigger: Trigger) -> None:
    change.set(retried=[*retries_of_a_day(change), change.now])
    begin_again(change, trigger)


def retries_of_a_day(change: Change) -> list[datetime]:
    return [at for at in change.get("retried", []) if change.now - at < SPAN]


def begin_again(change: Change, trigger: Trigger) -> None:
    _keep_the_last(change)
    change.set(deliver_at=change.now, tries=0, given_up_for=None)


def _note_attempt(change: Change, trigger: Trigger) -> None:
    _keep_the_last(change)
    attempts = [*change["attempts"], trigger.data["attempt"]][-MOST_ATTEMPTS:]
    change.set(attempts=attempts, tries=change["tries"] + 1)


def _keep_the_last(change: Change) -> None:
    """The document stays small: some commands are known, and of what the worker tells the last: no other can repeat."""
    commands = change.get("commands", [])[-MOST_COMMANDS:]
    known = {each["id"] for each in commands}
    change.set(commands=commands or None, applied=[each for each in change.get("applied", []) if each in known] or None)
