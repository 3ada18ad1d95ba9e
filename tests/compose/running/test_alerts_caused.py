"""Each alert is caused: a real Prometheus sees it fire, the fault is mended, and it ends.

The rules are the shipped ones with shorter times (`shortened`): windows and `for` of some seconds, the thresholds as
they are.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from kafka import KafkaConsumer, KafkaProducer
from pymongo import MongoClient

from deploy import COLLECTIONS, SERVICES
from tests.compose.running.conftest import Deployment, compose, everything_holds
from tests.compose.running.faults import WrongClock, children, damaged, held, made_with, standing_still, state, stopped
from tests.compose.running.load import threads
from tests.compose.running.watching import ALERTS, RULES, Prometheus, shortened
from tests.support.hires import Hires, listing
from tests.support.topics import read_to_ends

Json = dict[str, Any]


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


@pytest.fixture
def hires(deployment: Deployment) -> Iterator[Hires]:
    with Hires(deployment) as playing:
        yield playing


def records(consumer: Callable[..., KafkaConsumer], topic: str) -> list[Any]:
    """All that a topic holds."""
    return read_to_ends(consumer("operator"), [topic], 60)


def send(producer: KafkaProducer, topic: str, record: Any, times: int, value: bytes | None = None) -> None:
    for _ in range(times):
        producer.send(topic, key=record.key, value=value or record.value, headers=record.headers)
    producer.flush(timeout=30)


@dataclass(frozen=True)
class Sent:
    """What `send` takes of a record."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def end_of_no_hire(confirmed: Any) -> Sent:
    """`hire.ended` of an offer that there is not, made of a `hire.confirmed`."""
    offer, data = str(uuid4()), json.loads(confirmed.value)
    data |= {"offer_id": offer, "status": "ended", "by": "insider", "on": data["start_on"]}
    for name in ("start_on", "confirmed_by", "confirmed_at", "evidence_grade"):
        del data[name]
    changed = {"ce_id": str(uuid4()), "ce_type": "hire.ended", "ce_subject": offer, "ce_partitionkey": offer}
    changed["ce_dataschema"] = "https://goodgolem.example/schemas/hire.ended/1"
    headers = dict(confirmed.headers) | {name: text.encode() for name, text in changed.items()}
    return Sent(offer.encode(), json.dumps(data).encode(), list(headers.items()))


def test_kafka_is_away(prometheus: Prometheus, hires: Hires, capsys: pytest.CaptureFixture[str]) -> None:
    """It costs no thread and no descriptor, for as long as it lasts."""
    hires.accepted()  # it looks at its listing in a minute
    workers = [f"{service}-worker" for service in SERVICES]
    before = {name: held(name) for name in workers}
    with stopped("kafka"):
        insider = hires.person("insider")
        insider.post(f"/v1/listings/{insider.post('/v1/listings', listing())['id']}/submit")
        prometheus.sees(
            "GolemBrokerAway", "GolemOutboxOld", "GolemRelayFailures", "GolemFrontierBehind", "GolemTimersDue"
        )
        after = {name: held(name) for name in workers}
    with capsys.disabled():
        print(f"\nthreads and descriptors before the broker was away: {before}\nat its end: {after}")
    for name in workers:
        assert after[name][0] <= before[name][0] + 3
        assert after[name][1] <= before[name][1] + 5
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


def test_neither_the_mail_server_nor_the_provider_says_what_became_of_it(prometheus: Prometheus, hires: Hires) -> None:
    """The provider's answers are lost on their way; asked again, it knows, and the hires go on."""

    def fund(enough: threading.Event) -> None:
        while not enough.wait(2):
            hires.active(source="tok_timeout")

    with stopped("mailpit"), threads(1, fund) as errors:
        hires.person().put("/v1/me/contact", {"email": f"{os.urandom(4).hex()}@example.org"})
        prometheus.sees("GolemMails", "GolemInstructionsUnknown")
    assert errors == []


