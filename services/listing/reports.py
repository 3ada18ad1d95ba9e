"""What follows for a listing that was reported: it rests once several people have, and a moderator's decision is done.

The record and the listing are two documents. So the record keeps what the listing is to do, and its timer has it done:
the trigger's id makes a repeat harmless, and what the listing is past is refused by its table.
"""

from collections import Counter
from typing import Any

from shared.aggregate import Change, Lifecycle, Refusal, Store, Trigger
from shared.reports import records
from shared.settings import Terms

DECISIONS = ("keep", "remove")
CARRY = "carry"
_REASONS = {
    "fraud": "not_genuine", "money_outside": "unlawful", "names_employer": "employer_named",
    "discriminates": "unlawful", "not_a_role": "not_genuine",
}  # fmt: skip
"""Of a removal, by the reason that it was reported for most."""


def rest(change: Change, terms: Terms) -> None:
    """Have the listing rest, once for each round of reports, where enough people have reported it."""
    round_ = len(change.get("decisions", ()))
    if records.recent_people(change, terms) >= terms.reports_to_rest and change.get("rests") != round_:
        change.set(rests=round_)
        _ask(change, "rest", "reports")


def decided(change: Change, decision: str, told: list[str]) -> None:
    """Tell each reporter who has an account, and have the listing do it."""
    for person in told:
        data = {"person_id": person, "listing_id": change["about"], "decision": decision}
        change.emit("report.decided", data)
    [(common, _)] = Counter(each["reason"] for each in change["reports"]).most_common(1)
    _ask(change, decision, change["decisions"][-1]["by"], _REASONS.get(common, "other"))


def _ask(change: Change, name: str, by: str, reason: str = "other") -> None:
    asked = {"name": name, "id": f"{change.id}:{name}:{change.base_version}", "by": by, "reason": reason}
    change.set(asked=[*change.get("asked", ()), asked])
    change.schedule(CARRY, change.now)


class Carrying:
    """The timers of the records."""

    def __init__(self, store: Store, listing: Lifecycle) -> None:
        self._store, self._listing = store, listing

    def on_timer(self, change: Change, timer: str) -> None:
        if timer == records.TIDY:
            records.tidy(change, self._listing.terms)
        if timer == CARRY:
            for asked in change.get("asked", ()):
                self._do(change["about"], asked)
            change.set(asked=None)

    def _do(self, listing_id: str, asked: dict[str, Any]) -> None:
        by = asked["by"]
        roles = frozenset({"reports" if by == "reports" else "moderator"})

        def decide(changes: dict[str, Change]) -> None:
            change = changes[listing_id]
            data = {"reason": asked["reason"]}
            try:
                self._listing.fold(
                    change, Trigger(asked["name"], asked["id"], "command", change.now, data, by=by, roles=roles)
                )
            except Refusal:
                return  # it has ended, or was never published again

        self._store.run({listing_id: self._listing}, decide)
