"""What `golem backfill` does, in memory: a service takes what an older version did not keep, and nobody else hears."""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy import SERVICES
from deploy.system.backfill import lacking
from deploy.verify import verify
from deploy.verify.snapshot import routes
from shared.aggregate import Batch
from shared.messaging.ports import Record
from shared.messaging.redriven import pointer
from tests.support.web import Caller
from tests.support.whole import Whole

Older = Callable[["Agreements"], None]
_WRITTEN_ANEW = ("version", "updated_at", "created_at", "published", "outbox_at")


class Agreements(Whole):
    """A hire that paid, one that was called off, an offer that waits, a person who left, and a register."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        register = {"name": "Acme BV", "domain": "acme.example", "mailboxes": ["people"]}
        self.call("matching", "olga", "/v1/employers", register, "operator")
        for sub in ("anna", "bo"):
            self.verified(sub, f"{sub}@mail.example")
        self.listing_id = self.published(seats=5, employer={"name": "Acme BV", "domain": "acme.example"})
        self.hire = self.hired(self.listing_id, "bo")
        called_off = self.funded(self.listing_id, "cas")
        self.call("matching", "anna", f"/v1/offers/{called_off}/cancel", {"reason": "no time"})
        self.accepted(self.listing_id, "dora")
        self.call("matching", "eve", "/v1/offers", {"listing_id": self.listing_id, "help": ["coaching"]})
        assert Caller(self.apps["matching"], "eve").ask("DELETE", "/v1/me").status_code == 202
        for _ in range(4):
            self.settle(timedelta(minutes=1))

    def batch(self, service: str) -> Batch:
        return Batch(self.stores[service], routes(service))

    def lacking(self, service: str) -> dict[str, Record]:
        """{event id: record} of what the service lacks."""
        return dict(lacking(self.batch(service), self.broker.records(*routes(service))))

    def send(self, service: str, records: Mapping[str, Record]) -> None:
        for event_id, record in records.items():
            self.broker.append(pointer(service, event_id, record))
        self.settle()

    def documents(self, but: Collection[str] = ()) -> dict[str, Any]:
        return {
            f"{name} {doc['_id']}": {field: value for field, value in doc.items() if field not in but}
            for name, store in self.stores.items()
            for doc in store.collection.find()
            if doc["_id"] != "lease"
        }

    def on_public_topics(self) -> list[Record]:
        return [record for record in self.broker.records() if not record.topic.endswith((".dead", ".redrive"))]

    def update(self, service: str, kind: str, *gone: str, **changed: Any) -> None:
        """Make the documents of a kind what another version would have left."""
        update = {"$unset": dict.fromkeys(gone, "")} if gone else {}
        collection = self.stores[service].collection
        for doc in list(collection.find({"kind": kind})):
            collection.update_one({"_id": doc["_id"]}, update | ({"$set": changed} if changed else {}))


@pytest.fixture
def given(tmp_path: Path) -> Agreements:
    return Agreements(tmp_path)


def kept_no_copies_of_offers(given: Agreements) -> None:
    collection = given.stores["notify"].collection
    for doc in list(collection.find({"kind": "offer", "parties": {"$exists": True}})):  # of people who are there
        collection.delete_one({"_id": doc["_id"]})


def copied_offers_without_hires(given: Agreements) -> None:
    given.update("notify", "offer", "hired", "activated")


def kept_no_workplaces(given: Agreements) -> None:
    given.update("notify", "listing", "workplace_mark")


def unveiled_without_offers(given: Agreements) -> None:
    given.update("listing", "unveiled", "offers", "ended", "hired", state="known")


def copied_listings_for_offers_alone(given: Agreements) -> None:
    given.update("matching", "listing", "country", "industry", "facets", "rank")


def wrote_over_listings_of_a_newer_one(given: Agreements) -> None:
    """The way back: it took a later event, and left as it was what it does not know."""
    given.update("matching", "listing", country="FR", facets=["occupation:old"])


def kept_the_register_without_mailboxes(given: Agreements) -> None:
    given.update("notify", "employer", marks=[])


OLDER: Mapping[Older, str] = {
    kept_no_copies_of_offers: "notify",
    copied_offers_without_hires: "notify",
    kept_no_workplaces: "notify",
    unveiled_without_offers: "listing",
    copied_listings_for_offers_alone: "matching",
    wrote_over_listings_of_a_newer_one: "matching",
    kept_the_register_without_mailboxes: "notify",
}


@pytest.mark.parametrize("older", OLDER, ids=lambda older: older.__name__)
def test_what_an_older_version_did_not_keep_is_there_afterwards_and_nobody_else_heard(
    given: Agreements, older: Older
) -> None:
    """Only the service that lacks it is sent anything, and only its copies change; once."""
    before, topics = given.documents(but=_WRITTEN_ANEW), given.on_public_topics()
    older(given)
    assert given.documents(but=_WRITTEN_ANEW) != before
    found = {name: given.lacking(name) for name in SERVICES}
    assert {name for name, records in found.items() if records} == {OLDER[older]}
    for name, records in found.items():
        given.send(name, records)

    assert given.documents(but=_WRITTEN_ANEW) == before
    assert given.on_public_topics() == topics
    assert [given.lacking(name) for name in SERVICES] == [{}] * len(SERVICES)
    assert [each for result in verify(given.snapshot()) for each in result.violations] == []


def test_it_goes_on_where_it_ended(given: Agreements) -> None:
    """Stopped after three, asked again: the rest is lacking, and nothing that was taken."""
    kept_no_copies_of_offers(given)
    found = given.lacking("notify")
    first = dict(list(found.items())[:3])
    given.send("notify", first)
    rest = given.lacking("notify")

    assert first and set(rest) <= set(found) - set(first)
    given.send("notify", rest)
    assert given.lacking("notify") == {}


def test_what_is_known_to_be_under_way_is_not_lacking(given: Agreements) -> None:
    kept_no_copies_of_offers(given)
    records = given.broker.records(*routes("notify"))
    found = dict(lacking(given.batch("notify"), records))
    known = list(found)[:2]

    assert not set(known) & set(dict(lacking(given.batch("notify"), records, known)))
    assert [each for each, _ in lacking(given.batch("notify"), [*records, *records])] == list(found)


def test_what_has_everything_is_changed_by_no_event_that_is_sent_again(given: Agreements) -> None:
    """All of them, to every service: no document, no timer, no event, no letter."""
    before, topics = given.documents(), given.on_public_topics()
    for name in SERVICES:
        assert given.lacking(name) == {}
        given.send(name, {f"any {n}": record for n, record in enumerate(given.broker.records(*routes(name)))})

    assert given.documents() == before
    assert given.on_public_topics() == topics
    assert [record for name in SERVICES for record in given.broker.records(f"{name}.dead")] == []


def test_nobody_is_mailed_what_an_older_version_did_not_notify_of(given: Agreements) -> None:
    """It can be read, as if it had been told then."""
    collection = given.stores["notify"].collection
    told = [doc for doc in collection.find({"kind": "notification"}) if doc["event_type"] == "hire.confirmed"]
    assert told and all(doc["state"] == "sent" or doc.get("undelivered") == "no_address" for doc in told), told
    for doc in told:
        collection.delete_one({"_id": doc["_id"]})
    given.send("notify", given.lacking("notify"))

    again = [given.stores["notify"].get(doc["_id"]) or {} for doc in told]
    assert [(doc["state"], doc["undelivered"]) for doc in again] == [("skipped", "too_old")] * len(told)
    assert [doc["text"] for doc in again] == [doc["text"] for doc in told]


def test_what_no_service_would_take_is_not_lacking(given: Agreements) -> None:
    """An event in another's topic, from another than its owner, cut short, or not to be parsed."""
    kept_no_copies_of_offers(given)
    (record, *_) = given.lacking("notify").values()
    odd = [
        Record("offer.closed", 0, 0, record.key, record.value, record.headers),
        Record(record.topic, 0, 0, record.key, record.value, (*record.headers[:2], ("ce_source", b"urn:evil"))),
        Record(record.topic, 0, 0, record.key, (record.value or b"")[:-3], record.headers),
        Record(record.topic, 0, 0, record.key, record.value, record.headers, unreadable="torn"),
    ]

    assert list(lacking(given.batch("notify"), odd)) == []
