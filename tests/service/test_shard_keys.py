"""The shard key is the id: whatever writes a document, and whatever reads one, says which. The rest is a named list.

The whole market is played on a real database, with an ear on what its driver sends there: hires, people who are
forgotten, webhooks, the register of employers, reports, and what workers write of themselves.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from deploy import ROOT, SERVICES
from shared.aggregate import migrate
from shared.aggregate.store import collection
from shared.process import status
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
    "unsubmitted": "how many listings a person wrote and did not hand in, now and then as they write one",
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
    "arrived_at": "from which number on the log is read from a time on",
    "readers": "a person's events in the log; forgetting them",
    "sends": "the webhooks that are active",
    "deliver_at": "the deliverer: deliveries that are due",
    "begun_at": "deliveries that are too old to be stored",
    "webhook_id": "a webhook's deliveries; those that failed and are sent again",
    "domain_mark": "the listings at an employer that staff have registered or taken off",
    "report_status": "the moderators' queue of reports",
    "_id": "by a range of ids: what workers wrote of themselves, for an operator",
}
"""The queries that ask every shard, by the field that leads them; none of them is on the way of a hire but the first
two, which each shard answers out of an index of what waits.
"""

WRITTEN_EVERYWHERE: Mapping[str, str] = {
    "webhook_id": "the deliveries of a webhook that is deleted",
    "at": "what workers wrote of themselves, by a range of ids, once they have been away for an hour",
}
"""The same of writes: both delete, and may be repeated."""


class Ear(CommandListener):
    """Notes the filters of reads and writes by collection: the names of their fields; nothing where the id is one, or
    is one of a list."""

    def __init__(self) -> None:
        self.reads: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        self.writes: dict[str, set[tuple[str, ...]]] = defaultdict(set)

    def forget(self) -> None:
        self.reads.clear()
        self.writes.clear()

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
        notes[where].add(() if targeted or copies else tuple(query))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to note."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to note."""


@pytest.fixture
def heard(mongo_server: str, database: Any, tmp_path: Path) -> Iterator[Ear]:
    ear = Ear()
    client: MongoClient[dict[str, Any]] = MongoClient(mongo_server, event_listeners=[ear])
    try:
        whole = Whole(tmp_path, lambda name: collection(client[database.name], name), archive_after=timedelta(days=30))
        whole.with_indexes()
        ear.forget()
        play(whole)
        yield ear
    finally:
        client.close()


def play(whole: Whole) -> None:
    """Somebody sells help, others are hired, call it off, dispute, read their lists, and are forgotten."""
    profile = {"occupations": [DEVELOPER], "help": ["coaching"]}
    assert Caller(whole.apps["matching"], "bo").ask("PUT", "/v1/me/profile", profile).status_code == 200
    hook = refused(whole)
    listing_id = whole.published(seats=3, employer={"name": "Acme BV", "domain": ACME})
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
    send_again(whole, hook)
    register(whole)
    report(whole, listing_id)
    for _ in range(4):
        whole.settle(timedelta(days=60))
    assert Caller(whole.apps["notify"], "anna").ask("DELETE", hook).status_code == 204
    operate(whole)
    assert Caller(whole.apps["matching"], "bo").ask("DELETE", "/v1/me").status_code == 202
    for _ in range(4):
        whole.settle(timedelta(minutes=2))


def refused(whole: Whole) -> str:
    """A webhook of anna's whose receiver takes the test, and nothing after it. Its path."""
    made = Caller(whole.apps["notify"], "anna").post("/v1/webhooks", {"url": HOOK, "types": ["*"]})
    assert made.status_code == 201, made.get_json()
    whole.settle()
    whole.receivers.answers[HOOK] = [(400, {"webhook-delivery": "abort-message"})]
    return f"/v1/webhooks/{made.get_json()['id']}"


