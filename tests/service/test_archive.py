"""The archive on a real database: moved, read in one order with what lives, and brought back by a change."""

from datetime import timedelta
from typing import Any

import pytest
from pymongo import DESCENDING
from pymongo.database import Database

from services.matching.offer.lifecycle import OFFER
from services.matching.store import MIGRATIONS
from shared.aggregate import Archiving, Change, Store, archive_of, behind, migrate
from shared.aggregate.store import collection
from shared.process.main import Service
from tests.support.clock import ManualClock
from tests.support.programs import WHOLE

AFTER = timedelta(days=400)


@pytest.mark.parametrize("service", [each for each in WHOLE.values() if each.archives], ids=lambda each: each.name)
def test_the_job_gives_an_archive_its_later_indexes_whatever_the_terms_say(
    service: Service[Any], mongo_server: str, database: Database[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told no term, so ARCHIVE_AFTER may be anything; and it makes no archive where none is."""
    living, archive = database[service.collection], database[archive_of(service.collection)]
    for name, value in {"MONGODB_URI": mongo_server, "MONGODB_DATABASE": database.name}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("ARCHIVE_AFTER", raising=False)

    assert service.main(["migrate"]) == 0
    assert archive.name not in database.list_collection_names()
    migrate(archive, service.migrations[:-1])
    archive.insert_one({"_id": "deal-1", "kind": "any", "version": 1})
    assert service.main(["migrate"]) == 0

    assert behind(archive, service.migrations) == behind(living, service.migrations) == 0
    assert {*archive.index_information()} == {*living.index_information()}


def test_documents_go_and_come_back(database: Database[dict[str, Any]]) -> None:
    """Ten that ended, of which two changed yesterday; all ten are one list; one comes back and is the only one."""
    clock = ManualClock()
    store = Store(collection(database, "offers"), clock, archive=collection(database, archive_of("offers")))
    assert store.archive is not None
    for each in (store.collection, store.archive):
        migrate(each, MIGRATIONS)

    def ended(change: Change) -> None:
        change.set(state="declined", parties=["bo"], position=f"{change.id}")

    def run(document_id: str, decide: Any) -> None:
        store.run({document_id: OFFER}, lambda changes: decide(changes[document_id]))

    ids = [f"deal-{n}" for n in range(10)]
    for document_id in ids:
        run(document_id, ended)
    clock.advance(AFTER)
    for document_id in ids[:2]:
        run(document_id, lambda change: change.set(said=True))
    archiving = Archiving("matching", store, OFFER, AFTER, lambda doc: True, batch=4)

    assert sum(archiving.step() for _ in range(3)) == 8

    assert sorted(doc["_id"] for doc in store.archive.find({"kind": "offer"})) == ids[2:]
    assert sorted(store.load([*ids, "unknown"])) == ids
    page = store.find({"parties": "bo"}, {"position": 1}, [("position", DESCENDING)], 5)
    assert [doc["_id"] for doc in page] == ids[:4:-1]
    run("deal-7", lambda change: change.set(said=True))
    assert store.archive.find_one({"_id": "deal-7"}) is None
    assert (store.whole("deal-7") or {}).keys() >= {"said", "parties"}
    assert len(store.find({"parties": "bo"}, {"_id": 1})) == 10
