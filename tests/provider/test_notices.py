"""Notices: each outcome is reported at least once, late, twice and in any order; a forged one is not believed."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest

from services.escrow.provider.port import BadNotice, BadSignature, Notices, Provider
from tests.provider.harness import Harness, Known, Receiver
from tests.provider.instructions import account, hold, refund, release
from tests.support.clock import ManualClock

FIVE_MINUTES = timedelta(minutes=5)


def test_every_outcome_is_reported(harness: Harness, provider: Provider, known: Known, receiver: Receiver) -> None:
    """Each decided instruction is answered once more, signed, with the outcome that was answered directly."""
    answers = [provider.carry_out(each) for each in (hold(known.source), release(), refund())]
    assert account(provider).in_flight
    harness.work()
    harness.work()

    assert [notice.outcome for notice in receiver.received] == answers
    kinds = [notice.kind for notice in receiver.received]
    assert kinds == ["transfer.succeeded", "transfer.succeeded", "transfer.refused"]
    assert len({notice.id for notice in receiver.received}) == 3
    assert all(notice.offer_id == "offer-1" and notice.chargeback is None for notice in receiver.received)
    assert not account(provider).in_flight


def test_late_and_twice(
    harness: Harness, provider: Provider, known: Known, clock: ManualClock, receiver: Receiver
) -> None:
    """What was not taken comes again, for days, the same and freshly signed: also where only the answer was lost."""
    receiver.answers = [None, 503, 302, 400]
    outcome = provider.carry_out(hold(known.source))
    for _ in range(5):
        assert account(provider).in_flight
        harness.work()
        clock.advance(timedelta(days=1))
    harness.work()

    assert len(receiver.received) == 5 and set(receiver.received) == {receiver.received[0]}
    assert receiver.received[0].outcome == outcome
    assert len({delivery.signature for delivery in receiver.deliveries}) == 5
    assert not account(provider).in_flight


def test_out_of_order(
    harness: Harness, provider: Provider, known: Known, clock: ManualClock, receiver: Receiver
) -> None:
    """The notice of a hold that is taken after that of its release says what it always said."""
    receiver.answers = [503]
    held = provider.carry_out(hold(known.source))
    paid = provider.carry_out(release())
    harness.work()
    clock.advance(timedelta(days=1))
    harness.work()

    assert [notice.outcome for notice in receiver.received] == [held, paid, held]
    assert receiver.received[0] == receiver.received[2]
    assert (provider.find("i-hold"), provider.find("i-release")) == (held, paid)


def test_after_a_restart(harness: Harness, provider: Provider, known: Known, receiver: Receiver) -> None:
    """What one process did not come to report, another does, once."""
    outcome = provider.carry_out(hold(known.source))
    harness.provider = harness.restarted()
    harness.work()
    harness.provider = provider
    harness.work()

    assert receiver.outcomes == [outcome]


def test_the_loops(harness: Harness, provider: Provider, known: Known, receiver: Receiver) -> None:
    """Each loop beats and ends when it is told to; where there is one, it reports without being asked."""
    stop, beats = threading.Event(), {name: threading.Event() for name in provider.loops}
    threads = [threading.Thread(target=loop, args=(stop, beats[name].set)) for name, loop in provider.loops.items()]
    for thread in threads:
        thread.start()
    try:
        provider.carry_out(hold(known.source))
        assert not threads or receiver.got_one.wait(10)
        assert all(beat.wait(10) for beat in beats.values())
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)

    assert not any(thread.is_alive() for thread in threads)
    assert not threads or provider.find("i-hold") == receiver.outcomes[0]


# -- forged


def delivered(harness: Harness) -> bytes:
    """The body of a notice that came."""
    harness.provider.carry_out(hold(harness.known.source))
    harness.work()
    return harness.receiver.deliveries[0].body


def test_the_header_is_named(notices: Notices) -> None:
    """A name that HTTP allows."""
    assert notices.header and notices.header.isascii() and notices.header.replace("-", "").isalnum()


@pytest.mark.parametrize("apart", [timedelta(), timedelta(minutes=4), -timedelta(minutes=4)])
def test_a_good_signature(harness: Harness, notices: Notices, clock: ManualClock, apart: timedelta) -> None:
    """Clocks may differ by some minutes."""
    body = delivered(harness)

    assert notices.read(harness.sign(body, clock.now()), body, clock.now() + apart) == harness.receiver.received[0]


@pytest.mark.parametrize("apart", [FIVE_MINUTES, -FIVE_MINUTES, timedelta(days=365)])
def test_an_old_or_early_signature(harness: Harness, notices: Notices, clock: ManualClock, apart: timedelta) -> None:
    """A recorded webhook cannot be played again later."""
    body = delivered(harness)

    with pytest.raises(BadSignature, match="outside_tolerance"):
        notices.read(harness.sign(body, clock.now()), body, clock.now() + apart + apart / 100)


def test_another_key_or_body(harness: Harness, notices: Notices, clock: ManualClock) -> None:
    """Whatever is not exactly what the provider signed does not fit."""
    body = delivered(harness)
    for signature, given in (
        (harness.sign(body, clock.now(), forged=True), body),
        (harness.sign(body, clock.now()), body + b" "),
        (harness.sign(body, clock.now()), body.replace(b"50000", b"50001")),
    ):
        with pytest.raises(BadSignature, match="mismatch"):
            notices.read(signature, given, clock.now())


@pytest.mark.parametrize("signature", ["", ",", "x" * 100_000, "t=1", "v1=ab", "é", "\x00"])
def test_a_malformed_signature(harness: Harness, notices: Notices, clock: ManualClock, signature: str) -> None:
    """Garbage is refused by name; a missing header counts as such."""
    with pytest.raises(BadSignature, match="malformed"):
        notices.read(signature, delivered(harness), clock.now())


def test_nothing_is_read_before_its_signature(notices: Notices, clock: ManualClock) -> None:
    """A body that is no notice is a bad signature first."""
    with pytest.raises(BadSignature):
        notices.read("", b"no notice", clock.now())


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"null", b"{}", b"[" * 100_000])
def test_a_body_that_is_no_notice(harness: Harness, notices: Notices, clock: ManualClock, body: bytes) -> None:
    """Well signed, it is refused all the same, and as nothing else than that."""
    with pytest.raises(BadNotice):
        notices.read(harness.sign(body, clock.now()), body, clock.now())


@pytest.mark.parametrize("change", [{"added": 1}, {"added": {"deep": [None]}}])
def test_fields_added_later(harness: Harness, notices: Notices, clock: ManualClock, change: dict[str, Any]) -> None:
    """They are passed over."""
    body = json.dumps(json.loads(delivered(harness)) | change).encode()

    assert notices.read(harness.sign(body, clock.now()), body, clock.now()) == harness.receiver.received[0]
