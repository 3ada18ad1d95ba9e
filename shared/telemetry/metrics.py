"""Every metric of the project, declared once.

Gunicorn with several workers: PROMETHEUS_MULTIPROC_DIR names a folder that they share, and must be set before this
module is first imported (`shared.process.gunicorn_config` does it); then any worker answers /metrics for all of them.
"""

import os

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
_HIRE_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400)

# HTTP. `operation` is the operation's id, or "none" where no operation was reached; it never holds a path.
HTTP_REQUESTS = Counter("golem_http_requests", "Requests answered", ["service", "operation", "status"])
HTTP_SECONDS = Histogram(
    "golem_http_request_seconds", "Seconds from request to answer", ["service", "operation"], buckets=_SECONDS
)

# The store. A lost race is a compare-and-set that found another version; the change is then made again.
RACES_LOST = Counter("golem_store_races_lost", "Changes that had to be made again because another was faster")

# The outbox and its relay.
OUTBOX_PENDING = Gauge("golem_outbox_pending", "Documents with events not yet published", ["service"])
OUTBOX_OLDEST_SECONDS = Gauge(
    "golem_outbox_oldest_seconds", "Age of the oldest document with events not yet published", ["service"]
)
EVENTS_PUBLISHED = Counter("golem_events_published", "Events acknowledged by the broker", ["service", "type"])
RELAY_FAILURES = Counter("golem_relay_failures", "Sends that failed and are made again from the outbox", ["service"])

# The consumer. `verdict` is taken, ignored, parked, duplicate, rejected or poison.
RECORDS = Counter("golem_consumer_records", "Records read and what became of them", ["service", "type", "verdict"])
CONSUMER_LAG = Gauge("golem_consumer_lag", "Records on the topics not yet committed", ["service"])
DEAD_LETTERS = Counter("golem_dead_letters", "Records put aside as dead letters", ["service", "reason"])
PARKED = Gauge("golem_parked_events", "Events that wait inside documents for their turn", ["service"])

# The poller. `timer` is the timer's name; `kind` is hold, release or refund, `outcome` is done, refused or unknown.
TIMERS_DUE = Gauge("golem_timers_due", "Documents whose next timer is overdue", ["service"])
TIMERS_FIRED = Counter("golem_timers_fired", "Timers that fired", ["service", "timer"])
INSTRUCTIONS = Counter("golem_instructions", "Instructions carried out", ["service", "kind", "outcome"])
LEASE_HELD = Gauge("golem_lease_held", "1 while this process holds its service's lease", ["service"])

# The loops of a worker: seconds since the epoch when each last came round; one that stands still is stuck.
LOOP_HEARTBEAT = Gauge("golem_loop_heartbeat_seconds", "When the loop last came round", ["service", "loop"])

# Money. The journal's sum over all accounts of a currency is 0, always.
JOURNAL_SUM = Gauge("golem_journal_sum", "Sum of all journal lines in minor units; not 0 is an alarm", ["currency"])
RECONCILIATION_DIFFERENCES = Gauge(
    "golem_reconciliation_differences", "Escrows that differ from the provider's memory, found twice, nothing open"
)
HIRE_TO_RELEASE_SECONDS = Histogram(
    "golem_hire_to_release_seconds", "Seconds from hire.confirmed to escrow.released", buckets=_HIRE_SECONDS
)

# Mail. `outcome` is sent, refused or failed (and tried again).
MAILS = Counter("golem_mails", "Mails handed to the SMTP server", ["kind", "outcome"])


def exposition() -> tuple[bytes, str]:
    """The answer to GET /metrics: (body, content type), of all gunicorn workers where they share a folder."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST
