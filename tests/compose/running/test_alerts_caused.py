"""Each alert that a test bench can cause is caused: a real Prometheus sees it fire, the fault is mended, and it ends.

The rules are the shipped ones with shorter times (`shortened`): windows and `for` of some seconds, the thresholds as
they are. What cannot be caused here has promtool's test alone (alerts.test.yml), which the others have, too.
"""

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx
import pytest
import yaml
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from pymongo import MongoClient

from deploy import COLLECTIONS
from shared.messaging.kafka import end_offsets
from tests.compose.running.conftest import ROOT, Deployment, compose, everything_holds
from tests.compose.running.load import threads
from tests.compose.running.test_trouble import children, state
from tests.support.hires import Hires, listing

NOT_CAUSED = {
    "GolemClockOff": "all containers have the machine's clock",
    "GolemLoopStuck": "a loop that stands still is a fault that the code does not have",
    "GolemParkedEvents": "what is parked for half an hour would stay in the system, and fail its checks",
    "GolemJournalSum": "money would have to be made or lost on paper",
    "GolemReconciliation": "the books would have to be wrong",
    "GolemInstructionsUnknown": "the sandbox provider always knows",
}
RULES = (ROOT / "deploy" / "observability" / "alerts.yml").read_text()
ALERTS = {rule["alert"] for group in yaml.safe_load(RULES)["groups"] for rule in group["rules"]}
CAUSED: list[str] = []
_FIRES_WITHIN, _ENDS_WITHIN = 200.0, 240.0
_SHORT = {"for": "5s", "10m": "2m", "5m": "40s", "1m": "20s"}
Json = dict[str, Any]


def shortened(rules: str) -> str:
    """The alerts with short windows, and soon firing."""
    groups = yaml.safe_load(rules)
    for group in groups["groups"]:
        for rule in group["rules"]:
            rule["expr"] = re.sub(r"(?<=[\[ ])(10m|5m|1m)\b", lambda found: _SHORT[found[1]], rule["expr"])
            if "for" in rule:
                rule["for"] = _SHORT["for"]
    return yaml.safe_dump(groups, sort_keys=False, width=1000)


class Prometheus:
    """The one beside the system, with shortened rules."""

    def __init__(self) -> None:
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{os.environ.get('PROMETHEUS_PORT') or 9090}", timeout=10)

    def close(self) -> None:
        self._http.close()

    def firing(self) -> set[str]:
        found = self._http.get("/api/v1/alerts").raise_for_status().json()["data"]["alerts"]
        return {each["labels"]["alertname"] for each in found if each["state"] == "firing"} & ALERTS

    def sees(self, *names: str) -> None:
        """Wait until each has fired, at whatever time meanwhile."""
        seen, deadline = set[str](), time.monotonic() + _FIRES_WITHIN
        while not {*names} <= seen:
            assert time.monotonic() < deadline, f"did not fire: {sorted({*names} - seen)}; did: {sorted(seen)}"
            seen |= self.firing()
            time.sleep(1)
        CAUSED.extend(names)

    def counts(self, expression: str) -> None:
        """Wait until a scrape has made this true."""
        deadline = time.monotonic() + _ENDS_WITHIN
        while not self._result(expression):
            assert time.monotonic() < deadline, f"not seen: {expression}"
            time.sleep(1)

    def _result(self, expression: str) -> list[Json]:
        found = self._http.get("/api/v1/query", params={"query": expression}).raise_for_status().json()
        result: list[Json] = found["data"]["result"]
        return result

    def is_quiet(self) -> None:
        """Wait until none fires."""
        deadline = time.monotonic() + _ENDS_WITHIN
        while firing := self.firing():
            assert time.monotonic() < deadline, f"did not end: {sorted(firing)}"
            time.sleep(1)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("rules")
    folder.chmod(0o755)
    rules = folder / "alerts.yml"
    rules.write_text(shortened(RULES))
    mounted = {"services": {"prometheus": {"volumes": [f"{rules}:/etc/prometheus/alerts.yml:ro"]}}}
    override = folder / "compose.yml"
    override.write_text(json.dumps(mounted))
    up = ("--profile", "observability", "up", "--detach", "--no-deps", "--wait", "--force-recreate", "prometheus")
    compose("--file", str(override), *up, seconds=120)
    with closing(Prometheus()) as watching:
        watching.is_quiet()
        yield watching
    compose("--profile", "observability", "rm", "--force", "--stop", "prometheus")


@contextmanager
def stopped(*names: str) -> Iterator[None]:
    """These containers are away meanwhile."""
    compose("stop", "--timeout", "40", *names, seconds=120)
    try:
        yield
    finally:
        compose("up", "--detach", "--no-deps", "--wait", *names, seconds=300)


@pytest.fixture
def hires(deployment: Deployment) -> Iterator[Hires]:
    with Hires(deployment) as playing:
        yield playing


