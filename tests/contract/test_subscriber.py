"""Another system subscribes to hires: plain kafka-python and the committed JSON Schemas, nothing of ours."""

import json
import time
from pathlib import Path
from typing import Any

import jsonschema
from kafka import KafkaConsumer, TopicPartition

from deploy.embedded.stack import Stack
from tests.support.hires import Hires

SCHEMAS = Path(__file__).parents[2] / "shared" / "events" / "jsonschema"
PROMISED = ("listing.created", "offer.accepted", "hire.confirmed")


def read_until(server: str, topics: tuple[str, ...], wanted: set[str], seconds: float = 30.0) -> list[Any]:
    """All records of the topics from their beginning, until each topic had one whose key is wanted."""
    consumer = KafkaConsumer(bootstrap_servers=[server], group_id=None, enable_auto_commit=False)
    places = [TopicPartition(t, p) for t in topics for p in consumer.partitions_for_topic(t)]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    found: list[Any] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found += [r for records in consumer.poll(timeout_ms=50).values() for r in records]
        if {r.topic for r in found if r.key.decode() in wanted} == set(topics):
            break
    consumer.close(autocommit=False)
    return found


def test_a_subscriber_that_knows_only_the_contract_reads_a_hire(stack: Stack) -> None:
    """The three promised events of one hire arrive with their CloudEvents headers and fit the committed schemas."""
    with Hires(stack) as hires:
        hire = hires.one()

    records = [r for r in read_until(stack.kafka, PROMISED, set(hire.ids)) if r.key.decode() in hire.ids]

    assert {r.topic for r in records} == set(PROMISED)
    for record in records:
        headers = {name: value.decode() for name, value in record.headers}
        data = json.loads(record.value)
        assert headers["ce_specversion"] == "1.0"
        assert headers["ce_type"] == record.topic
        assert headers["ce_subject"] == headers["ce_partitionkey"] == record.key.decode()
        assert headers["ce_sequence"].isdigit() and int(headers["ce_sequence"]) >= 1
        assert headers["ce_id"] and headers["ce_source"] and headers["ce_time"].endswith("Z")
        assert headers["content-type"] == "application/json"
        name, version = headers["ce_dataschema"].rsplit("/", 2)[1:]
        schema = json.loads((SCHEMAS / f"{name}.v{version}.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(data)
    confirmed = next(json.loads(r.value) for r in records if r.topic == "hire.confirmed")
    assert (confirmed["offer_id"], confirmed["listing_id"]) == (hire.offer_id, hire.listing_id)
    assert confirmed["confirmed_by"] == "seeker"
