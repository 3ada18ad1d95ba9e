"""What ended long ago goes to an archive: it is known there, read there, forgotten there, and comes back to change."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.verify import verify
from services.matching.offer.lifecycle import OFFER
from shared.aggregate import Archiving, Change, Store
from shared.aggregate.replay import replay
from tests.support.clock import ManualClock
from tests.support.memory import MemoryCollection
from tests.support.web import Caller
from tests.support.whole import Whole

AFTER = timedelta(days=300)
LONG = AFTER + timedelta(days=100)


@pytest.fixture
def whole(tmp_path: Path) -> Whole:
    return Whole(tmp_path, archive_after=AFTER)


def archive(whole: Whole, service: str) -> Any:
    return whole.stores[service].archive


def lives(whole: Whole, service: str, document_id: str) -> bool:
    return whole.stores[service].collection.find_one({"_id": document_id}) is not None


def archived_hire(whole: Whole) -> str:
    """A paid hire of long ago, with a review by the seeker."""
    offer_id = whole.hired(whole.published(), "bo")
    whole.settle(timedelta(days=1))
    body = {"stars": 5, "text": "so it was"}
    whole.call("matching", "bo", f"/v1/offers/{offer_id}/reviews", body)
    whole.settle(LONG)
    whole.settle(LONG)
    for service in ("matching", "escrow"):
        assert not lives(whole, service, offer_id)
        assert archive(whole, service).find_one({"_id": offer_id})["kind"] in ("offer", "escrow")
    return offer_id


def faults(whole: Whole) -> list[str]:
    return [
        f"{each.invariant} {each.subject} {each.message}" for r in verify(whole.snapshot()) for each in r.violations
    ]


# -- moved


def test_what_lives_stays_and_what_ended_goes(whole: Whole) -> None:
    """Not while anything may still come: held money, an open loss; not before its time."""
    listing_id = whole.published(seats=5)
    paid, charged = whole.hired(listing_id, "bo"), whole.hired(listing_id, "cas", "tok_chargeback")
    whole.settle(AFTER - timedelta(days=10))
    assert lives(whole, "matching", paid)

    whole.settle(LONG)

    assert not lives(whole, "matching", paid)
    assert not lives(whole, "escrow", paid)
    assert (whole.stores["escrow"].get(charged) or {})["state"] == "charged_back"
    assert lives(whole, "escrow", charged)
    assert faults(whole) == []


def test_what_is_archived_is_read_as_before(whole: Whole) -> None:
    """By its parties: the offer, its money, what may happen next, the history, lists, the export; the public record."""
    offer_id = archived_hire(whole)
    of = {sub: {name: Caller(whole.apps[name], sub) for name in ("matching", "escrow")} for sub in ("anna", "bo")}

    for sub in ("anna", "bo"):
        for service, path in (("matching", "offers"), ("escrow", "escrows")):
            get = of[sub][service].get
            assert get(f"/v1/{path}/{offer_id}").get_json()["version"] > 1
            assert get(f"/v1/{path}/{offer_id}/explain").status_code == 200
            assert get(f"/v1/{path}/{offer_id}/history").get_json()["items"]
            assert [
                each["id" if path == "offers" else "offer_id"] for each in get(f"/v1/{path}").get_json()["items"]
            ] == [offer_id]
            assert offer_id in str(get(f"/v1/me/export/{service}").get_json()["items"])
    assert of["bo"]["escrow"].get(f"/v1/escrows/{offer_id}/journal").get_json()["entries"]
    whole.verified("bo", "bo@home.example")
    record = of["bo"]["matching"].get(f"/v1/insiders/{of['anna']['matching'].id}").get_json()
    assert record["hires"] == 1
    assert Caller(whole.apps["matching"], "eve").get(f"/v1/offers/{offer_id}").status_code == 404


def test_no_event_is_taken_twice_and_none_recreates_it(whole: Whole) -> None:
    """All events are read again from the beginning: nothing changes, nothing lives that did not, nothing is dead."""
    offer_id = archived_hire(whole)
    before = whole.snapshot()
    for service in whole.stores:
        whole.broker.group(service).committed.clear()

    whole.settle()

    after = whole.snapshot()
    assert after.documents == before.documents
    assert not lives(whole, "escrow", offer_id)
    assert all(not ids for ids in after.dead.values())


def test_a_command_brings_it_back(whole: Whole) -> None:
    """It is taken as by any other; the document lives, its copy is gone, and goes again in its time."""
    offer_id = archived_hire(whole)

    whole.call("matching", "anna", f"/v1/offers/{offer_id}/end", {"on": "2027-06-01"})

    assert lives(whole, "matching", offer_id)
    assert archive(whole, "matching").find_one({"_id": offer_id}) is None
    assert (whole.stores["matching"].get(offer_id) or {})["ended"]["on"] == "2027-06-01"
    assert "archived_at" not in (whole.stores["matching"].whole(offer_id) or {})
    assert faults(whole) == []
    whole.settle(LONG)
    whole.settle(LONG)
    assert not lives(whole, "matching", offer_id)


def test_a_topic_is_rebuilt_from_the_archive(whole: Whole) -> None:
    """Replay has the relay send what archived documents emitted, with the ids that it had."""
    offer_id = archived_hire(whole)
    was = len(whole.broker.records("hire.confirmed"))

    assert replay(archive(whole, "matching")) > 0
    whole.settle()

    assert len(whole.broker.records("hire.confirmed")) == 2 * was
    assert not lives(whole, "matching", offer_id)
    assert faults(whole) == []


def test_a_person_is_forgotten_in_the_archive_too(whole: Whole) -> None:
    """No words are left of them, in neither place."""
    offer_id = archived_hire(whole)
    leaving = Caller(whole.apps["matching"], "bo").ask("DELETE", "/v1/me")
    assert leaving.status_code == 202, leaving.get_json()

    for _ in range(5):
        whole.settle(timedelta(minutes=2))

    for service in ("matching", "escrow"):
        places = (whole.stores[service].collection, archive(whole, service))
        found = [doc for place in places if (doc := place.find_one({"_id": offer_id}))]
        assert all(doc["erased_at"] for doc in found)
        assert "so it was" not in str(found)
    assert faults(whole) == []


# -- crashes and races


class Broken(Exception):
    """The process dies here."""


class Deal:
    """One offer that ended long ago, in a store whose process dies at one of its steps; `at` counts them."""

    def __init__(self) -> None:
        self.steps, self.dies_at = 0, 0
        self.clock = ManualClock()
        live, archive = MemoryCollection("offers", self._step), MemoryCollection("archive", self._step)
        self.live, self.archive = live, archive
        self.store = Store(live, self.clock, archive=archive)  # type: ignore[arg-type]
        self.store.run(
            {"deal": OFFER}, lambda changes: changes["deal"].set(state="declined", seeker="bo", parties=["bo"])
        )
        self.clock.advance(AFTER)

    def _step(self, step: str) -> None:
        self.steps += 1
        if self.steps == self.dies_at:
            raise Broken(step)

    def archiving(self) -> Archiving:
        return Archiving("matching", self.store, OFFER, AFTER, lambda doc: True)

    def dying(self, at: int, do: Callable[[], object]) -> bool:
        """Whether the process died in it."""
        self.steps, self.dies_at = 0, at
        try:
            do()
        except Broken:
            return True
        finally:
            self.dies_at = 0
        return False

    def count(self) -> int:
        return self.store.run({"deal": OFFER}, self._one_more)

    @staticmethod
    def _one_more(changes: dict[str, Change]) -> int:
        changes["deal"].set(counted=changes["deal"].get("counted", 0) + 1)
        return int(changes["deal"]["counted"])

    def places(self) -> list[str]:
        return [place.name for place in (self.live, self.archive) if place.find_one({"_id": "deal"})]


def test_a_move_may_break_off_anywhere() -> None:
    """It is never nowhere, and the next pass brings it to its end."""
    died = at = 0
    while at == died:
        at, deal = at + 1, Deal()
        died += deal.dying(at, deal.archiving().step)
        assert (deal.store.get("deal") or {})["state"] == "declined"
        assert [doc["_id"] for doc in deal.store.find({"parties": "bo"}, {"_id": 1})] == ["deal"]
        deal.archiving().step()
        assert deal.places() == ["archive"]

    assert died > 6


@pytest.mark.parametrize("moved", [True, False])
def test_a_change_may_break_off_anywhere(moved: bool) -> None:
    """Of an archived document, and of one whose move had broken off: it counts once for each time it was written, no
    copy is left behind the next pass, and what a copy says never counts.
    """
    died = at = 0
    while at == died:
        at, deal = at + 1, Deal()
        deal.archiving().step()
        if not moved:
            deal.live.insert_one({"_id": "deal", **deal.archive._projected("deal", {"archived_at": 0})})
        died += deal.dying(at, deal.count)
        written = (deal.store.get("deal") or {}).get("counted", 0)
        assert deal.count() == written + 1
        deal.archiving().step()
        assert deal.places() == ["offers"]
        assert [doc["counted"] for doc in deal.store.find({"parties": "bo"}, {"counted": 1})] == [written + 1]

    assert died > 4


def test_what_changes_while_it_is_moved_stays() -> None:
    """Whoever is first: a change that comes between copy and deletion is not lost, and its old copy is swept up."""
    deal = Deal()

    def change(step: str) -> None:
        if step == "replace_one:after":
            deal.archive.fault = lambda _: None
            deal.count()

    deal.archive.fault = change
    assert deal.archiving().step() == 0

    assert (deal.store.get("deal") or {})["counted"] == 1
    deal.archiving().step()
    assert deal.places() == ["offers"]


@pytest.mark.parametrize("moved", [True, False], ids=["brought back", "archived"])
def test_what_moves_while_it_is_looked_for_is_found_once(moved: bool) -> None:
    """At whichever touch of the database it moves, either way."""
    at = touched = 0
    while at == touched:
        at, deal, done = at + 1, Deal(), list[str]()
        if moved:
            deal.archiving().step()

        def move(step: str, deal: Deal = deal, at: int = at, done: list[str] = done) -> None:
            done.append(step)
            if len(done) == at:
                deal.live.fault = deal.archive.fault = lambda _: None
                _ = deal.count() if moved else deal.archiving().step()

        deal.live.fault = deal.archive.fault = move
        found = deal.store.find({"parties": "bo"}, {"_id": 1})
        assert [doc["_id"] for doc in found] == ["deal"], done
        touched = len(done)

    assert touched > 5


def test_without_an_archive_a_search_is_one_query() -> None:
    deal = Deal()
    deal.live.calls.clear()

    assert len(Store(deal.live, deal.clock).find({"parties": "bo"}, {"_id": 1})) == 1  # type: ignore[arg-type]
    assert deal.live.calls == {"find": 1}


def test_an_older_copy_replaces_no_newer_one() -> None:
    """A process that stood still between its look and its copy: meanwhile the document changed and was moved."""
    deal = Deal()

    def meanwhile(step: str) -> None:
        if step == "replace_one:before":
            deal.archive.fault = lambda _: None
            deal.count()
            deal.clock.advance(AFTER)
            assert deal.archiving().step() == 1

    deal.archive.fault = meanwhile
    assert deal.archiving().step() == 0

    assert deal.places() == ["archive"]
    assert (deal.store.get("deal") or {})["counted"] == 1
