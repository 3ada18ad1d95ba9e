"""The whole system in memory, without threads: four web apps, their relays, consumers and pollers, and the provider.

People call the real apps with real tokens; `settle()` lets the workers do all that is due. `snapshot()` is what
`golem verify` would read of it.
"""

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from threading import Event as Flag
from typing import Any

from flask import Flask

import services.escrow.main
import services.listing.main
import services.matching.main
import services.notify.main
from deploy import ARCHIVED
from deploy.verify import Snapshot
from deploy.verify.read import event_of
from deploy.verify.snapshot import Seen
from services.escrow.provider.port import Records, every
from services.escrow.provider.sandbox.store import PartyStore
from services.notify.addresses import code_of
from services.notify.store import contact_id, work_mail_id
from shared.aggregate import Document, Store, archive_of, migrate
from shared.events import EVENT_NAMES
from shared.process.loops import Loops
from shared.settings import Need
from tests.simulator.services import NAMES, work_of
from tests.support.clock import ManualClock
from tests.support.hires import listing
from tests.support.memory import MemoryBroker, MemoryCollection, memory_bus
from tests.support.sandbox import MemoryStore, Sandbox
from tests.support.web import Caller, settings
from tests.support.webhooks import Receivers

KEY = b"k" * 40
SECRET = "a secret between the provider and escrow"