def records(consumer: Callable[..., KafkaConsumer], topic: str) -> list[Any]:
    """All that a topic holds."""
    reading = consumer("operator")
    places = [TopicPartition(topic, number) for number in reading.partitions_for_topic(topic) or ()]
    reading.assign(places)
    reading.seek_to_beginning(*places)
    ends, found = end_offsets(reading, places), list[Any]()
    while any(reading.position(place) < ends[place] for place in places):
        found += [record for some in reading.poll(timeout_ms=500).values() for record in some]
    return found


def send(producer: KafkaProducer, topic: str, record: Any, times: int, value: bytes | None = None) -> None:
    for _ in range(times):
        producer.send(topic, key=record.key, value=value or record.value, headers=record.headers)
    producer.flush(timeout=30)


def test_kafka_is_away(prometheus: Prometheus, hires: Hires) -> None:
    hires.accepted()  # it looks at its listing in a minute
    with stopped("kafka"):
        insider = hires.person("insider")
        insider.post(f"/v1/listings/{insider.post('/v1/listings', listing())['id']}/submit")
        prometheus.sees(
            "GolemBrokerAway", "GolemOutboxOld", "GolemRelayFailures", "GolemFrontierBehind", "GolemTimersDue"
        )
    prometheus.is_quiet()


def test_the_database_is_away_while_records_wait(
    prometheus: Prometheus,
    hires: Hires,
    deployment: Deployment,
    consumer: Callable[..., KafkaConsumer],
    producer: Callable[..., KafkaProducer],
) -> None:
    """What waits is what was there before: once it is read, it is known."""
    hires.published()
    known = records(consumer, "listing.created")[0]
    writing = producer("listing")

    def ask(enough: threading.Event) -> None:
        with httpx.Client(base_url=deployment.gateway, timeout=40) as http:
            while not enough.wait(0.1):
                http.get("/v1/listings")

    with stopped("mongo"), threads(4, ask):
        send(writing, "listing.created", known, 1500)
        away = ("GolemDatabaseAway", "GolemProviderAway", "GolemHttpErrors", "GolemHttpSlow")
        prometheus.sees(*away, "GolemConsumerLag", "GolemConsumerStandsStill")
    prometheus.is_quiet()


def test_a_process_hangs_and_the_payout_waits(prometheus: Prometheus, hires: Hires) -> None:
    """What stands still is the container's child, as an operator would see it; the health check ends it.

    It has paid two before, and the next process pays one before its first scrape: of a counter that is at one again
    Prometheus would not see that it began anew.
    """
    for _ in range(2):
        hires.one()
    prometheus.counts("sum(golem_hire_to_release_seconds_count) > 1")
    hire = hires.active()
    os.kill(children(state("escrow-worker")["Pid"])[0], signal.SIGSTOP)
    hires.confirm(hire)
    prometheus.sees("GolemProcessDown")
    prometheus.sees("GolemHireToRelease")
    hires.settled(hire)


def test_the_mail_server_is_away(prometheus: Prometheus, hires: Hires) -> None:
    with stopped("mailpit"):
        hires.person().put("/v1/me/contact", {"email": f"{os.urandom(4).hex()}@example.org"})
        prometheus.sees("GolemMails")


def test_everything_holds_so_far() -> None:
    everything_holds()


def test_records_die(
    prometheus: Prometheus,
    hires: Hires,
    consumer: Callable[..., KafkaConsumer],
    producer: Callable[..., KafkaProducer],
) -> None:
    """Of one kind so many that its topic is paused, and not again once a restart of the worker has it read on."""
    hires.published()
    known = records(consumer, "listing.created")[0]
    send(producer("listing"), "listing.created", known, 60, value=b"{not json")
    prometheus.sees("GolemDeadLetters", "GolemTopicPaused")
    prometheus.counts('count(golem_topic_paused{type="listing.created"} > 0) == 2')  # matching's and notify's
    compose("restart", "listing-worker", "matching-worker", "escrow-worker", "notify-worker", seconds=120)


def test_nobody_holds_the_lease(prometheus: Prometheus, mongo: Callable[..., MongoClient[Json]]) -> None:
    """Somebody who does nothing with it beats it."""
    leases = mongo("listing")["listing"][COLLECTIONS["listing"]]

    def beat(enough: threading.Event) -> None:
        while not enough.wait(0.3):
            leases.update_one({"_id": "lease"}, {"$set": {"holder": "a ghost"}, "$inc": {"beat": 1}})

    with threads(1, beat) as errors:
        prometheus.sees("GolemNoLease")
    assert errors == []


def test_all_of_them_end(prometheus: Prometheus) -> None:
    prometheus.is_quiet()


def test_each_alert_was_caused_or_says_why_not() -> None:
    assert {*CAUSED} | {*NOT_CAUSED} == ALERTS
    assert not {*CAUSED} & {*NOT_CAUSED}
