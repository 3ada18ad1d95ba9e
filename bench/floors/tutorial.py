"""The peer that tutorials teach: one record, `find_one`, `update_one`, send and flush, commit.

`python -m bench.floors.tutorial SERVICE KAFKA MONGODB PREFIX`: one process a service. Its writes are as durable as ours
and its sends wait for all replicas; it has no outbox, no inbox and no compare-and-set, so it loses and repeats.
"""

import sys
from typing import Any

from kafka import KafkaConsumer, KafkaProducer
from pymongo import MongoClient

from bench.floors.flow import COLLECTIONS, FLOW, taken


def run(service: str, kafka: str, mongodb: str, prefix: str) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(mongodb, socketTimeoutMS=120_000)
    producer = KafkaProducer(bootstrap_servers=[kafka], acks="all")
    consumer = KafkaConsumer(
        *(prefix + topic for topic in FLOW[service]), bootstrap_servers=[kafka], group_id=prefix + service,
        enable_auto_commit=False, auto_offset_reset="earliest", metadata_max_age_ms=5000,
    )  # fmt: skip
    for record in consumer:
        step = FLOW[service][record.topic.removeprefix(prefix)]
        each = taken(step, record.value, f"{record.topic}/{record.offset}")
        for write in step.writes:
            where = write.where or service
            documents = client[prefix + where][COLLECTIONS[where]]
            document = documents.find_one({"_id": each.id(write.id)})
            if document is None:
                raise LookupError(each.id(write.id))
            state = write.state or document.get("state")
            documents.update_one({"_id": document["_id"]}, {"$set": {"state": state, "paid": True}})
            for topic in write.emits:
                producer.send(prefix + topic, key=document["_id"].encode(), value=each.event(write.state))
                producer.flush()
        for new in step.news:
            made = {"_id": each.id(new.id), "kind": new.kind, "state": new.after or new.state, "data": each.data}
            client[prefix + service][COLLECTIONS[service]].insert_one(made)
        consumer.commit()


if __name__ == "__main__":
    run(*sys.argv[1:5])
