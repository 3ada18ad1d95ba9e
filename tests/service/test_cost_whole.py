"""What a hire costs the database in all four services and at the sandbox: counted, as a number that may fall but not
grow.

The whole system runs without threads over one real database, from `hire.confirmed` written by each seeker's command to
when nothing is left to do: payouts, copies, notifications, the provider's webhooks at escrow's web process.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from services.escrow.provider.sandbox.store import MongoStore
from shared.aggregate.store import collection
from tests.support.web import Caller
from tests.support.whole import Whole

HIRES = 40
PER_HIRE = 6.2
"""Database commands for a hire in all four services, with 40 at once. More than two are the sandbox's books: without
threads each instruction is one read and one write there; with them those of a page share both. One is the webhook's, at
escrow's web process; the rest are shared by pages and batches.
"""


class Counting(CommandListener):
    """Counts commands by the collection and the command's name."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def started(self, event: CommandStartedEvent) -> None:
        self.counts[str(event.command[event.command_name]), event.command_name] += 1

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to count."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to count."""


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def whole(mongo_server: str, database: Database[dict[str, Any]], counting: Counting, tmp_path: Path) -> Iterator[Whole]:
    client: MongoClient[dict[str, Any]] = MongoClient(mongo_server, event_listeners=[counting])
    books = MongoStore(client[database.name])
    books.migrate()

    def of(service: str) -> Collection[dict[str, Any]]:
        return collection(client[database.name], service)

    yield Whole(tmp_path, of, books=books).with_indexes()
    client.close()


def test_commands_of_a_whole_hire_do_not_grow(
    whole: Whole, counting: Counting, capsys: pytest.CaptureFixture[str]
) -> None:
    """40 hires whose confirmation waits: the commands of all, until each is paid out, told and at rest."""
    listing_id = whole.published(seats=HIRES + 1)
    seekers = [f"seeker-{number}" for number in range(HIRES)]
    offers = [str(_post(whole, "matching", s, "/v1/offers", listing_id=listing_id, help=["coaching"])) for s in seekers]
    for offer in offers:
        _post(whole, "matching", "anna", f"/v1/offers/{offer}/accept")
    whole.settle()
    for seeker, offer in zip(seekers, offers, strict=True):
        _post(whole, "escrow", seeker, f"/v1/escrows/{offer}/fund", source="tok_visa")
    whole.settle()
    for seeker, offer in zip(seekers, offers, strict=True):
        _post(whole, "matching", seeker, f"/v1/offers/{offer}/confirm-hire", start_on="2027-01-04")
    counting.counts.clear()

    whole.settle()

    settled = whole.stores["escrow"].collection.count_documents({"state": "settled"})
    with capsys.disabled():
        print(f"\na whole hire: {sum(counting.counts.values()) / HIRES:.2f} commands")
        for each, count in counting.counts.most_common():
            print(f"  {count / HIRES:6.2f} {' '.join(each)}")
    assert settled == HIRES
    assert sum(counting.counts.values()) / HIRES <= PER_HIRE


def _post(whole: Whole, service: str, sub: str, path: str, **body: Any) -> Any:
    answer = Caller(whole.apps[service], sub).post(path, body or None, Idempotency_Key=f"{sub}:{path}")
    assert answer.status_code < 300, answer.get_json()
    return answer.get_json().get("id")
