"""Every metric of the project, declared once.

Gunicorn with several workers: PROMETHEUS_MULTIPROC_DIR names a folder that they share, and must be set before this
module is first imported (`shared.process.gunicorn_config` does it); then any worker answers /metrics for all of them.

A gauge of what is read outside the process (the broker, the database, the provider) is there only while it can be read:
`unknown` takes it away, and `golem_reached_seconds` says since when (docs/decisions/0031).
"""

import os
from math import nan

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_AGE_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
_HIRE_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400)

# HTTP, without probes. `operation` is the operation's id, or "none" where no operation was reached; it never holds a
# path.
HTTP_REQUESTS = Counter("golem_http_requests", "Requests answered", ["service", "operation", "status"])
HTTP_SECONDS = Histogram(
    "golem_http_request_seconds", "Seconds from request to answer", ["service", "operation"], buckets=_SECONDS
)
TOKEN_KEYS_FETCHED = Gauge(
    "golem_token_keys_fetched_seconds",
    "When the issuer's keys were last fetched from its URL, or the process began; 0 where they come from a file",
    multiprocess_mode="mostrecent",
)

# The store. A lost race is a compare-and-set that found another version; the change is then made again.
RACES_LOST = Counter("golem_store_races_lost", "Changes that had to be made again because another was faster")

# The outbox and its relay.
OUTBOX_PENDING = Gauge("golem_outbox_pending", "Documents with events not yet published", ["service"])
OUTBOX_OLDEST_SECONDS = Gauge(
    "golem_outbox_oldest_seconds", "Age of the oldest document with events not yet published", ["service"]
)
EVENTS_PUBLISHED = Counter("golem_events_published", "Events acknowledged by the broker", ["service", "type"])
RELAY_FAILURES = Counter(
    "golem_relay_failures", "Turns of the relay in which an event was not acknowledged; it goes out again", ["service"]
)

# The consumer. `type` is the record's topic: an event type, or the service's redrive topic.
VERDICTS = ("taken", "ignored", "parked", "duplicate", "rejected", "poison")
RECORDS = Counter("golem_consumer_records", "Records read and what became of them", ["service", "type", "verdict"])
EVENT_AGE_SECONDS = Histogram(
    "golem_event_age_seconds",
    "Seconds from when an event happened to when a service's documents have it; redriven ones are not measured",
    ["service"],
    buckets=_AGE_SECONDS,
)
CONSUMER_LAG = Gauge(
    "golem_consumer_lag", "Records not yet committed, on the partitions that this worker was given", ["service"]
)
GROUP_LAG = Gauge(
    "golem_group_lag",
    "Records not yet committed, on all topics that the service reads; alike in each worker",
    ["service"],
)
GROUP_COMMITTED = Gauge(
    "golem_group_committed", "Sum of the group's committed offsets; it grows with each record that is done", ["service"]
)
FRONTIER_PASSED = Gauge(
    "golem_frontier_passed_seconds",
    "When the group was last seen to have read all that the topics held a minute before, or the process began",
    ["service"],
)
DEAD_LETTERS = Counter("golem_dead_letters", "Records put aside as dead letters", ["service", "reason"])
TOPIC_PAUSED = Gauge(
    "golem_topic_paused", "1 where too many records of a topic died: it is read no more", ["service", "type"]
)
PARKED = Gauge(
    "golem_parked_events",
    "Events parked for more than half a minute, for want of one that should be here; none that may wait without limit",
    ["service"],
)

# The poller. `timer` is the timer's name in its lifecycle; the timers of documents without one are not counted.
# An outcome that only the provider's webhook brings is not counted: its instruction was `unknown` when it was asked.
INSTRUCTION_KINDS = {
    "escrow": ("hold", "release", "refund", "split", "repay"), "matching": ("check",), "notify": ("mail",),
}  # fmt: skip
INSTRUCTION_OUTCOMES = (
    "succeeded",
    "refused",
    "postponed",
    "dropped",
    "checked",
    "sent",
    "failed",
    "skipped",
    "unknown",
)
TIMERS_DUE = Gauge("golem_timers_due", "Documents whose next timer is overdue by more than half a minute", ["service"])
TIMERS_FIRED = Counter("golem_timers_fired", "Timers of a lifecycle that fired", ["service", "timer"])
INSTRUCTIONS = Counter("golem_instructions", "Instructions and tasks carried out", ["service", "kind", "outcome"])
UNANSWERED = Counter(
    "golem_instructions_unanswered",
    "Times that the provider could not be asked, or did not say what became of an instruction; not: that it is pending",
    ["kind"],
)
ARCHIVED = Counter("golem_archived", "Documents that ended long ago and were moved to the archive", ["service"])
LEASE_HELD = Gauge("golem_lease_held", "1 while this process holds its service's lease", ["service"])

# The clock: nothing is written where it is further off than CLOCK_TOLERANCE.
CLOCK_OFFSET = Gauge(
    "golem_clock_offset_seconds",
    "Seconds that the process's clock was ahead of the database's when they were last compared",
    ["service"],
    multiprocess_mode="mostrecent",
)

# The loops of a worker: seconds since the epoch when each last came round; one that stands still is stuck. `part` is
# broker, database or provider.
LOOP_HEARTBEAT = Gauge("golem_loop_heartbeat_seconds", "When the loop last came round", ["service", "loop"])
REACHED = Gauge("golem_reached_seconds", "When this worker last read from the part, or began", ["service", "part"])

# Money. The journal's sum over all accounts of a currency is 0, always.
JOURNAL_SUM = Gauge("golem_journal_sum", "Sum of all journal lines in minor units; not 0 is an alarm", ["currency"])
RECONCILIATION_DIFFERENCES = Gauge(
    "golem_reconciliation_differences", "Escrows that differ from the provider's memory, found twice, nothing open"
)
RECONCILIATION_OLDEST_SECONDS = Gauge(
    "golem_reconciliation_oldest_seconds",
    "Seconds since which every escrow was compared with the provider's books at least once, or the worker began",
)
HIRE_TO_RELEASE_SECONDS = Histogram(
    "golem_hire_to_release_seconds",
    "Seconds from when a payout at the hire's confirmation could be made to the provider's answer that it is paid",
    buckets=_HIRE_SECONDS,
)

# Mail. `kind` is the kind of document that is mailed; failed: refused for good. Tried again: deferred, where that
# mailbox is full or away; later, where the server is away or takes nothing from us.
MAIL_KINDS = ("notification", "contact", "work_mail", "employer_link", "consent_mail")
MAIL_OUTCOMES = ("sent", "failed", "deferred", "later")
WEBHOOK_ATTEMPTS = Counter("golem_webhook_attempts", "Attempts to deliver to a webhook", ["outcome"])
MAILS = Counter("golem_mails", "Mails handed to the SMTP server", ["kind", "outcome"])


def unknown(*gauges: Gauge) -> None:
    """Take away all that these gauges say: it could not be read. One that has no labels says NaN."""
    for gauge in gauges:
        if gauge._labelnames:
            gauge.clear()
        else:
            gauge.set(nan)


unknown(RECONCILIATION_DIFFERENCES)


def exposition() -> tuple[bytes, str]:
    """The answer to GET /metrics: (body, content type), of all gunicorn workers where they share a folder."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST
