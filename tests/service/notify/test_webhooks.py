"""Webhooks on a database, with receivers at real sockets: the log becomes deliveries, and who hangs delays nobody."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from services.notify.main import Outside, build, work
from services.notify.webhooks.deliverer import in_a_thread
from services.notify.webhooks.destinations import Destinations
from services.notify.webhooks.posting import Poster
from shared.aggregate import Store
from tests.support.notify import happened
from tests.support.web import Caller, Ticking, settings
from tests.support.webhooks import receiver

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


class Taking:
    """A receiver that keeps what it is sent; while `hung` is set it answers tests alone."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.hung, self.release = False, threading.Event()

    def __call__(self, connection: socket.socket, request: bytes) -> None:
        if self.hung and b'"webhook.test"' not in request:
            self.release.wait(60)
            return
        self.requests.append(request)
        connection.sendall(OK)

    def events(self) -> list[dict[str, Any]]:
        bodies = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in self.requests]
        return [body for body in bodies if body["type"] != "webhook.test"]


@pytest.fixture
def hooked(store: Store, tmp_path: Path) -> Iterator[tuple[Ticking, Caller, Caller]]:
    """A worker that reaches this machine, the two of an offer; in the end no attempt is under way."""
    of = settings("notify", tmp_path, "webhooks", WEBHOOK_NETWORKS="127.0.0.1")
    post = Poster(Destinations([ip_network("127.0.0.1/32")])).post
    app = build(of, store)
    outside = Outside(lambda mail, address: None, post, in_a_thread)
    yield Ticking(work(of, store, outside)), Caller(app, "anna"), Caller(app, "bo")
    for thread in threading.enumerate():
        if thread.name == "webhook":
            thread.join(30)


def turn(worker: Ticking, until: Any, within: float = 60.0) -> None:
    """Work until this holds."""
    end = time.monotonic() + within
    while not until() and time.monotonic() < end:
        if not worker.tick():
            threading.Event().wait(0.02)
    assert until()


def create(worker: Ticking, who: Caller, url: str, **more: Any) -> dict[str, Any]:
    made = who.post("/v1/webhooks", {"url": url, "types": ["*"], **more})
    assert made.status_code == 201, made.get_json()
    path = f"/v1/webhooks/{made.get_json()['id']}"
    turn(worker, lambda: who.get(path).get_json()["status"] == "active")
    said: dict[str, Any] = made.get_json()
    return said


def test_the_log_reaches_a_receiver_in_whole_and_the_library_takes_it(
    hooked: tuple[Ticking, Caller, Caller], store: Store
) -> None:
    worker, anna, bo = hooked
    taking = Taking()
    with receiver(taking) as url:
        made = create(worker, anna, url)
        events = [happened(store, "offer.made", anna, bo, number=number) for number in range(1, 11)]
        worker.batch.process(events)
        turn(worker, lambda: len(taking.events()) == len(events))
        path = f"/v1/webhooks/{made['id']}/deliveries?status=delivered&limit=100"
        turn(worker, lambda: len(anna.get(path).get_json()["items"]) == len(events) + 1)

    assert {event["id"] for event in taking.events()} == {event.id for event in events}
    head, _, body = taking.requests[-1].partition(b"\r\n\r\n")
    headers = {name.lower(): value for name, _, value in (x.partition(": ") for x in head.decode().split("\r\n")[1:])}
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    assert Webhook(made["secret"]).sign(headers["webhook-id"], at, body.decode()) in headers["webhook-signature"]


def test_a_receiver_that_hangs_delays_nobody(
    hooked: tuple[Ticking, Caller, Caller], store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    worker, anna, bo = hooked
    hangs, quick = Taking(), [Taking() for _ in range(3)]
    with receiver(hangs) as slow, receiver(quick[0]) as one, receiver(quick[1]) as two, receiver(quick[2]) as three:
        made = create(worker, anna, slow)
        for url in (one, two, three):
            create(worker, bo, url)
        hangs.hung = True
        events = [happened(store, "offer.made", anna, bo, number=number) for number in range(1, 21)]
        begun = time.monotonic()
        worker.batch.process(events)
        turn(worker, lambda: all(len(each.events()) == len(events) for each in quick))
        took = time.monotonic() - begun
        hangs.hung = False
        hangs.release.set()

    with capsys.disabled():
        print(f"\n60 deliveries to three receivers beside one that hangs: {took:.1f} s")
    waiting = anna.get(f"/v1/webhooks/{made['id']}/deliveries?status=waiting&limit=100").get_json()["items"]
    assert len(waiting) == 20


def test_what_is_due_again_is_found_by_its_time_and_a_restart_repeats_nothing(
    hooked: tuple[Ticking, Caller, Caller], store: Store
) -> None:
    worker, anna, bo = hooked
    taking = Taking()
    with receiver(taking) as url:
        made = create(worker, anna, url)
        event = happened(store, "offer.made", anna, bo)
        worker.batch.process([event])
        turn(worker, lambda: len(taking.events()) == 1)
        path = f"/v1/webhooks/{made['id']}/deliveries"
        turn(worker, lambda: not anna.get(f"{path}?status=waiting").get_json()["items"])
        store.collection.delete_one({"_id": "fan_out"})  # as if the worker had died before the cursor was written
        worker.tick(timedelta(hours=1))

        assert len(taking.events()) == 1
        assert anna.post(f"{path}/{event.id}/retry").status_code == 202
        turn(worker, lambda: len(taking.events()) == 2)