def test_clocks_are_wrong_and_a_loop_stands_still(
    prometheus: Prometheus, hires: Hires, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twenty minutes ahead, in a worker and in a web; a loop of another worker, whose health check sees nothing. What
    is confirmed meanwhile is not put off by as much: it is paid within a minute of the clock being right, as the
    runbook says.
    """
    clock = WrongClock(tmp_path)
    watched_by_nobody = {"healthcheck": {"test": ["CMD", "true"]}}
    changed = {
        "escrow-worker": clock.service(),
        "listing-web": clock.service(),
        "notify-worker": watched_by_nobody,
    }
    with made_with(tmp_path, changed):
        hire = hires.active()
        with standing_still("notify-worker") as loop:
            clock.ahead("20m")
            prometheus.sees("GolemClockOff")
            hires.confirm(hire)
            headers = {"Authorization": f"Bearer {hire.insider.token}", "Idempotency-Key": str(uuid4())}
            refused = hires.http.post("/v1/listings", headers=headers, json=listing())
            assert (refused.status_code, "Retry-After" in refused.headers) == (503, True), refused.text
            assert hires.http.get("/v1/listings").status_code == 200
            prometheus.sees("GolemLoopStuck")
            assert hire.seeker.get(f"/v1/escrows/{hire.offer_id}")["status"] == "held"  # after a minute and more
            clock.ahead("0s")
            began = time.monotonic()
            hires.settled(hire)
            took = time.monotonic() - began
    with capsys.disabled():
        print(f"\npaid {took:.1f} s after its clock was right; the loop that stood still: {loop}")

    assert took < 60


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


def test_the_books_are_wrong_and_an_event_came_alone(
    prometheus: Prometheus,
    hires: Hires,
    consumer: Callable[..., KafkaConsumer],
    producer: Callable[..., KafkaProducer],
    mongo: Callable[..., MongoClient[Json]],
) -> None:
    """As if data were damaged or lost: a line of a journal, a sum at the provider, and the end of a hire whose offer
    nobody accepted. Put right by hand, all are quiet again.
    """
    in_journal, at_provider = hires.one().offer_id, hires.one().offer_id
    escrows = mongo("escrow")["escrow"][COLLECTIONS["escrow"]]
    accounts = mongo("provider")["provider"]["accounts"]
    alone = end_of_no_hire(records(consumer, "hire.confirmed")[0])
    send(producer("matching"), "hire.ended", alone, 1)
    with (
        damaged(escrows, in_journal, "journal.1.lines.1.amount", 100),
        damaged(accounts, at_provider, "balance.fees", 1),
    ):
        prometheus.sees("GolemJournalSum", "GolemReconciliation", "GolemParkedEvents")
        flagged = {each["_id"] for each in escrows.find({"flagged": {"$ne": None}}, {"_id": 1})}
        assert escrows.delete_one({"_id": alone.key.decode(), "state": "new"}).deleted_count == 1

    assert flagged == {in_journal, at_provider}


def test_the_identity_provider_gives_its_keys_no_more(prometheus: Prometheus, tmp_path: Path) -> None:
    """It did for a while; since then it is away."""
    environment = {"JWKS_FILE": "", "JWKS_URL": "http://127.0.0.1:8999/jwks", "LICENCES": ""}
    serve = (
        "timeout",
        "30",
        "python",
        "-m",
        "http.server",
        "--bind",
        "127.0.0.1",
        "--directory",
        "/run/secrets",
        "8999",
    )
    with made_with(tmp_path, {"listing-web": {"environment": environment}}, wait=False):
        compose("exec", "--detach", "listing-web", *serve)
        prometheus.counts('max(golem_token_keys_fetched_seconds{job="listing-web"}) > 0')
        prometheus.sees("GolemTokenKeys")


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


def test_each_alert_was_caused(prometheus: Prometheus) -> None:
    assert {*prometheus.seen} == ALERTS
