"""What follows for an insider who was reported: a moderator's decision is told to all whom it concerns, no more.

What measures there are stand elsewhere: a moderator removes listings, staff call off offers.
"""

from dataclasses import dataclass

from shared.aggregate import Change
from shared.reports import records
from shared.reports.desk import lifecycle
from shared.settings import Terms

DECISIONS = ("keep", "act")


def decided(change: Change, decision: str, told: list[str]) -> None:
    for person in (*told, change["about"]):
        data = {"person_id": person, "insider": change["about"], "decision": decision}
        change.emit("insider_report.decided", data)


REPORT = lifecycle(decided)


@dataclass(frozen=True)
class Tidying:
    """The one timer of a record."""

    terms: Terms

    def on_timer(self, change: Change, timer: str) -> None:
        records.tidy(change, self.terms)
