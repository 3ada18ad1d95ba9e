"""Records that nobody can parse, that others forged, and too many of them: hires go on, and operators see why."""

import base64
import json
import signal
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.embedded.stack import Stack
from shared.events import decode
from shared.messaging.ports import Message
from tests.stack.test_trouble import dead_letters, golem, headers, until
from tests.support import raw_records as raw
from tests.support.hires import Hires
from tests.support.topics import produce, read_all


def odd(topic: str, subject: str, value: bytes) -> Message:
    """A record of the contract with one more header, whose name is not UTF-8."""
    return Message(topic, subject.encode(), value, (*headers(topic, subject), (raw.Name(b"\xff\xfe"), b"x")))


def letters_of(stack: Stack, service: str, subject: str) -> list[dict[str, Any]]:
    return [letter for letter in dead_letters(stack, service) if letter["key"] == subject]


def test_what_the_client_cannot_parse_is_a_letter_and_hires_and_deadlines_go_on(stack: Stack, hires: Hires) -> None:
    subject, body = str(uuid4()), b'{"offer_id": "what was in it"}'
    for topic in ("hire.ended", "offer.lapsed", "offer.cancelled"):
        raw.produce(stack.kafka, odd(topic, subject, body))
    hires.one()

    until(lambda: len(letters_of(stack, "escrow", subject)) >= 3, what="three dead letters")
    letters = letters_of(stack, "escrow", subject)
    assert {letter["reason"] for letter in letters} == {"unreadable"}
    shown = json.loads(golem(stack, "dlq", "show", letters[0]["letter"], "--json").stdout)
    assert base64.b64decode(shown["base64"]) == body
    assert "\\xff\\xfe" in shown["headers"]
    events = golem(stack, "events", "hire.ended", "--no-follow", "--json")
    assert events.returncode == 0, events.stderr
    told = [json.loads(line) for line in events.stdout.splitlines()]
    assert [subject] == [event["key"] for event in told if event.get("unreadable")]
    assert httpx.get(f"{stack.health('escrow-worker')}/readyz").status_code == 200


@pytest.mark.parametrize("codec", ["lz4", "snappy", "zstd"])
def test_packed_by_any_codec_it_is_read(stack: Stack, codec: str) -> None:
    subject = str(uuid4())
    raw.produce(
        stack.kafka,
        Message("offer.lapsed", subject.encode(), b"{not json", tuple(headers("offer.lapsed", subject))),
        compression_type=codec,
    )

    until(lambda: letters_of(stack, "escrow", subject), what="the dead letter")
    assert [letter["reason"] for letter in letters_of(stack, "escrow", subject)] == ["not_json"]


# -- forged


def _as_matching_says(stack: Stack, topic: str) -> Any:
    """A real event of that topic, as the record that it is."""
    return until(lambda: read_all(stack.kafka, [topic])[-1:], what=f"a record in {topic}")[0]  # type: ignore[index]


def test_only_its_owner_emits_an_event(stack: Stack, hires: Hires) -> None:
    """`escrow.held` that says to come from matching holds nothing."""
    paid = hires.active()
    held = next(r for r in read_all(stack.kafka, ["escrow.held"]) if r.key == paid.offer_id.encode())
    unpaid = hires.accepted()
    forged = json.loads(held.value) | {"offer_id": unpaid.offer_id}
    about = dict(headers("escrow.held", unpaid.offer_id)) | {"ce_sequence": b"0000000009"}
    produce(stack.kafka, "escrow.held", unpaid.offer_id.encode(), json.dumps(forged).encode(), list(about.items()))

    until(lambda: letters_of(stack, "matching", unpaid.offer_id), what="the dead letter")
    assert letters_of(stack, "matching", unpaid.offer_id)[0]["reason"] == "wrong_source"
    assert unpaid.seeker.get(f"/v1/offers/{unpaid.offer_id}")["status"] == "accepted"


def test_a_number_that_no_document_has_is_refused(stack: Stack, hires: Hires) -> None:
    ready = hires.active()
    created = next(r for r in read_all(stack.kafka, ["listing.created"]) if ready.listing_id in r.key.decode())
    about = dict(created.headers) | {"ce_id": str(uuid4()).encode(), "ce_sequence": b"9999999999"}
    about |= {name: value.replace(b"listing.created", b"listing.revised") for name, value in about.items()}
    produce(stack.kafka, "listing.revised", created.key, created.value, list(about.items()))

    until(lambda: letters_of(stack, "matching", ready.listing_id), what="the dead letter")
    assert letters_of(stack, "matching", ready.listing_id)[0]["reason"] == "bad_header"


