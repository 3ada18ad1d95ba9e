"""What keeps a row from its target, as far as it was found, and what shows it. The page says it beside the verdict.

Figures are of 29 November 2026, in containers (Apache Kafka 4.3.1, for `mongo:8` FerretDB on PostgreSQL) on two quiet
cores, where nothing else is said.
"""

from collections.abc import Mapping
from typing import Any

LIMITS: Mapping[tuple[str, str], str] = {
    ("hire → release", "the same writes and sends in batches, no rules"): (
        "the machine: with what follows a hire takes 32 ms of CPU over all processes (15 in our workers, 7 in the "
        "database, 3 in the broker, 6 in the web process, proxies and the benchmark), so two cores end at about 60 "
        "hires/s; the processes' own CPU times while 300 were paid"
    ),
    ("hire → release", "a consumer as tutorials write it"): (
        "the target lies above the floor itself: 15 times this peer is more than the same writes take without a rule"
    ),
    ("hire → release", "FastStream on aiokafka"): "as beside the floor: the machine's cores",
    ("confirm-hire → escrow.released", ""): (
        "the machine: at 15 hires/s 1.8 of 2 cores are busy (database 0.6, broker 0.25, our workers 0.55, the rest web "
        "processes, proxies, disk), and each step waits its turn. At 2 hires/s it takes 235 ms; its parts, medians "
        "each: 38 until the confirmation is on its topic, 83 until escrow has taken it, 49 until the provider has "
        "paid, 15 until that is on its topic. The loops rest up to 150 ms after quiet"
    ),
    ("the whole market", ""): (
        "a hire waits for one event after the other, each as in the row above, and the floor for none; not profiled"
    ),
    ("POST /v1/listings", ""): (
        "two commands to the database where the floor has one (is this key known?), and three times its CPU, of which "
        "a third is ours, a quarter pymongo's and an eighth marshmallow's (`python -m bench.profiles`, embedded "
        "database)"
    ),
    ("GET /v1/matches", ""): (
        "four commands where the floor has one: profile, candidates, the person's account, and what came of each "
        "insider's help (`python -m bench.profiles`, embedded database)"
    ),
}
"""{(how the row's name begins, the floor or peer; "": any): why}"""


def limit(row: Mapping[str, Any]) -> str:
    """Why this row misses its target; "" where that is not known."""
    for (begins, beside), why in LIMITS.items():
        if row["name"].startswith(begins) and beside in ("", row["floor"]):
            return why
    return ""
