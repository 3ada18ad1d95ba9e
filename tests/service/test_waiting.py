"""What waits in a service's documents, counted for its gauges, over memory and over the real server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.aggregate import Waiting, migrate, waiting
from shared.aggregate.store import collection
from tests.support.memory import MemoryCollection

NOW = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["memory", "server"])
def documents(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "memory":
        made: Any = MemoryCollection()
    else:
        made = collection(request.getfixturevalue("database"), "boxes")
    migrate(made)
    yield made


def test_nothing_waits(documents: Any) -> None:
    """A document at rest is in none of the counts."""
    documents.insert_one({"_id": "a", "kind": "box", "seq": 1, "published": 1})

    assert waiting(documents, NOW) == Waiting(0, 0.0, 0, 0, 0)


def test_what_waits(documents: Any) -> None:
    """Documents to be published and the oldest's age, timers that are long overdue, and each parked event."""
    for number, age in enumerate((5, 70, 20)):
        documents.insert_one({"_id": f"o{number}", "kind": "box", "outbox_at": NOW - timedelta(seconds=age)})
    for number, ahead in enumerate((-31, -30, -29, 0, 1)):
        documents.insert_one({"_id": f"d{number}", "kind": "box", "due_at": NOW + timedelta(seconds=ahead)})
    documents.insert_one({"_id": "p1", "kind": "box", "parked": [{"id": "a"}, {"id": "b"}]})
    documents.insert_one({"_id": "p2", "kind": "box", "parked": [{"id": "c"}]})

    assert waiting(documents, NOW) == Waiting(outbox=3, outbox_seconds=70.0, due=2, parked=3, stranded=0)


def test_an_outbox_that_is_put_off_has_no_negative_age(documents: Any) -> None:
    """After a failed send it is marked for later."""
    documents.insert_one({"_id": "a", "kind": "box", "outbox_at": NOW + timedelta(seconds=1)})

    assert waiting(documents, NOW) == Waiting(1, 0.0, 0, 0, 0)


def test_what_is_parked_is_stranded_where_an_event_should_have_come(documents: Any) -> None:
    """A limit says that another event is on its way; what a dispute or a bank holds back has none."""
    of_late, before = NOW - timedelta(seconds=29), NOW - timedelta(seconds=30)
    limit = {"until": NOW + timedelta(days=30)}
    parked = [{"id": "a", "parked_at": of_late, **limit}, {"id": "b", "parked_at": before, **limit}]
    documents.insert_one({"_id": "p1", "kind": "box", "parked": parked})
    documents.insert_one({"_id": "p2", "kind": "box", "parked": [{"id": "c", "parked_at": before}]})

    found = waiting(documents, NOW)

    assert (found.parked, found.stranded) == (3, 1)
