"""A broker or a database that is away, and records that nobody can read: what users and operators see of it."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from deploy.embedded.stack import Stack
from tests.support.hires import Hires, listing
from tests.support.topics import produce


def until(holds: Callable[[], object], seconds: float = 30.0, what: str = "it") -> object:
    """Ask until the answer is truthy, and return it."""
    end = time.monotonic() + seconds
    while True:
        if found := holds():
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come to be within {seconds} s")
        time.sleep(0.05)


def golem(stack: Stack, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """The command as an operator runs it, against this stack's servers."""
    command = [sys.executable, "-c", "from deploy.cli import main; main()", *words, "--data", str(stack.data.folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


def dead_letters(stack: Stack, service: str) -> list[dict[str, object]]:
    listed = golem(stack, "dlq", "list", "--service", service, "--json")
    assert listed.returncode == 0, listed.stderr
    return list(json.loads(listed.stdout))


def headers(event_type: str, subject: str, version: int = 1) -> list[tuple[str, bytes]]:
    plain = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid4()),
        "ce_source": "urn:good-golem:matching",
        "ce_type": event_type,
        "ce_time": "2027-01-01T00:00:00.000Z",
        "ce_subject": subject,
        "ce_partitionkey": subject,
        "ce_sequence": "0000000001",
        "ce_dataschema": f"https://goodgolem.example/schemas/{event_type}/{version}",
        "content-type": "application/json",
    }
    return [(name, value.encode()) for name, value in plain.items()]


def test_poison_becomes_a_dead_letter_and_the_next_record_is_processed(stack: Stack, hires: Hires) -> None:
    """Not JSON, an unknown version, a type in a foreign topic: each can be read with its reason; hires go on."""
    subject = str(uuid4())
    produce(stack.kafka, "hire.confirmed", subject.encode(), b"{not json", headers("hire.confirmed", subject))
    produce(stack.kafka, "hire.confirmed", subject.encode(), b"{}", headers("hire.confirmed", subject, version=99))
    produce(stack.kafka, "hire.ended", subject.encode(), b"{}", headers("hire.confirmed", subject, version=1))

    hires.one()

    def mine() -> list[dict[str, object]]:
        return [letter for letter in dead_letters(stack, "escrow") if letter["key"] == subject]

    until(lambda: len(mine()) >= 3, what="three dead letters")
    reasons = {str(letter["reason"]) for letter in mine()}
    assert {"not_json", "unknown_version"} <= reasons


def test_a_dead_letter_is_shown_with_its_bytes_and_redriven(stack: Stack, hires: Hires) -> None:
    """`golem dlq show` gives the bytes; a redriven record that is still poison comes back as another letter."""
    subject = str(uuid4())
    body = b'{"offer_id": "\xff"}'
    produce(stack.kafka, "hire.confirmed", subject.encode(), body, headers("hire.confirmed", subject))

    def mine() -> list[dict[str, object]]:
        return [letter for letter in dead_letters(stack, "escrow") if letter["key"] == subject]

    first = until(mine, what="the dead letter")
    assert isinstance(first, list)
    shown = golem(stack, "dlq", "show", str(first[0]["letter"]), "--json")
    assert shown.returncode == 0, shown.stderr
    redriven = golem(stack, "dlq", "redrive", str(first[0]["letter"]))

    assert redriven.returncode == 0, redriven.stderr
    until(lambda: len(mine()) == 2, what="the second dead letter")


@pytest.mark.embedded
def test_a_broker_that_is_away_loses_nothing_that_was_acknowledged(stack: Stack, hires: Hires) -> None:
    """Writes are taken while the broker is away, and get there when it is back."""
    ready = hires.active()
    stack.hold("broker")
    try:
        hires.confirm(ready)
        insider = hires.person("insider")
        draft = insider.post("/v1/listings", listing())
        insider.post(f"/v1/listings/{draft['id']}/submit")
    finally:
        stack.release("broker")

    assert hires.settled(ready)["released"] > 0


@pytest.mark.embedded
def test_a_database_that_is_away_is_a_503_that_says_when_to_come_again(stack: Stack, hires: Hires) -> None:
    """503 with Retry-After and a problem document; afterwards everything goes on."""
    ready = hires.active()
    headers_of = {"Authorization": f"Bearer {ready.insider.token}"}
    stack.hold("database")
    try:
        answer = hires.http.post("/v1/listings", json=listing(), headers=headers_of, timeout=60)
    finally:
        stack.release("database")

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) >= 1
    hires.confirm(ready)
    assert hires.settled(ready)["released"] > 0


def test_a_service_that_is_down_is_a_problem_document_of_the_gateway(stack: Stack, hires: Hires) -> None:
    """A web process that is away: 503 in the same form as everything else."""
    stack.hold("notify-web")
    try:
        answer = hires.http.get("/v1/notifications", timeout=30)
    finally:
        stack.release("notify-web")

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 503


def test_a_process_that_hangs_is_ended_and_started_again(stack: Stack, hires: Hires) -> None:
    """It runs and answers nobody, as one whose loop never returns: nothing dies by itself."""
    old = stack.kill("notify-worker", signal.SIGSTOP)
    stack.wait_restarted("notify-worker", old, seconds=120)

    assert hires.one()


def test_after_all_of_it_the_system_holds(stack: Stack) -> None:
    """All that the kills and these troubles have left, by `golem verify`."""
    said = golem(stack, "verify", "--wait", "30", timeout=600)

    assert said.returncode == 0, said.stdout + said.stderr
