"""The floor of hire → release: the same durable writes and sends in batches, and no rule.

`python -m bench.floors.bare SERVICE KAFKA MONGODB PREFIX`: one process a service, as ours. Each batch of up to 500
records: poll, read the documents in one query, one bulk write a stage by compare-and-set with the events pushed, all
events sent and acknowledged, one bulk mark, commit.
"""

import secrets
import sys
from itertools import zip_longest
from typing import Any

from kafka import KafkaConsumer, KafkaProducer
from pymongo import InsertOne, MongoClient, UpdateOne

from bench.floors.flow import COLLECTIONS, FLOW, Taken, Write, taken

_BATCH = 500


class Service:
    """One service's share of every hire."""

    def __init__(self, name: str, kafka: str, mongodb: str, prefix: str) -> None:
        self.name, self.prefix = name, prefix
        self.client: MongoClient[dict[str, Any]] = MongoClient(mongodb, socketTimeoutMS=120_000)
        self.producer = KafkaProducer(bootstrap_servers=[kafka], acks="all", enable_idempotence=True, linger_ms=0)
        self.consumer = KafkaConsumer(
            *(prefix + topic for topic in FLOW[name]), bootstrap_servers=[kafka], group_id=prefix + name,
            enable_auto_commit=False, auto_offset_reset="earliest", max_poll_records=_BATCH, metadata_max_age_ms=5000,
        )  # fmt: skip

    def collection(self, where: str = "") -> Any:
        return self.client[f"{self.prefix}{where or self.name}"][COLLECTIONS[where or self.name]]

    def step(self) -> None:
        polled = self.consumer.poll(timeout_ms=200 if self.consumer.assignment() else 10_000)  # no join is cut short
        records = [each for found in polled.values() for each in found]
        if not records:
            return
        batch = [
            taken(FLOW[self.name][each.topic.removeprefix(self.prefix)], each.value, f"{each.topic}/{each.offset}")
            for each in records
        ]
        wanted = {each.id(write.id) for each in batch for write in each.step.writes}
        found = {doc["_id"]: doc for doc in self.collection().find({"_id": {"$in": [*wanted]}}, {"events": 0})}
        events: list[tuple[str, bytes, bytes]] = []
        for stage in zip_longest(*(each.step.writes for each in batch)):
            self._write([(each, write) for each, write in zip(batch, stage, strict=True) if write], found, events)
        self._make(batch)
        self._send(events)
        self._mark({each.id(w.id) for each in batch for w in each.step.writes if w.emits}, found)
        self.consumer.commit()

    def _write(self, stage: list[tuple[Taken, Write]], found: Any, events: list[tuple[str, bytes, bytes]]) -> None:
        where = next(write.where for _, write in stage)
        changes = []
        for each, write in stage:
            id_, pushed = each.id(write.id), []
            fields: dict[str, Any] = {"state": write.state} if write.state else {}
            match: dict[str, Any] = {"_id": id_}
            if not where:
                doc = found[id_]
                match["version"], doc["version"] = doc["version"], doc["version"] + 1
                fields["version"] = doc["version"]
            for topic in write.emits:
                found[id_]["seq"] += 1
                value = each.event(write.state)
                pushed.append({"seq": found[id_]["seq"], "id": secrets.token_hex(16), "type": topic, "data": each.data})
                events.append((topic, id_.encode(), value))
            if pushed:
                fields |= {"seq": found[id_]["seq"], "outbox_at": 1}
            push = {"applied": each.ids["event"]} | ({"events": {"$each": pushed}} if pushed else {})
            changes.append(UpdateOne(match, {"$set": {**fields, "at": 1}, "$push": push}))
        if self.collection(where).bulk_write(changes, ordered=False).matched_count < len(changes):
            raise RuntimeError("another one wrote the same documents")

    def _make(self, batch: list[Taken]) -> None:
        new = [(each.id(made.id), made, each.data) for each in batch for made in each.step.news]
        if new:
            docs = [{"_id": i, "kind": m.kind, "state": m.state, "version": 1, "data": data} for i, m, data in new]
            self.collection().bulk_write([InsertOne(doc) for doc in docs], ordered=False)
        ends = [
            UpdateOne({"_id": i, "version": 1}, {"$set": {"state": m.after, "version": 2}})
            for i, m, _ in new
            if m.after
        ]
        if ends:
            self.collection().bulk_write(ends, ordered=False)

    def _send(self, events: list[tuple[str, bytes, bytes]]) -> None:
        futures = [self.producer.send(self.prefix + topic, key=key, value=value) for topic, key, value in events]
        for future in futures:
            future.get(timeout=60)

    def _mark(self, ids: set[str], found: Any) -> None:
        marks = [
            UpdateOne(
                {"_id": i, "seq": found[i]["seq"], "published": found[i]["published"], "outbox_at": 1},
                {"$set": {"published": found[i]["seq"]}, "$unset": {"outbox_at": ""}},
            )
            for i in ids
        ]
        if marks:
            self.collection().bulk_write(marks, ordered=False)


if __name__ == "__main__":
    service = Service(*sys.argv[1:5])
    while True:
        service.step()
