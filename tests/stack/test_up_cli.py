"""The commands that work on a running stack: token, events, status, dlq, replay, backfill."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from click.testing import CliRunner
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from deploy import SERVICES
from deploy.cli import main
from deploy.embedded.stack import Stack
from deploy.mongo.collections import aggregates
from deploy.system.connect import find
from shared.messaging.kafka import end_offsets
from tests.support.hires import Hires
from tests.support.processes import eventually


def golem(stack: Stack, *arguments: str, fails: int = 0) -> str:
    """Run a command on the stack; its stdout, or its stderr where it is to fail."""
    result = CliRunner().invoke(main, [*arguments, "--data", str(stack.data.folder)])
    assert result.exit_code == fails, result.output
    return result.stderr if fails else result.stdout


def told(stack: Stack, *arguments: str) -> Any:
    return json.loads(golem(stack, *arguments, "--json"))


def status_of(stack: Stack, token: str) -> int:
    request = urllib.request.Request(f"{stack.gateway}/v1/offers", headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that starts beside documents before its group was ever given an event, as after the tests that kill the
    broker, waits a minute with its deadlines for what may be replayed.
    """
    monkeypatch.setattr("tests.support.people._PATIENCE", 100.0)
    monkeypatch.setattr("deploy.demo.people.PATIENCE", 100.0)


def test_token(stack: Stack) -> None:
    """A token alone on a line, which the services take; without its signature they do not."""
    token = golem(stack, "token", "--sub", "anna").rstrip("\n")

    assert len(token.split()) == 1
    assert status_of(stack, token) == 200
    assert status_of(stack, token.rpartition(".")[0] + ".AAAA") == 401


def test_status(stack: Stack) -> None:
    """Every process runs, and each service says what waits in it."""
    report = told(stack, "status")
    names = {process["name"] for process in report["processes"]}

    assert {f"{service}-{kind}" for service in SERVICES for kind in ("web", "worker")} <= names
    assert all(process["running"] for process in report["processes"])
    assert set(report["services"]) == set(SERVICES)
    assert all(row["lag"] >= 0 and row["outbox"] >= 0 for row in report["services"].values())
    assert "dead letters" in golem(stack, "status")


def test_dead_letter_from_end_to_end(stack: Stack) -> None:
    """What is not JSON becomes a letter that can be listed, shown and sent again with its bytes, key and headers."""
    poison, key, headers = b"\x00not json", b"lost-offer", [("ce_id", b"poison-1"), ("x", b"\xff")]
    producer = KafkaProducer(bootstrap_servers=stack.kafka)
    sent = producer.send("offer.accepted", value=poison, key=key, headers=headers).get(timeout=10)
    producer.close()
    origin = f"offer.accepted/{sent.partition}/{sent.offset}"

    def letters() -> list[dict[str, Any]]:
        return [each for each in told(stack, "dlq", "list", "--service", "escrow") if each["key"] == "lost-offer"]

    eventually(lambda: bool(letters()), "a dead letter")
    letter = letters()[0]
    shown = told(stack, "dlq", "show", letter["letter"])
    assert letter["origin"] == origin and letter["letter"].startswith("escrow/")
    assert shown["value"] == "\x00not json" and shown["headers"]["ce_id"] == "poison-1"
    assert letter["reason"] in golem(stack, "dlq", "show", letter["letter"])
    assert told(stack, "status")["services"]["escrow"]["dead_letters"] >= 1

    assert told(stack, "dlq", "redrive", letter["letter"]) == {"redriven": [letter["letter"]]}
    record = last_record(stack, "escrow.redrive")
    named = ("dlq_letter", letter["letter"].removeprefix("escrow/").encode())
    assert (record.key, record.value, list(record.headers)) == (key, poison, [*headers, named])
    eventually(lambda: len(letters()) == 2, "the letter dies again, for nothing was mended")


def test_what_others_wrote_acts_on_no_terminal(stack: Stack) -> None:
    """Neither a key, nor a header, nor the bytes, in any command that shows them; and no rich markup is read."""
    escape, deep = b"\x1b[2J\xc2\x9b31m", b"[" * 100_000
    key = escape + b"[/red]evil\xe2\x80\xae"
    headers = [("ce_type", escape), ("ce_sequence", "²".encode()), ("ce_time", escape), ("ce_subject", escape)]
    producer = KafkaProducer(bootstrap_servers=stack.kafka)
    for value in (escape + b"\r\n", b'{"a": "\\u001b[2J\\ud800", "b": "\xc2\x9b"}', deep):
        producer.send("hire.ended", value=value, key=key, headers=headers).get(timeout=10)
    producer.close()

    def letters() -> list[dict[str, Any]]:
        return [each for each in told(stack, "dlq", "list", "--service", "escrow") if "evil" in (each["key"] or "")]

    eventually(lambda: len(letters()) == 3, "three dead letters")
    shown = [golem(stack, "dlq", "show", each["letter"], *form) for each in letters() for form in ((), ("--json",))]
    shown += [golem(stack, "dlq", "list"), golem(stack, "dlq", "list", "--json")]
    shown += [golem(stack, "events", "hire.ended", "--no-follow", *form) for form in ((), ("--json",))]

    assert all("evil" in output or "2J" in output for output in shown)
    assert all(character == "\n" or character.isprintable() for output in shown for character in output)
    assert told(stack, "dlq", "show", letters()[0]["letter"])["key"] == key.decode()


