"""The sandbox provider's suite over the real database, and what only a database can show."""

from typing import Any

import pymongo
import pytest
from pymongo.database import Database

from services.escrow.provider.port import Unavailable, every
from services.escrow.provider.sandbox.store import MongoStore, PartyStore
from tests.provider.instructions import balance, release
from tests.provider.sandbox import SandboxHarness
from tests.pure.test_sandbox_provider import SandboxSuite, hold
from tests.support.sandbox import Sandbox


class TestOverDatabase(SandboxSuite):
    @pytest.fixture
    def store(self, database: Database[dict[str, Any]]) -> PartyStore:
        store = MongoStore(database)
        store.migrate()
        return store

    def test_two_processes_share_the_books(self, sandbox: Sandbox, database: Database[dict[str, Any]]) -> None:
        """What one process took, another finds, repeats and delivers, after a restart too."""
        outcome = sandbox.carry_out(hold())
        store = MongoStore(database)
        store.migrate()
        elsewhere = SandboxHarness(store)
        other = elsewhere.provider

        assert other.find("i-hold") == other.carry_out(hold()) == outcome
        assert other.deliver_due() == 1 and sandbox.deliver_due() == 0
        assert elsewhere.receiver.received[0].outcome == outcome
        other.carry_out(release())
        assert balance(sandbox).paid_out == 47_500

    def test_books_from_before_accounts_were_said(self, sandbox: Sandbox, database: Database[dict[str, Any]]) -> None:
        """An entry without `pay_to` is read as one that named none."""
        outcome = sandbox.carry_out(hold())
        database["accounts"].update_one({"_id": "offer-1"}, {"$unset": {"entries.0.pay_to": ""}})

        assert sandbox.find("i-hold") == sandbox.carry_out(hold()) == outcome

    def test_nothing_due_is_not_in_the_index(self, sandbox: Sandbox, database: Database[dict[str, Any]]) -> None:
        """An account at rest carries no `webhook_due_at`, so that waiting costs nothing."""
        sandbox.carry_out(hold())
        assert database["accounts"].count_documents({"webhook_due_at": {"$exists": True}}) == 1
        sandbox.deliver_due()

        assert database["accounts"].count_documents({"webhook_due_at": {"$exists": True}}) == 0


def test_a_database_that_is_away_is_an_unknown_outcome() -> None:
    """Nobody listens there: each question raises Unavailable, never a guess."""
    with pymongo.MongoClient[dict[str, Any]]("mongodb://127.0.0.1:9/", serverSelectionTimeoutMS=50) as client:
        sandbox = SandboxHarness(MongoStore(client["provider"])).provider

        for ask in (
            lambda: sandbox.carry_out(hold()),
            lambda: sandbox.find("i-hold"),
            lambda: list(every(sandbox.accounts)),
            lambda: list(every(sandbox.transfers)),
            sandbox.deliver_due,
        ):
            with pytest.raises(Unavailable):
                ask()
