"""The peer on FastStream: one subscriber on aiokafka, pymongo's async client, a collection of ids to drop repeats.

`python -m bench.floors.faststream_app SERVICE KAFKA MONGODB PREFIX`: one process a service, written as its
documentation does (https://faststream.ag2.ai): a handler for one message, acknowledged by hand after it, the next
event published from the handler.
"""

import asyncio
import logging
import sys
from typing import Any

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage
from pymongo import AsyncMongoClient
from pymongo.errors import DuplicateKeyError

from bench.floors.flow import COLLECTIONS, FLOW, taken


def app(service: str, kafka: str, mongodb: str, prefix: str) -> FastStream:
    broker = KafkaBroker(kafka, acks="all", enable_idempotence=True, logger=logging.getLogger(__name__))
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongodb, socketTimeoutMS=120_000)
    own = client[prefix + service]

    @broker.subscriber(
        *(prefix + topic for topic in FLOW[service]),
        group_id=prefix + service,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.MANUAL,
    )
    async def handle(body: Any, message: KafkaMessage) -> None:
        topic = message.raw_message.topic
        each = taken(FLOW[service][topic.removeprefix(prefix)], message.body, f"{topic}/{message.message_id}")
        try:
            await own["seen"].insert_one({"_id": each.ids["event"]})
        except DuplicateKeyError:
            await message.ack()
            return
        for write in each.step.writes:
            where = write.where or service
            fields = {"state": write.state, "paid": True} if write.state else {"paid": True}
            await client[prefix + where][COLLECTIONS[where]].update_one({"_id": each.id(write.id)}, {"$set": fields})
            for emitted in write.emits:
                await broker.publish(each.event(write.state), topic=prefix + emitted, key=each.id(write.id).encode())
        for new in each.step.news:
            made = {"_id": each.id(new.id), "kind": new.kind, "state": new.after or new.state, "data": each.data}
            await own[COLLECTIONS[service]].insert_one(made)
        await message.ack()

    return FastStream(broker)


if __name__ == "__main__":
    asyncio.run(app(*sys.argv[1:5]).run())
