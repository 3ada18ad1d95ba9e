"""What keeps a row from its target, as far as it was found, and what shows it. The page says it beside the verdict.

That the machine is the limit is shown by the row's own figures alone: CPU and cores busy within its clock
(`bench/spent.py`). Other figures are of 29 November and 1 December 2026, in containers (Apache Kafka 4.3.1, for
`mongo:8` FerretDB on PostgreSQL) on two cores that nothing else used, where nothing else is said.
"""

from collections.abc import Mapping
from typing import Any

from bench.measure import CORES

BUSY = "{busy}"
"""Where it is put what the row's own run says of the cores."""

_UNKNOWN = "how busy the cores were within the row's own clock was not taken in this run"

LIMITS: Mapping[tuple[str, str], str] = {
    ("hire → release", "the same writes and sends in batches, no rules"): (
        f"the machine: {BUSY}. As many documents are written as the floor's, but some 40 a hire are read for what is "
        "decided by them (31 of them by notify), and 8 commands a hire look for work, about 3 of them in vain (counted "
        "in the running workers, 200 hires). More than half of the CPU is the database's; of the workers' a quarter "
        "each is Kafka's and the database's clients', a seventh the schemas of the events that are read, a twentieth "
        "the log (1,053 samples of the running workers)"
    ),
    ("hire → release", "a consumer as tutorials write it"): (
        "the target lies above the floor itself: 15 times this peer is more than the same writes take without a rule"
    ),
    ("hire → release", "FastStream on aiokafka"): "as beside the floor",
    ("hire → release", "one worker"): (
        "the machine: eight workers and the servers share two cores, which four of them keep busy already"
    ),
    ("confirm-hire → escrow.released", ""): (
        f"the machine: {BUSY}. A hire by itself takes four times the CPU of one among 150 that wait, so at half of "
        "that capacity no core is free, and each step waits for one. Where they are free it is a chain of durable "
        "writes (173 ms at 2 hires/s, quiet): the confirmation, its mark as sent, escrow's, the provider's two, its "
        "webhook, escrow's again; and relay and poller find what another process wrote at their next look, up to "
        "150 ms after quiet"
    ),
    ("the whole market", ""): (
        f"the machine: {BUSY}. A hire is 28 requests, of which 16 ask whether an event has come, and 89 commands of "
        "the workers, by which 178 documents are written or read (counted at 8 clients). The floor's is 10 requests, "
        "each with a write or a read or both: no event, no copy, no notification, and nothing to wait for"
    ),
    ("POST /v1/listings", ""): (
        "one command to the database as the floor's, and three times its CPU, of which a third is ours, a fifth "
        "pymongo's, a seventh marshmallow's and a seventh werkzeug's: body, schema, rules and answer "
        "(`python -m bench.profiles`, embedded database)"
    ),
    ("GET /v1/listings/{id}", ""): (
        "one command to the database as the floor's, and 1.4 to 1.7 times its CPU: pymongo's is the same; beside it "
        "stand the token, the limits, what its reader may see, the answer's plan and a line of log, a quarter of all "
        "(`python -m bench.profiles`, embedded database), while two cores are shared with the clients and the database"
    ),
    ("GET /v1/matches", ""): (
        "two commands where the floor has one, the person's own documents and the candidates, and now and then two "
        "more for what came of insiders' help; twice its CPU, half of it pymongo's (`python -m bench.profiles`, "
        "embedded database)"
    ),
    ("the relay", ""): (
        "its own CPU is 0.37 ms an event, a quarter of the time; the rest is the database's, which finds and marks the "
        "same documents for both (262 samples of the running worker). What is more than the floor's: an event is "
        "encoded with its headers, and counted; the mark asks whether a replay came between"
    ),
    ("a cold make demo", ""): (
        "the install takes as long as the floor's (47 s, on a machine that did nothing else); then 7 s the Python "
        "client, made from the contract, by which the demo speaks, 10 s until all processes have imported what they "
        "need on two cores and answer, 5 s the story itself, 2 s until all have ended"
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
