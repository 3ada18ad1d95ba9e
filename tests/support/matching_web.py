"""Matching's web process, its worker's poller and its routes over a real database, and the people around it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from pymongo.database import Database
from werkzeug.test import TestResponse

from services.matching.main import build, work
from services.matching.offer.accounts import Accounts, account_id
from services.matching.offer.lifecycle import OFFER
from services.matching.store import COLLECTION, MIGRATIONS
from shared.aggregate import Store, Trigger, migrate
from shared.aggregate.store import collection
from shared.ids import new_id
from tests.support.clock import ManualClock
from tests.support.matching import listing
from tests.support.web import Caller, Ticking, settings

COACHING = {"help": ["coaching"]}


class World:
    """One matching service; `environ` are settings."""

    def __init__(self, database: Database[dict[str, Any]], folder: Path, **environ: str) -> None:
        self.clock = ManualClock()
        self.store = Store(collection(database, COLLECTION), self.clock)
        migrate(self.store.collection, MIGRATIONS)
        known = settings("matching", folder, **environ)
        self.app: Flask = build(known, self.store)
        self.offer = OFFER.with_terms(known.terms)
        self.accounts = Accounts(self.store, known.terms)
        self.worker = Ticking(work(known, self.store, None))
        self.batch = self.worker.batch
        self.insider, self.seeker, self.other = (Caller(self.app, sub) for sub in ("anna", "bo", "cas"))
        self.arbiter, self.moderator = Caller(self.app, "ari", ("arbiter",)), Caller(self.app, "mo", ("moderator",))

    # -- what other services say

    def told(self, name: str, sequence: int = 1, **data: Any) -> str:
        """An event comes from Kafka; its outcome."""
        trigger = Trigger(name, new_id(), "event", self.clock.now(), data, sequence=sequence)
        (verdict,) = self.batch.process([trigger])
        return verdict.outcome

    def listed(self, price: int = 50_000, **changed: Any) -> str:
        """A published listing of the insider's; its id."""
        data = listing(price, **{"listing_id": new_id(), "insider": self.insider.id, **changed})
        listing_id = str(data["listing_id"])
        assert self.told("listing.created", 2, **data) == "taken"
        return listing_id

    def listing_is(self, listing_id: str, status: str, sequence: int = 9, price: int = 50_000, **changed: Any) -> None:
        name = "paused" if status == "paused" else "resumed" if status == "published" else status
        data = listing(price, listing_id=listing_id, insider=self.insider.id, status=status, **changed)
        assert self.told(f"listing.{name}", sequence, **data) == "taken"

    def escrow_is(self, path: str, name: str, sequence: int = 2, status: str = "") -> str:
        data = {"offer_id": path.rsplit("/", 1)[1], "status": status or name.split(".")[1]}
        return self.told(name, sequence, **data)

    def verified(self, who: Caller, mark: str = "", mailbox: str = "", number: int = 1) -> None:
        """Somebody's address is proven; `mark` is that of the address, `mailbox` of its mailbox, where they differ."""
        data = {"person_id": who.id, "mark": mark or f"m_{who.sub}"} | ({"box_mark": mailbox} if mailbox else {})
        assert self.told("contact.verified", number, **data) == "taken"

    # -- the usual beginnings; each is the path of an offer

    def asked(self, listing_id: str, who: Caller | None = None, **headers: str) -> TestResponse:
        return (who or self.seeker).post("/v1/offers", {"listing_id": listing_id, **COACHING}, **headers)

    def proposed(self, who: Caller | None = None, listing_id: str = "", price: int = 50_000) -> str:
        response = self.asked(listing_id or self.listed(price), who)
        assert response.status_code == 201, response.get_json()
        return response.headers["Location"]

    def accepted(self, who: Caller | None = None, listing_id: str = "", price: int = 50_000) -> str:
        path = self.proposed(who, listing_id, price)
        response = self.insider.post(f"{path}/accept")
        assert response.status_code == 200, response.get_json()
        return path

    def active(self) -> str:
        path = self.accepted()
        assert self.escrow_is(path, "escrow.held") == "taken"
        return path

    def active_for_nothing(self) -> str:
        """An active offer of help at price 0."""
        return self.accepted(price=0)

    # -- the worker

    def tick(self, after: timedelta = timedelta()) -> None:
        """Let time pass, then do all that is due."""
        self.worker.tick(after)

    # -- what is seen

    def shown(self, path: str) -> dict[str, Any]:
        response = self.insider.get(path)
        assert response.status_code == 200, response.get_json()
        body: dict[str, Any] = response.get_json()
        return body

    def status(self, path: str) -> str:
        return str(self.shown(path)["status"])

    def events(self, path: str) -> list[str]:
        document = self.store.collection.find_one({"_id": path.rsplit("/", 1)[1]}) or {}
        return [event["type"] for event in document.get("events", [])]

    def event(self, path: str, name: str) -> dict[str, Any]:
        document = self.store.collection.find_one({"_id": path.rsplit("/", 1)[1]}) or {}
        (found,) = (event for event in document["events"] if event["type"] == name)
        return dict(found)

    def reserved(self, who: Caller | None = None) -> dict[str, int]:
        """What is reserved for a seeker: {path of the offer: amount}."""
        account = self.store.get(account_id((who or self.seeker).id)) or {}
        return {f"/v1/offers/{key}": each["amount"] for key, each in account.get("reservations", {}).items()}

    def everything(self) -> list[dict[str, Any]]:
        """All documents but the record of migrations."""
        return list(self.store.collection.find({"kind": {"$ne": "migrations"}}).sort("_id", 1))
