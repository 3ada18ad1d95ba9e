"""A version's documents, read from their file and put under the code of now."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from bson import json_util
from bson.codec_options import CodecOptions
from pymongo import InsertOne

from services.escrow.provider.sandbox.store import _ledger
from shared.aggregate import migrate
from shared.process.loops import Loops
from tests.support.memory import MemoryCollection
from tests.support.web import Caller
from tests.support.whole import Whole

FILES = sorted(Path(__file__).parent.glob("*.json.gz"))
_AWARE = json_util.JSONOptions(json_mode=json_util.JSONMode.CANONICAL, tz_aware=True)
Document = dict[str, Any]


@dataclass(frozen=True)
class Kept:
    """What a version kept `at` its last moment. `people` are names by their ids."""

    at: datetime
    people: dict[str, str]
    links: dict[str, list[str]]
    accounts: list[Document]
    documents: dict[str, list[Document]]

    @classmethod
    def read(cls, file: Path) -> "Kept":
        return cls(**json_util.loads(gzip.decompress(file.read_bytes()), json_options=_AWARE))


class Older(Whole):
    """The whole system of now, on what an earlier version kept; its topics are gone, and `replay` sends them again."""

    def __init__(self, folder: Path, kept: Kept, collection: Callable[[str], Any] = MemoryCollection) -> None:
        super().__init__(folder, collection)
        self.kept = kept
        self.clock.set(kept.at)
        for service, docs in kept.documents.items():
            self.stores[service].collection.bulk_write([InsertOne(doc) for doc in docs], ordered=False)
            module = import_module(f"services.{service}.store")
            migrate(self.stores[service].collection, module.MIGRATIONS)
        for account in kept.accounts:
            self.provider._store.save([replace(_ledger(account), version=0)])

    def replay(self) -> None:
        """As `golem replay` does."""
        for store in self.stores.values():
            for doc in store.collection.find({"seq": {"$gt": 0}}, {"_id": 1}):
                store.collection.update_one({"_id": doc["_id"]}, {"$set": {"published": 0, "outbox_at": self.kept.at}})

    def relay(self) -> None:
        """Everything that was sent again is taken; no timer fires."""
        for _ in range(3):
            for step in (step for steps in self._workers.values() for step in steps):
                if getattr(step, "__func__", None) in (Loops.consume, Loops.relay):
                    step()

    def documents(self, service: str, kind: str, *states: str) -> list[Document]:
        """Those of a kind, in these states or in any."""
        found = self.stores[service].collection.find({"kind": kind})
        return [doc for doc in found if not states or doc["state"] in states]

    def ask(self, service: str, sub: str, method: str, path: str, body: Any = None, *roles: str) -> Any:
        answer = Caller(self.apps[service], sub, roles).ask(method, path, body)
        assert answer.status_code < 300, (sub, method, path, answer.get_json())
        return answer.get_json()

    def get(self, service: str, sub: str, path: str, *roles: str) -> Any:
        return self.ask(service, sub, "GET", path, None, *roles)

    def pages(self, service: str, sub: str, path: str, *roles: str) -> list[Any]:
        """All items of a list, ten a page."""
        found: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            page = self.get(service, sub, f"{path}?limit=10{cursor}", *roles)
            found += page["items"]
            cursor = f"&cursor={page['next']}" if page["next"] else None
        return found

    def name(self, person: str) -> str:
        return self.kept.people[person]


def in_database(database: Any) -> Callable[[str], Any]:
    """Collections of a real database, as the services open them."""
    codec: CodecOptions[Document] = CodecOptions(tz_aware=True)
    return lambda service: database.get_collection(service, codec_options=codec)