class Whole:
    """`apps` and `stores` by service; `receivers` are the other ends of webhooks."""

    START = datetime(2027, 1, 1, tzinfo=UTC)

    def __init__(
        self,
        folder: Path,
        collection: Callable[[str], Any] = MemoryCollection,
        licences: Sequence[Any] = (),
        books: PartyStore | None = None,
        archive_after: timedelta | None = None,
        **of_listing: str,
    ) -> None:
        """`collection` gives each service's, by the service's name; `licences` are the operator's; `books` the
        provider's; `archive_after` is the setting, None: there are no archives; `of_listing` are settings of listing's
        web.
        """
        self.mails: list[tuple[str, EmailMessage]] = []
        self.receivers = Receivers()
        self._places = {"LICENCES": json.dumps(licences)} if licences else {}
        self.clock, self.broker = ManualClock(self.START), MemoryBroker()
        self._after = archive_after
        archives = {name: collection(archive_of(name)) for name in ARCHIVED if archive_after is not None}
        self.stores = {name: Store(collection(name), self.clock, archive=archives.get(name)) for name in NAMES}
        environ = {"PROVIDER_WEBHOOK_SECRET": SECRET}
        self.apps: dict[str, Flask] = {
            "listing": services.listing.main.build(
                settings("listing", folder, *self._needs, **self._places, **of_listing), self.stores["listing"]
            ),
            "matching": services.matching.main.build(settings("matching", folder), self.stores["matching"]),
            "escrow": services.escrow.main.build(
                settings("escrow", folder, "provider", **environ), self.stores["escrow"]
            ),
            "notify": services.notify.main.build(settings("notify", folder), self.stores["notify"]),
        }
        self.provider = Sandbox(books or MemoryStore(), self.clock, self._webhook, SECRET)
        self._workers = {name: self._worker(name) for name in NAMES}

    def with_indexes(self) -> "Whole":
        """For databases: some searches name the index that they go by."""
        for name, store in self.stores.items():
            migrate(store.collection, importlib.import_module(f"services.{name}.store").MIGRATIONS)
        return self

    @property
    def _needs(self) -> tuple[Need, ...]:
        return ("places",) if self._places else ()

    def _worker(self, service: str) -> list[Callable[[], int]]:
        own = self._places if service == "listing" else {}
        if self.stores[service].archive is not None and self._after is not None:
            own = {"ARCHIVE_AFTER": str(int(self._after.total_seconds()))}
        work = work_of(
            service,
            self.stores[service],
            self.provider,
            lambda mail, to: self.mails.append((to, mail)),
            self.receivers.post,
            **own,
        )
        loops = Loops(work, memory_bus(self.broker, service, work.topics), f"{service}-1", Flag())

        def observe() -> int:
            loops.observe()
            return 0

        return [observe, loops.consume, loops.relay, loops.poll, loops.leased, loops.archive]

    def settle(self, after: timedelta = timedelta(), only: Sequence[str] = NAMES) -> None:
        """Let time pass, then do all that is due, and what follows from it; `only` those services' workers run."""
        self.clock.advance(after)
        steps = [step for name in only for step in self._workers[name]]
        while sum(step() for step in [*steps, self.provider.deliver_due]):
            pass

    def restart(self) -> None:
        """All workers are new processes, three seconds later."""
        self._workers = {name: self._worker(name) for name in NAMES}
        self.clock.advance(timedelta(seconds=3))

    def _webhook(self, body: bytes, signature: str) -> int:
        sent = {"Provider-Signature": signature, "Content-Type": "application/json"}
        return self.apps["escrow"].test_client().post("/v1/webhooks/provider", data=body, headers=sent).status_code

    # -- what people do

    def call(self, service: str, sub: str, path: str, body: Any = None, *roles: str) -> dict[str, Any]:
        """A POST; what it answers."""
        answer = Caller(self.apps[service], sub, roles).post(path, body, Idempotency_Key=f"{sub}:{path}")
        assert answer.status_code < 300, answer.get_json()
        self.settle()
        said: dict[str, Any] = answer.get_json()
        return said

    def verified(self, sub: str, email: str, which: str = "contact") -> None:
        """Somebody gives an address (`contact` or `work-mail`) and the code that is mailed there."""
        caller = Caller(self.apps["notify"], sub)
        assert caller.ask("PUT", f"/v1/me/{which}", {"email": email}).status_code == 200
        document_id = {"contact": contact_id, "work-mail": work_mail_id}[which](caller.id)
        nonce = (self.stores["notify"].get(document_id) or {})["code"]["nonce"]
        self.call("notify", sub, f"/v1/me/{which}/verify", {"code": code_of(KEY, document_id, nonce)})

    def published(self, **changed: Any) -> str:
        """The listing of anna's."""
        body = listing(**changed) | {"leaving_on": "2027-06-01"}
        listing_id = str(self.call("listing", "anna", "/v1/listings", body)["id"])
        self.call("listing", "anna", f"/v1/listings/{listing_id}/submit")
        return listing_id

    def accepted(self, listing_id: str, seeker: str) -> str:
        made = self.call("matching", seeker, "/v1/offers", {"listing_id": listing_id, "help": ["coaching"]})
        self.call("matching", "anna", f"/v1/offers/{made['id']}/accept")
        return str(made["id"])

    def funded(self, listing_id: str, seeker: str, source: str = "tok_visa") -> str:
        offer_id = self.accepted(listing_id, seeker)
        self.call("escrow", seeker, f"/v1/escrows/{offer_id}/fund", {"source": source})
        return offer_id

    def hired(self, listing_id: str, seeker: str, source: str = "tok_visa") -> str:
        offer_id = self.funded(listing_id, seeker, source)
        self.call("matching", seeker, f"/v1/offers/{offer_id}/confirm-hire", {"start_on": "2027-01-04"})
        return offer_id

    # -- what is read of it

    def snapshot(self, settling: timedelta = timedelta(), **more: Any) -> Snapshot:
        documents = {service: documents_of(store) for service, store in self.stores.items()}
        read = snapshot_of(documents, self.provider, self.broker, self.clock.now())
        return replace(read, settling=settling, **more)


def documents_of(store: Store) -> list[Document]:
    """All of a service's documents, wherever they are."""
    archived = () if store.archive is None else store.archive.find()
    return list({doc["_id"]: doc for found in (archived, store.collection.find()) for doc in found}.values())


def snapshot_of(documents: Mapping[str, list[Any]], records: Records, broker: MemoryBroker, at: datetime) -> Snapshot:
    """What `golem verify` would read of a system in memory, with nothing in flight."""
    return Snapshot(
        documents=documents,
        accounts=list(every(records.accounts)),
        transfers=list(every(records.transfers)),
        records=[
            Seen(r.topic, r.partition, r.offset, at, event_of(r.key, r.value, r.headers))
            for r in broker.records(*EVENT_NAMES)
        ],
        committed={service: dict(broker.group(service).committed) for service in documents},
        dead={
            service: frozenset(dict(r.headers).get("ce_id", b"").decode() for r in broker.records(f"{service}.dead"))
            for service in documents
        },
        at=at,
    )
