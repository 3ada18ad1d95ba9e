"""What keeps a row from its target, as far as it was found, and what shows it. The page says it beside the verdict.

That the machine is the limit is shown by the row's own figures alone: CPU and cores busy within its clock
(`bench/spent.py`). Other figures are of 29 November 2026, in containers (Apache Kafka 4.3.1, for `mongo:8` FerretDB on
PostgreSQL) on two quiet cores, where nothing else is said.
"""

from collections.abc import Mapping
from typing import Any

from bench.measure import CORES

BUSY = "{busy}"
"""Where it is put what the row's own run says of the cores."""

_UNKNOWN = "how busy the cores were within the row's own clock was not taken in this run"

LIMITS: Mapping[tuple[str, str], str] = {
    ("hire → release", "the same writes and sends in batches, no rules"): (
        "what keeps it is not shown. 300 hires with all that follows took 32 ms of CPU each over all processes (15 in "
        "our workers, 7 in the database, 3 in the broker, 6 in the web process, proxies and the benchmark); how much "
        "of it falls within this row's clock, which ends at the last settled escrow, that run does not say; "
        f"{BUSY}"
    ),
    ("hire → release", "a consumer as tutorials write it"): (
        "the target lies above the floor itself: 15 times this peer is more than the same writes take without a rule"
    ),
    ("hire → release", "FastStream on aiokafka"): "as beside the floor",
    ("confirm-hire → escrow.released", ""): (
        "it rises with the rate: the same at 15 hires/s takes 591 ms, at 8 hires/s 195, at 2 hires/s 173. At 2 it is a "
        "chain of durable writes: the confirmation, its mark as sent, escrow's, the provider's two, its webhook, "
        "escrow's again; and relay and poller, which find what another process wrote at their next look, up to 150 ms "
        f"after quiet. What steps wait for at the row's own rate is not shown; {BUSY}"
    ),
    ("the whole market", ""): (
        "the machine: in a run beside this one both cores were busy (2.0 of 2), and a hire took 380 ms of CPU over all "
        "processes: 119 in the database, 106 in our workers, 55 in the web processes, 44 in the broker, 44 in proxies "
        "and the benchmark, 12 in the kernel; of 28 requests 16 ask whether an event has come. The floor makes no "
        f"event, no copy, no notification, and waits for nothing; {BUSY}"
    ),
    ("POST /v1/listings", ""): (
        "one command to the database as the floor's, and three times its CPU, of which a third is ours, a fifth "
        "pymongo's, a seventh marshmallow's and a seventh werkzeug's: body, schema, rules and answer "
        "(`python -m bench.profiles`, embedded database)"
    ),
    ("GET /v1/matches", ""): (
        "two commands where the floor has one, the person's own documents and the candidates, and now and then two "
        "more for what came of insiders' help; twice its CPU, half of it pymongo's (`python -m bench.profiles`, "
        "embedded database)"
    ),
}
"""{(how the row's name begins, the floor or peer; "": any): why}"""


def limit(row: Mapping[str, Any]) -> str:
    """Why this row misses its target; "" where that is not known."""
    for (begins, beside), why in LIMITS.items():
        if row["name"].startswith(begins) and beside in ("", row["floor"]):
            cores = row["beside"].get(CORES)
            return why.replace(BUSY, f"cores busy within the row's own clock: {cores}" if cores else _UNKNOWN)
    return ""
