"""What keeps a row from its target, as far as it was found, and what shows it. The page says it beside the verdict.

Figures are of the containers (Apache Kafka 4.3.1, `mongo:8` by FerretDB and PostgreSQL) on two cores, quiet.
"""

from collections.abc import Mapping
from typing import Any

LIMITS: Mapping[tuple[str, str], str] = {
    ("hire → release", "the same writes and sends in batches, no rules"): (
        "the machine: a hire takes 33 ms of CPU over all processes (16 in our workers, 7 in the database, 3 in the "
        "broker, 4 in web and proxies), so its two cores end at about 60 hires/s (`python -m bench.cost`)"
    ),
    ("hire → release", "a consumer as tutorials write it"): (
        "the target lies above the floor itself: 15 times this peer is more than the same writes take without a rule"
    ),
    ("hire → release", "FastStream on aiokafka"): "as beside the floor: the machine's cores",
    ("confirm-hire → escrow.released", ""): (
        "the machine: at 15 hires/s 1.8 of 2 cores are busy (database 0.6, broker 0.25, our workers 0.55), and each "
        "step waits its turn. At 2 hires/s it takes 235 ms: 38 until the confirmation is on its topic, 83 until escrow "
        "has taken it, 49 until the provider has paid, 15 until that is on its topic; the loops rest up to 150 ms "
        "after quiet"
    ),
    ("the whole market", ""): (
        "a hire waits for one event after the other, on a machine whose cores are busy, as in the row above; the "
        "floor waits for none"
    ),
    ("POST /v1/listings", ""): (
        "two commands to the database where the floor has one (is this key known?), and 3,214 calls of Python beside "
        "787: a third ours, an eighth marshmallow's (`python -m bench.profiles`)"
    ),
    ("GET /v1/matches", ""): (
        "four reads where the floor has one: profile, candidates, the person's account, and what came of each "
        "insider's help (`python -m bench.profiles`)"
    ),
    ("memory of", "the imports alone"): (
        "28 MB the same for each web process: gunicorn's master beside its worker, and threads; the app itself takes "
        "half a megabyte. Loading the code before the fork changed nothing"
    ),
}
"""{(how the row's name begins, the floor or peer; "": any): why}"""


def limit(row: Mapping[str, Any]) -> str:
    """Why this row misses its target; "" where that is not known."""
    for (begins, beside), why in LIMITS.items():
        if row["name"].startswith(begins) and beside in ("", row["floor"]):
            return why
    return ""
