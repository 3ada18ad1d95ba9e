"""What is measured on: Apache Kafka and mongo:8 in containers where an engine is, else the embedded servers."""

import os
import platform
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import psutil
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from pymongo import MongoClient

from bench import copies
from bench.copies import COLLECTIONS, Record, Template
from deploy import SERVICES
from deploy.embedded.stack import Stack
from shared.events.catalogue import EVENT_NAMES
from shared.ids import person_id
from shared.messaging.kafka import end_offsets
from shared.settings import values
from tests.support import grounds
from tests.support.hires import Hire, Hires, listing
from tests.support.people import Person

NAMES = {
    "embedded": "the embedded stack (noida-db, SecantusDB)",
    "containers": "Apache Kafka 4.3.1 and mongo:8 in containers",
    "external": "the servers of KAFKA_BOOTSTRAP_SERVERS and MONGODB_URI",
}
_UNLIMITED = {
    f"{whose}RATE_{what}": number
    for whose in ("", "PUBLIC_")
    for what, number in (("PER_SECOND", "100000"), ("BURST", "1000000"))
} | {
    "LOG_LEVEL": "INFO",  # as deployed: a line a request, through a pipe into a file
    "REQUESTS_A_WEEK": "100000",
    "LISTINGS_A_WEEK": "100000",
    "DRAFTS_PER_PERSON": "100000000",
    "EXPOSURE_CAP": "1000000000",
}
_QUIET_S = 300.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Ground:
    """A running stack and its servers, and hires to measure with."""

    kind: str
    stack: Stack
    prefix: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    _made: int = 0

    @cached_property
    def described(self) -> str:
        """What it is, with the database's own name where it is another than MongoDB."""
        is_other = "ferretdb" in self.client.server_info()
        return NAMES[self.kind] + (", the database FerretDB on PostgreSQL" if is_other else "")

    @cached_property
    def client(self) -> copies.Client:
        return MongoClient(self.stack.mongodb, socketTimeoutMS=120_000)

    @cached_property
    def producer(self) -> KafkaProducer:
        return KafkaProducer(bootstrap_servers=[self.stack.kafka], acks="all", enable_idempotence=True, linger_ms=5)

    @cached_property
    def admin(self) -> KafkaAdminClient:
        return KafkaAdminClient(bootstrap_servers=[self.stack.kafka])

    def close(self) -> None:
        for name in ("producer", "admin", "client"):
            if name in self.__dict__:
                getattr(self, name).close()

    @cached_property
    def active(self) -> Template:
        """A hire whose offer is active: the money is held, nobody has confirmed."""
        return self._templates[0]

    @cached_property
    def confirmed(self) -> Template:
        """A hire that was confirmed a moment ago: `hire.confirmed` is on the topic, and nobody has read it."""
        return self._templates[1]

    def play(self) -> None:
        """Play the hire that is copied now: each service has one worker yet, which can be made to stand still."""
        _ = self._templates

    def names(self, count: int) -> list[str]:
        """Names of copies that nobody has yet."""
        self._made += count
        return [f"{self.prefix}{number}" for number in range(self._made - count, self._made)]

    def pseudonym(self, sub: str) -> str:
        key = values.key(self.stack.data.keys.pseudonym.read_text().strip())
        return person_id(key, os.environ.get("TOKEN_ISSUER") or "https://golem.local", sub)

    def quiet(self, seconds: float = _QUIET_S) -> None:
        """Until no record waits to be read, no event to be sent, no timer to fire. Raises TimeoutError."""
        end, calm = time.monotonic() + seconds, 0
        while calm < 2:
            calm = calm + 1 if not self._waiting() else 0
            if time.monotonic() > end:
                raise TimeoutError(f"still waiting after {seconds:.0f} s: {self._waiting()}")
            time.sleep(0.1)

    def _waiting(self) -> str:
        for service in SERVICES:
            documents = self.client[f"{self.prefix}{service}"][COLLECTIONS[service]]
            if documents.find_one({"outbox_at": {"$gte": _EPOCH}}, {"_id": 1}):
                return f"{service}'s outbox"
            if documents.find_one({"due_at": {"$gte": _EPOCH, "$lte": datetime.now(UTC)}}, {"_id": 1}):
                return f"{service}'s timers"
        ends = ends_of(self.stack.kafka, EVENT_NAMES)
        for service in SERVICES:
            for place, offset in self.committed(service).items():
                if place in ends and offset < ends[place]:
                    return f"{service}, of {place.topic}"
        return ""

    def committed(self, group: str) -> dict[TopicPartition, int]:
        """How far a group has come, where it has committed anything."""
        found = self.admin.list_group_offsets(group).get(group, {})
        return {place: each.offset for place, each in found.items()}

    @cached_property
    def _templates(self) -> tuple[Template, Template]:
        """One hire over HTTP; who reads `hire.confirmed` stands still while it is looked at."""
        with Hires(self.stack, described=False) as hires:
            insider, seeker = "insider-template", "seeker-template"
            hire = _named(hires, self.stack, insider, seeker)
            self.quiet()
            active = self._template(hire, insider, seeker)
            stopped = [psutil.Process(self.stack.pid(f"{each}-worker")) for each in ("listing", "escrow", "notify")]
            for each in stopped:
                each.suspend()
            try:
                hires.confirm(hire, claim=False)
                offers = self.client[f"{self.prefix}matching"][COLLECTIONS["matching"]]
                until(lambda: offers.find_one({"_id": hire.offer_id, "published": {"$gte": 4}}), "hire.confirmed", 20)
                confirmed = self._template(hire, insider, seeker)
            finally:
                for each in stopped:
                    each.resume()
            hires.settled(hire)
        self.quiet()
        if (state := _escrow(confirmed)["state"]) != "held":
            raise RuntimeError(f"the hire to be copied is {state}: another worker has read that it was confirmed")
        return active, confirmed

    def _template(self, hire: Hire, insider: str, seeker: str) -> Template:
        people = self.pseudonym(insider), self.pseudonym(seeker)
        documents = copies.documents_of(self.client, self.prefix, *reversed(hire.ids), people)
        keys = {each.encode() for each in hire.ids}
        records = tuple(each for each in records_of(self.stack.kafka, EVENT_NAMES) if each.key in keys)
        return Template(hire.offer_id, hire.listing_id, *people, documents, records)


