"""What became of one trigger."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["taken", "ignored", "parked", "duplicate", "rejected"]


@dataclass(frozen=True)
class Verdict:
    """How an aggregate answered a trigger; `reason` (a code) and `detail` are there for what was rejected."""

    outcome: Outcome
    reason: str = ""
    detail: str = ""


TAKEN = Verdict("taken")
IGNORED = Verdict("ignored")
PARKED = Verdict("parked")
DUPLICATE = Verdict("duplicate")


def rejected(reason: str, detail: str = "") -> Verdict:
    return Verdict("rejected", reason, detail)
