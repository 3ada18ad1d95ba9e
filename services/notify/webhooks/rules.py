"""The rules of webhooks: how many, where to, who gets all events. Pure."""

from services.notify.log.reading import READS_ALL
from services.notify.webhooks.acts import (
    MOST_FORMER_SECRETS,
    MOST_RETRIES,
    former_secrets,
    has_failed_too_long,
    is_held_too_long,
    is_held_up,
    is_last,
    is_of_this_url,
    moves,
    retries_of_a_day,
)
from shared.aggregate import Condition, Guard
from shared.clock import format_time

REACHABLE = Guard(
    "webhook-url",
    lambda change, trigger: trigger.data.get("unreachable") is None,
    lambda change, trigger: f"Nothing is sent there: {trigger.data['unreachable']}.",
    pointer="/url",
)
MAY_READ_ALL = Guard(
    "webhook-scope",
    lambda change, trigger: trigger.data["scope"] == "own" or bool(trigger.roles & READS_ALL),
    "Only an integrator or operator is sent the events of others.",
    pointer="/scope",
    refuses="forbidden",
)
FEW_TESTS = Guard(
    "webhook-tests",
    lambda change, trigger: bool(trigger.data["counted"]),
    lambda change, trigger: f"Your webhooks are tested {change.terms.webhook_tests_a_day} times a day at most.",
    refuses="state",
)
"""`counted`: whether the test that the command begins is counted among those of its owner's day."""

FEW_ROTATIONS = Guard(
    "webhook-rotations",
    lambda change, trigger: len(former_secrets(change.doc, change.now)) < MOST_FORMER_SECRETS,
    lambda change, trigger: (
        f"The last {MOST_FORMER_SECRETS} secrets before this one still sign; the first of them "
        f"until {format_time(former_secrets(change.doc, change.now)[-1]['until'])}."
    ),
    refuses="state",
)
NO_TEST = Guard(
    "webhook-test-again",
    lambda change, trigger: "number" in change.doc,
    "A test is not sent again; begin another.",
    refuses="state",
)
FEW_RETRIES = Guard(
    "webhook-retries",
    lambda change, trigger: len(retries_of_a_day(change)) < MOST_RETRIES,
    f"One event is sent again {MOST_RETRIES} times a day at most.",
    refuses="state",
)


MOVES = Condition("the URL is another one", moves)
OF_THIS_URL = Condition("it was the present URL that answered", is_of_this_url)
HELD_TOO_LONG = Condition("events have waited 5 days for a test of the new URL", is_held_too_long)
HELD_UP = Condition("it was the test of the new URL, for which events wait", is_held_up)
FAILED_TOO_LONG = Condition("there was nothing but failures for 5 days", has_failed_too_long)
LAST_TRY = Condition("it was the last attempt", is_last)