def _escrow(template: Template) -> dict[str, Any]:
    return next(doc for doc in template.documents["escrow"] if doc["_id"] == template.offer_id)


def _named(hires: Hires, stack: Stack, insider: str, seeker: str) -> Hire:
    """An active offer between two people of these names."""
    one, two = (Person(name, stack.token(name), hires.http) for name in (insider, seeker))
    listing_id = str(one.post("/v1/listings", listing())["id"])
    one.post(f"/v1/listings/{listing_id}/submit")
    one.wait_for(f"/v1/listings/{listing_id}", "published")
    offer = two.post_until("/v1/offers", {"listing_id": listing_id, "help": ["coaching"], "mode": "hold"})
    one.post(f"/v1/offers/{offer['id']}/accept")
    two.wait_for(f"/v1/escrows/{offer['id']}", "awaiting")
    hire = Hire(one, two, listing_id, str(offer["id"]))
    hires.fund(hire)
    two.wait_for(f"/v1/offers/{hire.offer_id}", "active")
    return hire


def until(happened: Callable[[], Any], what: str, seconds: float) -> None:
    """Wait for it. Raises TimeoutError naming `what`."""
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.02)


def ends_of(kafka: str, topics: tuple[str, ...] | list[str]) -> dict[TopicPartition, int]:
    """Where each partition of these topics ends now."""
    consumer = KafkaConsumer(bootstrap_servers=[kafka], enable_auto_commit=False)
    try:
        places = [TopicPartition(topic, n) for topic in topics for n in consumer.partitions_for_topic(topic) or ()]
        return end_offsets(consumer, places)
    finally:
        consumer.close(autocommit=False)


def records_of(kafka: str, topics: tuple[str, ...] | list[str]) -> Iterator[Record]:
    """All that these topics hold."""
    left = {place: end for place, end in ends_of(kafka, topics).items() if end}
    consumer = KafkaConsumer(bootstrap_servers=[kafka], enable_auto_commit=False)
    try:
        consumer.assign(list(left))
        consumer.seek_to_beginning(*left)
        while any(consumer.position(place) < end for place, end in left.items()):
            for place, found in consumer.poll(timeout_ms=200).items():
                for each in found:
                    yield Record(place.topic, each.key, each.value, tuple(each.headers))
    finally:
        consumer.close(autocommit=False)


def choose() -> str:
    """containers, where an engine with the images answers; else embedded."""
    asked = ("docker", "image", "inspect", grounds.KAFKA_IMAGE, grounds.MONGO_IMAGE)
    try:
        found = subprocess.run(asked, capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        found = False
    return "containers" if found else "embedded"


@contextmanager
def opened(kind: str, environment: Mapping[str, str] | None = None) -> Iterator[Ground]:
    """The whole system on a ground of its own; all of it is gone at the end."""
    settings = _UNLIMITED | dict(environment or {})
    os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")
    if kind == "embedded":
        with Stack(environment=settings) as stack:
            yield from _closed(Ground(kind, stack, "", settings))
    elif kind == "containers":
        with (
            grounds.kafka_container() as kafka,
            grounds.mongo_container() as mongodb,
            Stack(kafka=kafka, mongodb=mongodb, environment=settings) as stack,
        ):
            yield from _closed(Ground(kind, stack, "", settings))
    else:
        servers = {"kafka": grounds.external_kafka(), "mongodb": grounds.external_mongo()}
        prefix = f"bench_{secrets.token_hex(3)}_"
        with Stack(**servers, database_prefix=prefix, environment=settings) as stack:
            yield from _closed(Ground(kind, stack, prefix, settings))


def _closed(ground: Ground) -> Iterator[Ground]:
    try:
        yield ground
    finally:
        ground.close()


def machine() -> dict[str, Any]:
    """What it was measured on."""
    memory = psutil.virtual_memory().total / 2**30
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(memory, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
