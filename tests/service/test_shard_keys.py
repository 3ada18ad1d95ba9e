"""The shard key is the id: whatever writes a document, and whatever reads one, says which. The rest is a named list.

The whole market is played on a real database, with an ear on what its driver sends there.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from deploy import ROOT
from shared.aggregate.store import collection
from tests.support.web import Caller
from tests.support.whole import Whole

DEVELOPER = {"scheme": "ISCO-08", "code": "2512"}

EVERYWHERE: Mapping[str, str] = {
    "outbox_at": "the relay: what waits to be published",
    "due_at": "the poller: what is due",
    "timers.instruction": "the poller, once a minute: tries that a wrong clock has put off",
    "parked.id": "the poller: what was left for it to fold",
    "parties": "a person's offers and escrows; forgetting them; what they lost",
    "person": "a person's notifications; forgetting them",
    "insider": "an insider's listings",
    "owner": "forgetting a person",
    "reporters": "the reports that a person made",
    "hired_by": "an insider's hires, for their record",
    "live_on": "the offers on a listing that ends",
    "application": "the offers that name an application",
    "facets": "listings that match, and their search",
    "wants": "who is told at once of a new listing",
    "version": "whether a service has any document, once, when its worker begins",
    "staff_list": "a list of staff's",
    "listed": "the same, as an older version wrote it",
    "kind": "passes over everything by id: reconciliation, archive",
    "state": "published listings, the newest first",
    "staff_lists.held": "lists of staff's, one field each: payouts, held, refused, disputes",
    "flagged.since": "what staff have to look at: books that differ",
    "blocked.since": "the same: what the provider refused",
    "dispute.opened_at": "the same: disputes",
    "loss_since": "the same: losses",
    "$or": "the same: for any of these reasons",
    "seeker": "to whom an employer's name is shown",
    "arrival": "the log of events: what waits for its number",
    "log_number": "the log in its order, and how far it is",
    "readers": "a person's events in the log; forgetting them",
    "sends": "the webhooks that are active",
    "deliver_at": "the deliverer: deliveries that are due",
    "begun_at": "deliveries that are too old to be stored",
}
"""The queries that ask every shard, by the field that leads them; none of them is on the way of a hire but the first
two, which each shard answers out of an index of what waits.
"""


class Ear(CommandListener):
    """Notes the filters of reads and writes by collection."""

    def __init__(self) -> None:
        self.reads: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        self.writes: dict[str, set[tuple[str, ...]]] = defaultdict(set)

    def started(self, event: CommandStartedEvent) -> None:
        command, name = event.command, event.command_name
        match name:
            case "find" | "count":
                self._note(self.reads, command[name], command.get("filter", command.get("query", {})))
            case "aggregate":
                stages = [stage["$match"] for stage in command["pipeline"] if "$match" in stage]
                self._note(self.reads, command[name], stages[0] if stages else {})
            case "update" | "delete":
                for each in command["updates" if name == "update" else "deletes"]:
                    self._note(self.writes, command[name], each["q"])
            case "findAndModify":
                self._note(self.writes, command[name], command["query"])

    def _note(self, notes: dict[str, set[tuple[str, ...]]], where: str, query: Mapping[str, Any]) -> None:
        targeted = isinstance(query.get("_id"), str) or "$in" in (query.get("_id") or {})
        copies = all("_id" in each for each in query.get("$or", ())) and "$or" in query
        notes[where].add(("_id",) if targeted or copies else tuple(query))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to note."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to note."""


@pytest.fixture
def heard(mongo_server: str, database: Any, tmp_path: Path) -> Iterator[Ear]:
    ear = Ear()
    client: MongoClient[dict[str, Any]] = MongoClient(mongo_server, event_listeners=[ear])
    try:
        play(Whole(tmp_path, lambda name: collection(client[database.name], name), archive_after=timedelta(days=30)))
        yield ear
    finally:
        client.close()


def play(whole: Whole) -> None:
    """Somebody sells help, others are hired, call it off, dispute, read their lists, and are forgotten."""
    profile = {"occupations": [DEVELOPER], "help": ["coaching"]}
    assert Caller(whole.apps["matching"], "bo").ask("PUT", "/v1/me/profile", profile).status_code == 200
    listing_id = whole.published(seats=3)
    paid, back = whole.hired(listing_id, "bo"), whole.funded(listing_id, "cas")
    whole.call("matching", "cas", f"/v1/offers/{back}/cancel", {})
    whole.call("escrow", "dan", f"/v1/escrows/{whole.funded(listing_id, 'dan')}/dispute", {"reason": "other"})
    whole.call("matching", "bo", f"/v1/offers/{paid}/reviews", {"stars": 5, "text": "so it was"})
    for service, paths in READ.items():
        for path in paths:
            answer = Caller(whole.apps[service], "bo").get(path.format(listing=listing_id, offer=paid))
            assert answer.status_code == 200, (path, answer.get_json())
    for service, path in STAFF:
        assert Caller(whole.apps[service], "olga", ("operator", "moderator", "arbiter")).get(path).status_code == 200
    for _ in range(4):
        whole.settle(timedelta(days=60))
    assert Caller(whole.apps["matching"], "bo").ask("DELETE", "/v1/me").status_code == 202
    for _ in range(4):
        whole.settle(timedelta(minutes=2))


READ = {
    "listing": ("/v1/listings", "/v1/listings/{listing}", "/v1/me/export/listing"),
    "matching": (
        "/v1/offers", "/v1/offers/{offer}", "/v1/offers/{offer}/history", "/v1/offers/{offer}/reviews", "/v1/matches",
        "/v1/account", "/v1/me/export/matching",
    ),
    "escrow": ("/v1/escrows", "/v1/escrows/{offer}", "/v1/escrows/{offer}/journal", "/v1/me/export/escrow"),
    "notify": ("/v1/notifications", "/v1/me/export/notify"),
}  # fmt: skip
STAFF = (("escrow", "/v1/reconciliation"), ("escrow", "/v1/reconciliation/held"), ("matching", "/v1/employers"))


def test_each_write_and_each_read_of_one_document_says_which(heard: Ear) -> None:
    """No write asks every shard; no read does that is not on the list."""
    assert {where: shapes - {("_id",)} for where, shapes in heard.writes.items()} == {
        where: set() for where in heard.writes
    }
    others = {shape for shapes in heard.reads.values() for shape in shapes - {("_id",)}}
    leading = {next((name for name in shape if name != "_id"), "_id") for shape in others}
    assert sorted(leading - EVERYWHERE.keys()) == []
    assert leading >= {"parties", "due_at", "outbox_at", "hired_by", "facets"}


def test_the_page_names_them() -> None:
    """docs/scale.md says of each why it may."""
    page = (ROOT / "docs" / "scale.md").read_text("utf-8")

    assert [name for name, why in EVERYWHERE.items() if f"| `{name}` | {why} |" not in page] == []