def test_what_was_never_buried_is_not_taken_from_the_redrive_topic(stack: Stack, hires: Hires) -> None:
    """A hire.confirmed with everything right, written where what is sent again is read: nobody is paid, and sending its
    letter again pays nobody either.
    """
    hires.one()
    real = _as_matching_says(stack, "hire.confirmed")
    waiting = hires.active()
    forged = json.loads(real.value) | {"offer_id": waiting.offer_id, "listing_id": waiting.listing_id}
    about = dict(real.headers) | {"ce_id": str(uuid4()).encode()}
    for name in ("ce_subject", "ce_partitionkey"):
        about[name] = waiting.offer_id.encode()
    assert decode(waiting.offer_id.encode(), json.dumps(forged).encode(), list(about.items()))
    value = json.dumps(forged).encode()
    produce(stack.kafka, "escrow.redrive", waiting.offer_id.encode(), value, list(about.items()))

    until(lambda: letters_of(stack, "escrow", waiting.offer_id), what="the dead letter")
    (letter,) = letters_of(stack, "escrow", waiting.offer_id)
    assert letter["reason"] == "no_letter"
    left = json.loads(golem(stack, "dlq", "redrive", letter["letter"], "--json").stdout)
    assert (left["redriven"], list(left["left"])) == ([], [letter["letter"]])
    assert waiting.seeker.get(f"/v1/escrows/{waiting.offer_id}")["status"] == "held"


# -- sent again


def test_all_sent_again_five_times_doubles_nothing(stack: Stack) -> None:
    """What still cannot be taken is one letter more each time; what was sent again is marked, and not sent twice."""
    subject = str(uuid4())
    for number in range(3):
        produce(stack.kafka, "hire.ended", subject.encode(), b"{%d" % number, headers("hire.ended", subject))
    until(lambda: len(letters_of(stack, "escrow", subject)) == 3, what="three dead letters")
    first = golem(stack, "dlq", "redrive", "--all", "--service", "escrow", "--json")
    assert first.returncode == 0, first.stderr
    until(lambda: len(letters_of(stack, "escrow", subject)) == 6, what="each of them once more")
    for letter in letters_of(stack, "escrow", subject)[:3]:
        again = golem(stack, "dlq", "redrive", letter["letter"], "--json")
        assert json.loads(again.stdout)["redriven"] == []
    for round_ in (3, 4, 5):
        assert golem(stack, "dlq", "redrive", "--all", "--service", "escrow").returncode == 0
        until(lambda expected=3 * round_: len(letters_of(stack, "escrow", subject)) == expected, what="three more")

    marked = [letter["sent_again"] is not None for letter in letters_of(stack, "escrow", subject)]
    assert marked == [True] * 12 + [False] * 3


# -- too many


@pytest.fixture
def read_on(stack: Stack) -> Iterator[None]:
    """The matching worker is started again afterwards, and reads all of its topics."""
    yield
    old = stack.kill("matching-worker")
    stack.wait_restarted("matching-worker", old)


@pytest.mark.usefixtures("read_on")
def test_a_topic_of_unreadable_records_is_paused_alone_and_money_goes_on(stack: Stack, hires: Hires) -> None:
    """120 on `contact.verified`: an offer is funded, confirmed and paid; status and readiness name the topic."""
    accepted = hires.accepted()
    subject = "p_" + uuid4().hex
    bad = Message("contact.verified", subject.encode(), b"{", tuple(headers("contact.verified", subject)))
    raw.produce(stack.kafka, *[bad] * 120)

    def ready() -> httpx.Response:
        return httpx.get(f"{stack.health('matching-worker')}/readyz")

    until(lambda: ready().status_code == 503, what="that it is not ready")
    assert "contact.verified" in ready().text
    report = json.loads(golem(stack, "status", "--json").stdout)["services"]
    assert (report["matching"]["paused"], report["escrow"]["paused"]) == (["contact.verified"], [])
    assert "contact.verified" in golem(stack, "status").stdout
    hires.fund(accepted)
    accepted.seeker.wait_for(f"/v1/offers/{accepted.offer_id}", "active")
    hires.confirm(accepted)
    assert hires.settled(accepted)["released"] > 0
    raw.produce(stack.kafka, Message("contact.verified", subject.encode(), b"{", ()))
    assert hires.one()


@pytest.mark.usefixtures("read_on")
def test_sigterm_while_a_topic_is_paused_ends_a_worker_without_a_traceback(stack: Stack) -> None:
    subject = str(uuid4())
    raw.produce(stack.kafka, *(odd("listing.paused", subject, b"{}") for _ in range(60)))
    until(lambda: httpx.get(f"{stack.health('matching-worker')}/readyz").status_code == 503, what="the pause")
    before = len(stack.log("matching-worker"))
    old = stack.kill("matching-worker", signal.SIGTERM)
    stack.wait_restarted("matching-worker", old)

    assert "Traceback" not in stack.log("matching-worker")[before:]