def test_events(stack: Stack) -> None:
    """Events are readable, for people and for programs; a name that is none is said to be none."""
    rows = [json.loads(line) for line in golem(stack, "events", "offer.", "--no-follow", "--json").splitlines()]

    assert any(row["key"] == "lost-offer" for row in rows) or rows == []
    assert all(row["topic"].startswith("offer.") for row in rows)
    assert "no event is called 'hire.confirm'; there is hire.confirmed" in golem(
        stack, "events", "hire.confirm", fails=1
    )


def test_replay(stack: Stack) -> None:
    """Nothing is newer than now, so nothing is sent again."""
    assert told(stack, "replay", "--since", "0s")["events"].keys() == set(SERVICES)


def test_a_replay_needs_no_broker(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in compose with the database alone: no Kafka answers by that name."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("MONGODB_URI", stack.mongodb)
    result = CliRunner().invoke(main, ["replay", "--since", "0s", "--json"])

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["events"].keys() == set(SERVICES)


def test_backfill(stack: Stack, hires: Hires) -> None:
    """A service that lost its copy of an offer takes again what concerns it; no topic of an event has more than before,
    and asked again, nothing is lacking.
    """
    offer_id = hires.one().offer_id
    golem(stack, "verify", "--wait", "60")
    system = find(stack.data.folder)
    with system.database() as client:
        copies = aggregates(client, "notify", system.database_prefix)
        copy = copies.find_one_and_delete({"_id": f"offer:{offer_id}"})
        before = golem(stack, "events", "--no-follow", "--json")
        lacking = told(stack, "backfill", "notify", "--dry-run")
        assert lacking["sent"] is False and lacking["events"]["notify"]["hire.confirmed"] == 1
        assert copies.find_one({"_id": f"offer:{offer_id}"}) is None
        some = told(stack, "backfill", "notify", "--types", "hire.confirmed", "--rate", "1000")
        assert some == {"events": {"notify": {"hire.confirmed": 1}}, "sent": True}
        eventually(lambda: copies.find_one({"_id": f"offer:{offer_id}", "hired": True}) is not None, "it is hired")
        assert "notify: sent" in golem(stack, "backfill", "notify")
        eventually(lambda: golem(stack, "backfill") == "".join(f"{name}: has all\n" for name in SERVICES), "all of it")
        mended = copies.find_one({"_id": f"offer:{offer_id}"})

    assert copy and mended and {"number", "status", "parties", "hired"} <= set(mended)
    assert {name: copy[name] for name in copy if name not in ("version", "updated_at", "created_at")} == {
        name: mended[name] for name in mended if name not in ("version", "updated_at", "created_at")
    }
    assert golem(stack, "events", "--no-follow", "--json") == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("dlq", "show", "escrow/0/999999"), "there is no dead letter escrow/0/999999"),
        (("dlq", "show", "nobody/0/1"), "is not SERVICE/PARTITION/OFFSET"),
        (("dlq", "show", "escrow/0/²"), "is not SERVICE/PARTITION/OFFSET"),
        (("dlq", "redrive"), "name letters, or say --all with --service"),
        (("replay", "--since", "yesterday"), "neither a time"),
        (("backfill", "escrow", "--types", "offer.made"), "offer.made: not read by escrow"),
        (("backfill", "nobody"), "'nobody' is not one of"),
        (("token", "--sub", " "), "expected printable text"),
    ],
)
def test_clear_refusals(stack: Stack, arguments: tuple[str, ...], says: str) -> None:
    """A mistake is one clear line on stderr and an exit code that is not 0."""
    code = 1 if "no dead letter" in says else 2

    assert says in golem(stack, *arguments, fails=code)


def last_record(stack: Stack, topic: str) -> Any:
    consumer = KafkaConsumer(bootstrap_servers=stack.kafka, enable_auto_commit=False)
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    consumer.seek(place, end_offsets(consumer, [place])[place] - 1)
    records: list[Any] = []
    eventually(
        lambda: bool(records.extend(r for polled in consumer.poll(500).values() for r in polled) or records), topic
    )
    consumer.close()
    return records[-1]


def test_demo(stack: Stack) -> None:
    """The story pays out, and who proved an address by its mailed code was mailed what happened."""
    story = told(stack, "demo")

    assert (story["journal_sum"], story["hired"]["escrow"]["status"]) == (0, "settled")
    assert {"We hold your money", "The help begins", "An offer is completed"} <= set(story["mails"])
    assert story["events"] > 20
