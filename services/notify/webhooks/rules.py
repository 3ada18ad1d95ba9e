"""The rules of webhooks: how many, where to, who gets all events. Pure."""

from services.notify.log.reading import READS_ALL
from services.notify.webhooks.acts import has_failed_too_long, is_last, is_of_this_url, moves, tests_of_a_day
from shared.aggregate import Condition, Guard

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
    lambda change, trigger: len(tests_of_a_day(change)) < change.terms.webhook_tests_a_day,
    lambda change, trigger: f"A webhook is tested {change.terms.webhook_tests_a_day} times a day at most.",
    refuses="state",
)


MOVES = Condition("the URL is another one", moves)
OF_THIS_URL = Condition("it was the present URL that answered", is_of_this_url)
FAILED_TOO_LONG = Condition("there was nothing but failures for 5 days", has_failed_too_long)
LAST_TRY = Condition("it was the last attempt", is_last)
