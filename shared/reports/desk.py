"""Where reports come in, and where moderators decide on them: what both services with reports have alike."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING
from pymongo.collection import Collection

from shared.aggregate import Change, Document, Lifecycle, Row, Store, Trigger
from shared.http.answer.commands import Resource
from shared.http.answer.pages import after_text, text_page
from shared.http.declare.operations import Answer, Call
from shared.http.declare.principal import Principal
from shared.http.problems import Fault, Problem
from shared.http.request.limits import Pace
from shared.ids import report_mark
from shared.reports import records
from shared.reports.records import KIND, Reporter, record_id
from shared.settings import Terms

POLICY = "/v1/policies/reporting"
MODERATORS = ("moderator",)
_SHOWN = 50
_DAY = 86_400.0
Decided = Callable[[Change, str, list[str]], None]
"""What follows: the record, the decision, the reporters to tell."""


def index_reports(collection: Collection[Document]) -> None:
    """The moderators' queue, oldest first, and what a person has reported."""
    collection.create_index([("report_status", ASCENDING), ("report_sort_key", ASCENDING)], sparse=True)
    collection.create_index([("reporters", ASCENDING)], sparse=True)


def forget_reporter_in(store: Store, record: str, person: str) -> None:
    store.run({record: KIND}, lambda changes: records.forget_reporter(changes[record], person))


def forget_texts_about(store: Store, about: str) -> bool:
    """Whether there were any."""
    at = record_id(about)
    record = store.get(at) or {}
    written = (*record.get("reports", ()), *record.get("decisions", ()))
    if not any({"text", "note"} & set(each) for each in written):
        return False
    store.run({at: KIND}, lambda changes: records.forget_texts(changes[at]))
    return True


def lifecycle(then: Decided) -> Lifecycle:
    """What a moderator may do with a record; `then` adds what follows from it."""

    def act(change: Change, trigger: Trigger) -> None:
        decision = str(trigger.data["decision"])
        then(change, decision, records.decide(change, decision, str(trigger.by), trigger.data.get("note")))

    decides = Row(("open",), "decide", to="decided", by=MODERATORS, act=act)
    return Lifecycle(KIND, states=("new", "open", "decided"), rows=(decides,), public=lambda change: {})


class Limit:
    """New reports of one reporter: so many at once, and over time so many a day. Counted in memory, so each process
    counts for itself; people apart from addresses, of which there may be any number.
    """

    def __init__(self, a_day: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.people, self.addresses = (Pace(_DAY / a_day, _DAY, monotonic) for _ in range(2))

    def check(self, person: str | None, address: str) -> None:
        """Counts one; Problem 429 with Retry-After where it is one too many."""
        wait = self.addresses.wait(address) if person is None else self.people.wait(person)
        if wait:
            raise Problem("too-many-requests", "These are many reports for one day. Go on later.", retry_after=wait)


@dataclass(frozen=True)
class Desk:
    """Of one service."""

    records: Resource
    key: bytes
    limit: Limit
    mailbox_of: Callable[[str], str | None]

    @classmethod
    def of(
        cls, store: Store, table: Lifecycle, key: bytes, path: str, mailbox_of: Callable[[str], str | None]
    ) -> "Desk":
        """`mailbox_of` gives the mark of a person's verified mailbox, which all its accounts have alike."""
        return cls(Resource(store, table, _roles, view, path), key, Limit(table.terms.reports_a_day), mailbox_of)

    @property
    def terms(self) -> Terms:
        return self.records.lifecycle.terms

    def take(
        self, call: Call[Any], about: str, insider_of: Callable[[], str], then: Callable[[Change], None] | None = None
    ) -> Answer:
        """Take a report from whoever calls. `insider_of` says whom it is about, or raises Problem 404; `then` adds what
        follows. A repeat gets the same answer. Raises Problem 422 for one's own, 429.
        """
        at, person = record_id(about), call.caller.person_id if call.caller else None
        reporter = self._reporter(about, person, call.address)
        received = Answer({"about": about, "policy": POLICY}, 202)
        if records.has_reported(self.records.store.get(at) or {}, reporter):
            return received
        insider = insider_of()
        if insider == person:
            fault = Fault("", "no-self-report", "report what is another's")
            raise Problem("refused-by-rule", "This is your own.", errors=[fault])
        self.limit.check(person, call.address)

        def decide(changes: dict[str, Change]) -> None:
            change = changes[at]
            records.add(change, about, insider, reporter, call.body, self.terms)
            if then is not None:
                then(change)

        self.records.store.run({at: self.records.lifecycle}, decide)
        return received

    def _reporter(self, about: str, person: str | None, address: str) -> Reporter:
        if person is None:
            return Reporter(mark=report_mark(self.key, about, address))
        mailbox = self.mailbox_of(person)
        return Reporter(person, report_mark(self.key, about, f"mailbox:{mailbox}") if mailbox else None)

    def page(self, call: Call[Any]) -> Answer:
        """The moderators' queue, the longest waiting first, without what is about the moderator."""
        after = after_text(call)
        query: dict[str, Any] = {"report_status": call.query["status"], "insider": {"$ne": call.person}}
        if after:
            query["report_sort_key"] = {"$gt": after}
        found = self.records.store.collection.find(query, {"events": 0}).sort("report_sort_key", ASCENDING)
        return text_page(call, list(found.limit(call.page.limit + 1)), "report_sort_key", view)

    def decide(self, call: Call[Any]) -> Answer:
        return self.records.command(call, call.body, at=record_id(call.id))

    def own(self, person: str) -> list[dict[str, Any]]:
        """A person's own reports, for themselves."""
        found = self.records.store.collection.find({"reporters": person}, {"about": 1, "reports": 1})
        return [{**each, "about": doc["about"]} for doc in found for each in doc["reports"]
                if each.get("person") == person]  # fmt: skip


def view(record: Document, roles: frozenset[str] = frozenset()) -> dict[str, Any]:
    """As moderators see it: what was reported and by how many, but not by whom."""
    reports = record["reports"]
    people = sum("person" in each for each in reports)
    return {
        "id": record["about"],
        "status": record["state"],
        "version": record["version"],
        "since": record["opened_at"],
        "people": people,
        "addresses": len(reports) - people,
        "more": record.get("more", 0),
        "reasons": [{"reason": r, "count": n} for r, n in Counter(each["reason"] for each in reports).most_common()],
        "reports": [{**each, "account": "person" in each} for each in reports[: -_SHOWN - 1 : -1]],
        "decisions": record.get("decisions", []),
    }


def _roles(record: Mapping[str, Any], principal: Principal) -> frozenset[str]:
    """Nobody decides on what is about themselves."""
    return frozenset() if record["insider"] == principal.person_id else principal.roles & frozenset(MODERATORS)
