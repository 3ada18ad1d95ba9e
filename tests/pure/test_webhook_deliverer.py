"""Deliveries: order and times of attempts, what a receiver may ask for, when an endpoint is switched off, who waits."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import format_datetime
from typing import cast

import pytest
from pymongo.errors import AutoReconnect
from standardwebhooks import Webhook

from services.notify.webhooks.acts import PAUSES
from services.notify.webhooks.deliverer import in_a_thread
from services.notify.webhooks.lifecycle import VERIFIED
from services.notify.webhooks.posting import Answered
from services.notify.webhooks.signing import secret
from services.notify.webhooks.store import active, delivery_key
from shared.aggregate import Refusal, Store
from tests.support.clock import ManualClock
from tests.support.memory import MemoryCollection
from tests.support.webhooks import KEY, OWNER, Hooks, Receivers

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ABORT = {"webhook-delivery": "abort-message"}


def attempts(hooks: Hooks, webhook_id: str, about: str) -> list[timedelta]:
    """How long after its beginning each attempt was made."""
    doc = hooks.delivery(webhook_id, about)
    return [each["at"] - doc["created_at"] for each in doc["attempts"]]


def test_a_success_is_one_attempt() -> None:
    receivers = Receivers()
    hooks = Hooks(receivers.post)
    webhook_id = hooks.webhook()
    about = hooks.deliver(webhook_id)

    hooks.settle()
    hooks.settle(10 * DAY)

    assert receivers.ids() == [about]
    assert hooks.delivery(webhook_id, about)["state"] == "delivered"


@pytest.mark.parametrize("answer", [500, 404, 301, 302, 308, 199, 101, "timeout", "no_connection", "refused_address"])
def test_attempts_are_made_at_once_and_at_the_times_that_are_promised(answer: int | str) -> None:
    receivers = Receivers(hook=[answer])
    hooks = Hooks(receivers.post)
    webhook_id = hooks.webhook()
    about = hooks.deliver(webhook_id)

    hooks.settle()
    for pause in PAUSES:
        hooks.settle(pause - timedelta(milliseconds=1))
        hooks.settle(timedelta(milliseconds=1))
    hooks.settle(30 * DAY)

    waited = [timedelta(), *(sum(PAUSES[: n + 1], timedelta()) for n in range(len(PAUSES)))]
    assert attempts(hooks, webhook_id, about) == waited
    assert [str(pause) for pause in PAUSES] == [
        "0:00:05", "0:05:00", "0:30:00", "2:00:00", "5:00:00", "10:00:00", "10:00:00",
    ]  # fmt: skip
    assert receivers.ids() == [about] * 8
    assert hooks.delivery(webhook_id, about)["given_up_for"] == "attempts"


def test_jitter_adds_a_fifth_at_most() -> None:
    hooks = Hooks(Receivers(hook=[500]).post, chance=1.0)
    webhook_id = hooks.webhook()
    about = hooks.deliver(webhook_id)

    hooks.settle()
    for pause in PAUSES:
        hooks.settle(pause * 6 / 5)

    assert len(attempts(hooks, webhook_id, about)) == len(PAUSES) + 1


def test_a_receiver_that_recovers_gets_the_same_message_once_more() -> None:
    receivers = Receivers(hook=[503, "timeout", 200])
    hooks = Hooks(receivers.post)
    webhook_id = hooks.webhook()
    about = hooks.deliver(webhook_id)

    for _ in range(3):
        hooks.settle(HOUR)

    assert receivers.ids() == [about] * 3
    assert {body for _, body, _ in receivers.taken} == {receivers.taken[0][1]}
    assert [each.get("status") or each["why"] for each in hooks.delivery(webhook_id, about)["attempts"]] == [
        503, "timeout", 200,
    ]  # fmt: skip


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_respected_in_seconds_and_as_a_date(status: int) -> None:
    until = format_datetime(ManualClock().now() + timedelta(seconds=700), usegmt=True)
    receivers = Receivers(hook=[(status, {"retry-after": "600"}), (status, {"retry-after": until}), 200])
    hooks = Hooks(receivers.post)
    webhook_id = hooks.webhook()
    about = hooks.deliver(webhook_id)

    hooks.settle()
    for _ in range(30):
        hooks.settle(timedelta(seconds=60))

    assert attempts(hooks, webhook_id, about) == [timedelta(seconds=seconds) for seconds in (0, 600, 900)]


def test_all_of_an_endpoint_rests_when_it_asks_for_rest() -> None:
    receivers = Receivers(hook=[(429, {"retry-after": "60"}), 200])
    hooks = Hooks(receivers.post)
    webhook_id = hooks.webhook()
    hooks.deliver(webhook_id)
    hooks.settle()
    later = hooks.deliver(webhook_id)

    hooks.settle(30)
    assert later not in receivers.ids()
    hooks.settle(31)

    assert later in receivers.ids()


@pytest.mark.parametrize("asked", ["soon", "-5", "", "Mon, 99 Foo", "9" * 40])
def test_what_is_no_retry_after_changes_nothing(asked: str) -> None:
    hooks = Hooks(Receivers(hook=[(429, {"retry-after": asked}), 200]).post)
    webhook_id = hooks.webhook()
    about = hooks.deliver(webhook_id)

    hooks.settle()
    hooks.settle(5)

    assert hooks.delivery(webhook_id, about)["state"] == "delivered"


def test_a_receiver_may_abort_a_message() -> None:
    receivers = Receivers(hook=[(400, ABORT)])
    hooks = Hooks(receivers.post)
    webhook_id = hooks.webhook()
    about = hooks.deliver(webhook_id)

    hooks.settle()
    hooks.settle(10 * DAY)

    doc = hooks.delivery(webhook_id, about)
    assert (doc["state"], doc["given_up_for"], len(doc["attempts"])) == ("failed", "aborted", 1)
    assert hooks.get(webhook_id)["state"] == "active"


def test_410_switches_the_webhook_off_and_its_owner_is_told_what_failed() -> None:
    receivers = Receivers(hook=[410])
    hooks = Hooks(receivers.post)
    webhook_id = hooks.webhook(url="https://hook.example/x", types=["*"])
    receivers.answers["https://hook.example/x"] = [410]
    about = hooks.deliver(webhook_id, "hire.confirmed")
    hooks.settle()
    other = hooks.deliver(webhook_id, "offer.made", 2)
    hooks.settle(10 * DAY)

    assert len(receivers.taken) == 1
    doc = hooks.store.whole(webhook_id) or {}
    first = receivers.ids()[0]
    assert (doc["state"], doc["disabled_for"]) == ("disabled", "gone")
    (event,) = doc["events"]
    assert (event["type"], event["data"]["reason"], event["data"]["host"]) == (
        "webhook.disabled", "gone", "hook.example",
    )  # fmt: skip
    assert [each.split(" ")[1] for each in event["data"]["failed"]] == [first]
    reasons = {hooks.delivery(webhook_id, each)["given_up_for"] for each in (about, other)}
    assert reasons == {"gone", "disabled"}


# -- nothing but failures


def failing(hooks: Hooks, webhook_id: str, hours: int) -> str:
    """A new event an hour, for so many hours; how the webhook is then."""
    for _ in range(hours):
        hooks.deliver(webhook_id)
        hooks.settle(HOUR)
    return str(hooks.get(webhook_id)["state"])


def test_an_endpoint_is_switched_off_after_five_days_of_nothing_but_failures() -> None:
    hooks = Hooks(Receivers(hook=[500]).post)
    webhook_id = hooks.webhook()

    assert failing(hooks, webhook_id, 12 + 5 * 24 - 1) == "active"
    assert failing(hooks, webhook_id, 3) == "disabled"
    assert hooks.get(webhook_id)["disabled_for"] == "failing"
    (event,) = (hooks.store.whole(webhook_id) or {})["events"]
    assert len(event["data"]["failed"]) == 5
    assert all(each.startswith("hire.confirmed ") for each in event["data"]["failed"])


def test_the_clock_does_not_start_for_one_burst_of_failures() -> None:
    hooks = Hooks(Receivers(hook=[(500, ABORT)]).post)
    webhook_id = hooks.webhook()
    receivers = Receivers(hook=[500, 200])
    hooks.deliverer._post = receivers.post
    for _ in range(20):
        hooks.deliver(webhook_id)
    hooks.settle()

    assert "failing_since" not in hooks.get(webhook_id)


def test_one_success_stops_the_clock() -> None:
    receivers = Receivers(hook=[500])
    hooks = Hooks(receivers.post)
    webhook_id = hooks.webhook()
    assert failing(hooks, webhook_id, 100) == "active"
    assert "failing_since" in hooks.get(webhook_id)

    receivers.answers["hook"] = [200, 500]
    hooks.deliver(webhook_id)
    hooks.settle()
    assert "failing_since" not in hooks.get(webhook_id)

    assert failing(hooks, webhook_id, 100) == "active"


# -- a worker that dies, and two workers


def test_a_worker_killed_in_the_middle_delivers_again_with_the_same_id() -> None:
    """It dies after the receiver has taken the message and before that is stored; another begins."""
    receivers, alive = Receivers(), list[bool]()

    def dies(step: str) -> None:
        if step.startswith("bulk_write") and receivers.taken and not alive:
            raise AutoReconnect("killed")

    collection = MemoryCollection(fault=dies)
    store = Store(collection, ManualClock(), sleep=lambda seconds: None)
    first = Hooks(receivers.post, store=store)
    webhook_id = first.webhook()
    about = first.deliver(webhook_id)
    first.deliverer.step()
    assert first.delivery(webhook_id, about)["state"] == "waiting"
    alive.append(True)

    Hooks(receivers.post, store=store).settle()

    assert receivers.ids() == [about, about]
    assert first.delivery(webhook_id, about)["state"] == "delivered"


@pytest.mark.parametrize("at", ["find:before", "bulk_write:before", "bulk_write:after"])
def test_an_outcome_that_the_database_does_not_take_at_once_is_stored_later_and_nothing_sent_again(at: str) -> None:
    receivers, slept = Receivers(), list[float]()

    def fails_for_seconds(step: str) -> None:
        if step == at and receivers.taken and sum(slept) < 3:
            raise AutoReconnect("deadlock detected")

    store = Store(MemoryCollection(fault=fails_for_seconds), ManualClock(), sleep=slept.append)
    hooks = Hooks(receivers.post, store=store)
    webhook_id = hooks.webhook()
    about = hooks.deliver(webhook_id)
    hooks.deliverer.step()

    assert hooks.delivery(webhook_id, about)["state"] == "delivered"
    hooks.settle(timedelta(hours=1))
    assert receivers.ids() == [about]
    assert len(attempts(hooks, webhook_id, about)) == 1


def test_two_workers_that_try_at_once_count_as_one_attempt() -> None:
    receivers = Receivers(hook=[500])
    hooks = Hooks(receivers.post)
    webhook_id = hooks.webhook()
    about = hooks.deliver(webhook_id)
    doc, webhook = hooks.delivery(webhook_id, about), hooks.get(webhook_id)
    for _ in range(2):
        hooks.deliverer._lanes.take(webhook_id, OWNER)
        hooks.deliverer.carry(doc, webhook)

    assert len(attempts(hooks, webhook_id, about)) == 1
    assert hooks.delivery(webhook_id, about)["state"] == "waiting"


def test_a_delivery_that_is_asked_for_again_while_others_are_read_is_sent_once() -> None:
    """It has moved forward in the index, and is found again."""
    receivers = Receivers()
    hooks = Hooks(receivers.post)
    webhook_id = hooks.webhook()
    abouts = [hooks.deliver(webhook_id) for _ in range(2)]
    hooks.store.clock.advance(1)  # type: ignore[attr-defined]
    collection, later = cast(MemoryCollection, hooks.store.collection), hooks.store.clock.now()
    first = min(delivery_key(webhook_id, about) for about in abouts)

    def asked_again(step: str) -> None:
        if step == "find.more:before":
            collection.update_one({"_id": first}, {"$set": {"deliver_at": later}})

    collection.at_once, collection.fault = 1, asked_again

    assert hooks.deliverer.step() == 2
    assert sorted(receivers.ids()) == sorted(abouts)


# -- what is sent, and to whom


def test_the_owners_rotated_secrets_both_sign_for_a_day() -> None:
    receivers = Receivers()
    hooks = Hooks(receivers.post)
    webhook_id = hooks.webhook()
    hooks.fold(webhook_id, "rotate")

    signatures = []
    for wait in (0, 24 * HOUR - timedelta(seconds=1), timedelta(seconds=1)):
        hooks.deliver(webhook_id)
        hooks.settle(wait)
        signatures.append(receivers.taken[-1][2]["webhook-signature"].split(" "))

    assert [len([each for each in these if each.startswith("v1,")]) for these in signatures] == [2, 2, 1]
    assert all(these[-1].startswith("v1a,") for these in signatures)


def test_the_library_of_the_standard_takes_what_is_sent() -> None:
    receivers = Receivers()
    hooks = Hooks(receivers.post)
    webhook_id = hooks.webhook()
    hooks.deliver(webhook_id)
    hooks.settle()
    _, body, headers = receivers.taken[0]

    signer = Webhook(secret(KEY, webhook_id, 1))
    at = hooks.store.clock.now()
    assert signer.sign(headers["webhook-id"], at, body.decode()) in headers["webhook-signature"].split(" ")


def test_nothing_goes_to_a_webhook_that_is_not_active_or_was_deleted() -> None:
    receivers = Receivers()
    hooks = Hooks(receivers.post)
    moved, deleted = hooks.webhook(), hooks.webhook()
    about, other = hooks.deliver(moved), hooks.deliver(deleted)
    hooks.fold(moved, "change", url="elsewhere", unreachable=None, counted=True)
    hooks.fold(deleted, "delete")

    hooks.settle()

    assert receivers.taken == []
    assert hooks.delivery(moved, about)["deliver_at"] > hooks.store.clock.now(), "it waits for the test of the new URL"
    assert hooks.store.get(delivery_key(deleted, other)) is None


def signing(hooks: Hooks, receivers: Receivers, webhook_id: str, after: timedelta = timedelta()) -> list[int]:
    """The numbers of the secrets that the next message is signed with."""
    hooks.settle(after)
    about = hooks.deliver(webhook_id)
    hooks.settle()
    _, sent, headers = next(each for each in receivers.taken if each[2]["webhook-id"] == about)
    signed = headers["webhook-signature"].split(" ")
    at = hooks.store.clock.now()
    return [n for n in range(1, 9) if Webhook(secret(KEY, webhook_id, n)).sign(about, at, sent.decode()) in signed]


def test_each_of_the_last_secrets_signs_for_a_day_however_often_it_is_rotated() -> None:
    receivers = Receivers()
    hooks = Hooks(receivers.post)
    webhook_id = hooks.webhook()

    hooks.fold(webhook_id, "rotate")
    hooks.settle(10 * HOUR)
    hooks.fold(webhook_id, "rotate")
    assert signing(hooks, receivers, webhook_id, 13 * HOUR) == [1, 2, 3]
    assert signing(hooks, receivers, webhook_id, HOUR) == [2, 3]
    assert signing(hooks, receivers, webhook_id, 10 * HOUR) == [3]


def test_a_rotation_waits_while_three_former_secrets_sign() -> None:
    receivers = Receivers()
    hooks = Hooks(receivers.post)
    webhook_id = hooks.webhook()
    for _ in range(3):
        hooks.fold(webhook_id, "rotate")
        hooks.settle(HOUR)

    with pytest.raises(Refusal, match="until 2027-01-02T00:00:00.000Z") as refused:
        hooks.fold(webhook_id, "rotate")
    assert refused.value.rule == "webhook-rotations"
    assert signing(hooks, receivers, webhook_id) == [1, 2, 3, 4]
    hooks.settle(21 * HOUR)
    hooks.fold(webhook_id, "rotate")
    assert signing(hooks, receivers, webhook_id) == [2, 3, 4, 5]


def test_a_former_secret_of_an_older_version_signs_on_and_is_kept_by_a_rotation() -> None:
    receivers = Receivers()
    hooks = Hooks(receivers.post)
    webhook_id = hooks.webhook()
    until = hooks.store.clock.now() + 20 * HOUR
    older = {"secret_number": 2, "former_secret_until": until}
    hooks.store.collection.update_one({"_id": webhook_id}, {"$set": older})

    assert signing(hooks, receivers, webhook_id) == [1, 2]
    hooks.fold(webhook_id, "rotate")
    assert signing(hooks, receivers, webhook_id) == [1, 2, 3]
    assert signing(hooks, receivers, webhook_id, 20 * HOUR) == [2, 3]


# -- a new URL


def test_what_happens_while_a_new_url_is_tested_waits_for_it() -> None:
    receivers = Receivers(elsewhere=[500])
    hooks = Hooks(receivers.post)
    webhook_id = hooks.webhook()
    hooks.fold(webhook_id, "change", url="elsewhere", unreachable=None, counted=True)

    assert [each["_id"] for each in active(hooks.store)] == [webhook_id]
    about = hooks.deliver(webhook_id)
    pauses = []
    for _ in range(12):
        hooks.settle()
        pauses.append(hooks.delivery(webhook_id, about)["deliver_at"] - hooks.store.clock.now())
        hooks.settle(pauses[-1])
    assert receivers.taken == [] and hooks.delivery(webhook_id, about)["state"] == "waiting"
    assert pauses[0] == timedelta(minutes=1) and max(pauses) <= HOUR and pauses == sorted(pauses)

    hooks.tell(webhook_id, VERIFIED, url_number=2)
    hooks.settle(HOUR)

    assert receivers.ids("elsewhere") == [about]
    assert "held_since" not in hooks.get(webhook_id)


def test_events_become_no_deliveries_of_one_that_was_not_active_before() -> None:
    hooks = Hooks(Receivers(hook=[410]).post)
    webhook_id = hooks.webhook()
    hooks.deliver(webhook_id)
    hooks.settle()
    assert hooks.get(webhook_id)["state"] == "disabled"

    hooks.fold(webhook_id, "change", url="elsewhere", unreachable=None, counted=True)

    assert active(hooks.store) == [] and "held_since" not in hooks.get(webhook_id)


def test_another_url_still_begins_no_new_time_to_wait() -> None:
    hooks = Hooks(Receivers().post)
    webhook_id = hooks.webhook()
    begun = hooks.store.clock.now()
    for url in ("second", "third"):
        hooks.fold(webhook_id, "change", url=url, unreachable=None, counted=True)
        hooks.settle(DAY)

    assert hooks.get(webhook_id)["held_since"] == begun


# -- sent again


def test_one_event_is_sent_again_ten_times_a_day() -> None:
    receivers = Receivers()
    hooks = Hooks(receivers.post)
    about = hooks.deliver(webhook_id := hooks.webhook())
    hooks.settle()
    for _ in range(10):
        hooks.retry(webhook_id, about)
        hooks.settle(timedelta(minutes=1))

    with pytest.raises(Refusal) as refused:
        hooks.retry(webhook_id, about)
    assert (refused.value.rule, refused.value.kind, len(receivers.taken)) == ("webhook-retries", "state", 11)
    hooks.settle(DAY)
    hooks.retry(webhook_id, about)
    hooks.settle()
    assert len(receivers.taken) == 12


# -- who waits for whom


def under_way(hooks: Hooks, begun: list[Callable[[], None]]) -> Counter[str]:
    """How many are begun of each owner, and not over."""
    while hooks.deliverer.step():
        pass
    return Counter(each.args[0]["owner"] for each in begun)  # type: ignore[attr-defined]


def test_the_webhooks_of_one_person_have_a_quarter_of_the_places() -> None:
    begun: list[Callable[[], None]] = []
    hooks = Hooks(Receivers().post, start=begun.append)
    other = "p_" + "b" * 32
    mine = [hooks.webhook(f"mine-{number}") for number in range(8)]
    theirs = hooks.webhook("theirs", owner=other)
    for webhook_id in mine * 20:
        hooks.deliver(webhook_id)
    hooks.settle(1)
    hooks.deliver(theirs)

    assert under_way(hooks, begun) == {OWNER: 8, other: 1}

    begun.pop(0)()
    assert under_way(hooks, begun) == {OWNER: 8, other: 1}


@pytest.mark.parametrize(("seconds", "at_once"), [(4.9, 4), (5, 1), (14, 1)])
@pytest.mark.parametrize("status", [204, 500])
def test_who_takes_long_to_answer_gets_one_at_a_time(seconds: float, at_once: int, status: int) -> None:
    clock, begun = ManualClock(), list[Callable[[], None]]()

    def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        clock.advance(seconds)
        return Answered(status, {})

    hooks = Hooks(post, start=begun.append, store=Store(MemoryCollection(), clock))
    webhook_id = hooks.webhook()
    hooks.deliver(webhook_id)
    under_way(hooks, begun)
    begun.pop()()
    for _ in range(10):
        hooks.deliver(webhook_id)

    assert under_way(hooks, begun) == {OWNER: at_once}


def test_ten_thousand_deliveries_are_as_quick_beside_an_endpoint_that_hangs(capsys: pytest.CaptureFixture[str]) -> None:
    """In memory, with threads and the machine's clock: 10,000 deliveries to 10 endpoints, alone and beside one that
    hangs as long as they last and has 100 of its own waiting before them; they come 200 at a time.
    """
    alone, beside = p99(hanging=False), p99(hanging=True)

    with capsys.disabled():
        print(f"\nplaces taken before a delivery, p99 of 10,000: {alone} alone, {beside} beside one that hangs")
    assert beside <= alone + 4


def p99(hanging: bool) -> int:
    """How many deliveries that are not yet theirs each of the others had to wait for: a measure without a clock."""
    release, moved, order, lock = threading.Event(), threading.Event(), list[str](), threading.Lock()

    def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        if url == "hangs":
            release.wait()
        else:
            with lock:
                order.append(headers["webhook-id"])
            moved.set()
        return Answered(200, {})

    hooks, begun = Hooks(post, start=in_a_thread), list[str]()
    slow = hooks.webhook("hangs")
    others = [hooks.webhook(f"quick-{number}") for number in range(10)]
    for number in range(100 if hanging else 0):
        hooks.deliver(slow, number=number)
    while len(begun) < 10_000:
        begun += [hooks.deliver(others[number % 10], number=number) for number in range(200)]
        while len(order) < len(begun):
            moved.clear()
            if not hooks.deliverer.step():
                moved.wait(1)
        hooks.store.collection.delete_many({"state": "delivered"})
    release.set()
    place = {about: number for number, about in enumerate(order)}
    late = sorted(place[about] - number for number, about in enumerate(begun))
    return late[int(len(late) * 0.99)]