def send_again(whole: Whole, hook: str) -> None:
    """What failed there is delivered."""
    anna = Caller(whole.apps["notify"], "anna")
    whole.receivers.answers[HOOK] = [200]
    assert anna.get(f"{hook}/deliveries?status=failed").get_json()["items"]
    assert anna.post(f"{hook}/replay", {"since": "2027-01-01T00:00:00Z"}).status_code == 202
    whole.settle(timedelta(minutes=1))
    assert anna.get(f"{hook}/deliveries?status=failed").get_json()["items"] == []


def register(whole: Whole) -> None:
    """Staff register the employer of the listing, and take it off."""
    operator = Caller(whole.apps["matching"], "olga", ("operator",))
    assert operator.post("/v1/employers", {"name": "Acme BV", "domain": ACME}).status_code == 201
    whole.settle()
    (employer,) = operator.get("/v1/employers").get_json()["items"]
    assert operator.post(f"/v1/employers/{employer['id']}/remove").status_code == 200
    whole.settle()


def report(whole: Whole, listing_id: str) -> None:
    """The listing is reported, and a moderator decides."""
    said = {"reason": "fraud", "text": "It wants a deposit"}
    assert Caller(whole.apps["listing"], "cas").post(f"/v1/listings/{listing_id}/reports", said).status_code == 202
    whole.settle()
    moderator = Caller(whole.apps["listing"], "mo", ("moderator",))
    assert [each["id"] for each in moderator.get("/v1/reports?status=open").get_json()["items"]] == [listing_id]
    assert moderator.post(f"/v1/reports/{listing_id}/decide", {"decision": "keep"}).status_code == 200
    whole.settle()


def operate(whole: Whole) -> None:
    """Workers say how they are, one goes, and an operator looks."""
    for name, store in whole.stores.items():
        status.sign(store, f"{name}-1", timedelta(minutes=5), [], None)
        status.forget(store)
        answer = Caller(whole.apps[name], "olga", ("operator",)).get(f"/v1/status/{name}")
        assert answer.status_code == 200 and len(answer.get_json()["workers"]) == 1


ACME, HOOK = "acme.example", "https://hook.example/golem"
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
    """No read or write asks every shard that is not on its list; what is on it was heard."""
    reads, writes = leading(heard.reads), leading(heard.writes)

    assert sorted(reads - EVERYWHERE.keys()) == []
    assert writes == WRITTEN_EVERYWHERE.keys()
    assert reads >= {"parties", "due_at", "outbox_at", "hired_by", "facets"}
    assert reads >= {"webhook_id", "deliver_at", "domain_mark", "report_status", "_id"}


def leading(notes: Mapping[str, set[tuple[str, ...]]]) -> set[str]:
    """The field that leads each filter which names no document."""
    shapes = {shape for each in notes.values() for shape in each if shape}
    return {next((name for name in shape if name != "_id"), "_id") for shape in shapes}


def test_the_page_names_them() -> None:
    """docs/scale.md says of each why it may."""
    page = (ROOT / "docs" / "scale.md").read_text("utf-8")
    listed = [*EVERYWHERE.items(), *WRITTEN_EVERYWHERE.items()]

    assert [name for name, why in listed if f"| `{name}` | {why} |" not in page] == []


def test_one_collection_has_a_unique_index_beside_the_id(mongo_server: str, database: Any) -> None:
    """A collection sharded by the hash of its ids may have none: notify's is the one that cannot be."""
    client: MongoClient[dict[str, Any]] = MongoClient(mongo_server)
    unique: dict[str, list[str]] = {}
    for service in SERVICES:
        made = client[database.name][service]
        migrate(made, import_module(f"services.{service}.store").MIGRATIONS)
        indexes = made.index_information().values()
        unique[service] = [name for each in indexes if each.get("unique") for name, _ in each["key"] if name != "_id"]
    client.close()

    assert unique == {"listing": [], "matching": [], "escrow": [], "notify": ["log_number"]}
