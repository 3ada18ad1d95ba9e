"""What a pod waits for before it starts: its topics on the broker, its schema in the database."""

import secrets
from collections.abc import Mapping
from typing import Any

import pytest
from pymongo.database import Database

from deploy import COLLECTIONS, SERVICES
from deploy.embedded.ports import free_ports
from deploy.kafka import ready as broker
from deploy.mongo import ready as schema
from services.escrow.store import MIGRATIONS
from shared.aggregate import behind, migrate


@pytest.mark.parametrize("service", SERVICES)
def test_a_broker_with_every_topic_is_ready_for_each(service: str, kafka_server: str) -> None:
    assert broker.wait(service, {"KAFKA_BOOTSTRAP_SERVERS": kafka_server}) is None


def test_a_topic_that_is_not_shown_is_named(kafka_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """This version emits one more, and nobody has made it."""
    monkeypatch.setattr(broker, "emits", lambda _service: {"offer.praised"})

    why = broker.wait("matching", {"KAFKA_BOOTSTRAP_SERVERS": kafka_server}, patience=0)

    assert why == "1 topics are not there, or not for us: offer.praised"


@pytest.fixture
def environ(mongo_server: str, database: Database[dict[str, Any]]) -> Mapping[str, str]:
    return {"MONGODB_URI": mongo_server, "MONGODB_DATABASE": database.name}


def test_the_schema_has_this_versions_number_or_a_later_one(
    environ: Mapping[str, str], database: Database[dict[str, Any]]
) -> None:
    """None of it, all but the last step, all of it, and one more of a later version."""
    collection = database[COLLECTIONS["escrow"]]
    found = [schema.wait("escrow", environ, patience=0)]
    for steps in (MIGRATIONS[:-1], MIGRATIONS, (*MIGRATIONS, lambda _collection: None)):
        migrate(collection, steps)
        found.append(schema.wait("escrow", environ, patience=0))

    changes = "changes of its documents and indexes were not made yet"
    assert found == [f"{1 + len(MIGRATIONS)} {changes}", f"1 {changes}", None, None]
    assert behind(collection, MIGRATIONS) == 0


def test_a_database_lets_in_or_is_named(mongo_server: str) -> None:
    """Without a service only the login is tried."""
    nobody = f"mongodb://nobody:{secrets.token_hex(4)}@127.0.0.1:{next(free_ports())}/"

    assert schema.wait(None, {"MONGODB_URI": mongo_server}) is None
    why = schema.wait(None, {"MONGODB_URI": nobody}, patience=0)
    assert why is not None and why.startswith("the database does not let us in")


@pytest.mark.parametrize("module", [broker, schema])
def test_what_is_no_service_is_refused(module: Any) -> None:
    assert module.main(["postman"]) == 64


def test_a_broker_that_is_away_is_waited_for_and_named() -> None:
    nobody = f"127.0.0.1:{next(free_ports())}"

    why = broker.wait("escrow", {"KAFKA_BOOTSTRAP_SERVERS": nobody}, patience=0)

    assert why is not None and why.startswith("the broker does not let us in")
