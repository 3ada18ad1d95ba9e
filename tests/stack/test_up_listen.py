"""The commands for whoever connects another system: listen, trigger, events --after, webhooks, trace."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from deploy.embedded.stack import Stack
from tests.stack.test_up_cli import golem, told
from tests.support.processes import eventually

GOLEM = str(Path(sys.executable).with_name("golem"))


@dataclass
class Receiver:
    """A server of one's own, and what it got."""

    url: str
    got: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)
    """What it answers next to what is no test, before it answers 204 again."""

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.got]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            own.got.append((dict(self.headers), body))
            is_refused = own.refusals and json.loads(body)["type"] != "webhook.test"
            self.send_response(own.refusals.pop(0) if is_refused else 204)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    own = Receiver(f"http://127.0.0.1:{server.server_port}/in")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield own
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Heard:
    """What `golem listen --json` printed: first the secret, then events, last the cursor."""

    start: dict[str, Any]
    events: list[dict[str, Any]]
    end: dict[str, Any]
    offer_id: str


@pytest.fixture(scope="module")
def heard(stack: Stack, receiver: Receiver) -> Heard:
    """One hire, triggered, heard as it came and forwarded; then Ctrl-C."""
    command = [GOLEM, "listen", "--types", "offer.*,hire.*", "--forward-to", receiver.url, "--json"]
    listening = subprocess.Popen([*command, "--data", str(stack.data.folder)], stdout=subprocess.PIPE, text=True)
    assert listening.stdout is not None
    try:
        start = json.loads(listening.stdout.readline())
        offer_id = told(stack, "trigger", "hire.confirmed")["offer_id"]
        events = [json.loads(listening.stdout.readline())]
        while events[-1]["event"]["type"] != "hire.confirmed" or events[-1]["event"]["subject"] != offer_id:
            events.append(json.loads(listening.stdout.readline()))
        listening.send_signal(signal.SIGINT)
        rest = listening.communicate(timeout=20)[0].splitlines()
    finally:
        listening.kill()
    assert listening.returncode == 0
    return Heard(start, events, json.loads(rest[-1]), offer_id)


def test_listen_forwards_each_event_signed_as_production_signs(stack: Stack, receiver: Receiver, heard: Heard) -> None:
    headers, body = next(
        (headers, body) for headers, body in receiver.got if json.loads(body) == heard.events[-1]["event"]
    )
    event = Webhook(heard.start["secret"]).verify(body, {name.lower(): value for name, value in headers.items()})

    assert event["type"] == "hire.confirmed" and headers["webhook-id"] == event["id"]
    assert "v1a," in headers["webhook-signature"]
    assert headers["Content-Type"].startswith("application/cloudevents+json")
    assert {each["event"]["type"].partition(".")[0] for each in heard.events} == {"offer", "hire"}
    assert heard.events[-1]["forwarded"]["status"] == 204 and heard.events[-1]["forwarded"]["milliseconds"] >= 0


def test_the_last_cursor_goes_on_from_there(stack: Stack, heard: Heard) -> None:
    """Neither again what was heard, nor less: what came after the first event is read by its cursor. That one is of an
    offer: of a claim and its confirmation, whose topics are two, either may come first.
    """
    after = golem(stack, "events", "--after", heard.events[0]["cursor"], "--no-follow", "--json", "hire.confirmed")
    rest = golem(stack, "events", "--after", heard.end["cursor"], "--no-follow", "--json", "hire.confirmed")
    line = golem(stack, "events", "--after", heard.events[0]["cursor"], "--no-follow", "hire.")

    assert heard.offer_id in {json.loads(row)["event"]["subject"] for row in after.splitlines()}
    assert heard.offer_id not in rest
    assert "hire.confirmed" in line and heard.offer_id in line
    assert "listing.created" in golem(stack, "events", "--after", "ZTE6MA", "--no-follow", "listing.*")


def test_a_webhook_from_its_making_to_its_end(stack: Stack, receiver: Receiver, heard: Heard) -> None:
    made = told(stack, "webhooks", "create", receiver.url, "--types", "listing.created", "--all")
    own = made["id"]
    assert made["secret"].startswith("whsec_")

    def row() -> dict[str, Any]:
        return dict(told(stack, "webhooks", "show", own))

    eventually(lambda: row()["status"] == "active", "it answers its test")
    assert told(stack, "webhooks", "rotate", own)["secret"] != made["secret"]
    assert told(stack, "webhooks", "test", own)["type"] == "webhook.test"
    listing_id = told(stack, "trigger", "listing.created")["listing_id"]

    def delivered() -> str:
        return golem(stack, "webhooks", "deliveries", own, "--type", "listing.created", "--status", "delivered")

    eventually(lambda: bool(delivered()), "the delivery")
    assert "listing.created  delivered  1 attempts" in delivered()
    assert any(json.loads(body)["subject"] == listing_id for _, body in receiver.got)
    assert told(stack, "webhooks", "replay", own, "--since", "1h")["id"] == own
    assert own in golem(stack, "webhooks", "list")
    assert golem(stack, "webhooks", "delete", own) == f"deleted {own}\n"
    assert own not in golem(stack, "webhooks", "list")
    assert "404" in golem(stack, "webhooks", "show", own, fails=1)
    assert "/url expected a URL" in golem(stack, "webhooks", "create", "ftp://x", fails=1)


def test_trace_tells_a_hire_over_the_four_services(stack: Stack, receiver: Receiver, heard: Heard) -> None:
    """From the request to the payout, with what was delivered of it; nobody is named."""

    def rows() -> list[dict[str, str]]:
        return list(told(stack, "trace", heard.offer_id)["timeline"])

    eventually(lambda: any(row["what"] == "logged offer.completed" for row in rows()), "the payout is logged")
    found = told(stack, "trace", heard.offer_id)
    happened = [(row["service"], row["what"]) for row in found["timeline"]]
    steps = [("matching", "offer.accepted"), ("escrow", "escrow.held"), ("matching", "hire.confirmed")]
    steps += [("escrow", "escrow.settled"), ("matching", "offer.completed")]

    assert {doc["service"]: doc["state"] for doc in found["documents"]}["escrow"] == "settled"
    assert [each for each in happened if each in steps] == steps
    assert ("notify", "logged hire.confirmed") in happened and ("notify", "notification of hire.confirmed") in happened
    assert sorted(row["at"] for row in found["timeline"]) == [row["at"] for row in found["timeline"]]
    assert "p_" not in golem(stack, "trace", heard.offer_id)
    assert "there is no offer nobody" in golem(stack, "trace", "nobody", fails=1)


def test_trace_shows_what_was_delivered(stack: Stack, receiver: Receiver) -> None:
    who = ("--sub", "tracing")
    own = told(stack, "webhooks", "create", receiver.url, "--types", "offer.accepted", "--all", *who)["id"]
    eventually(lambda: told(stack, "webhooks", "show", own, *who)["status"] == "active", "it answers its test")
    receiver.refusals.append(500)
    offer_id = told(stack, "trigger", "offer.accepted")["offer_id"]

    def attempts() -> list[tuple[str, str]]:
        rows = told(stack, "trace", offer_id)["timeline"]
        return [(row["what"], row["more"][:3]) for row in rows if own in row["more"]]

    eventually(lambda: len(attempts()) == 2, "both attempts are in the trace", seconds=30)
    assert attempts() == [("tried to deliver offer.accepted", "500"), ("delivered offer.accepted", "204")]
    golem(stack, "webhooks", "delete", own, *who)


def test_events_are_caused_on_a_stack_of_ones_own_alone(stack: Stack, tmp_path: Path) -> None:
    result = subprocess.run([GOLEM, "trigger", "hire.confirmed", "--data", tmp_path], capture_output=True, text=True)

    assert result.returncode == 1 and "no stack of `golem up` runs on" in result.stderr
    assert "expected one of listing.created" in golem(stack, "trigger", "escrow.settled", fails=2)


def test_what_is_refused_is_one_line(stack: Stack) -> None:
    assert "expected a cursor" in golem(stack, "events", "--after", "x", "--no-follow", fails=1)
    assert "two ways" in golem(stack, "events", "--after", "x", "--since", "1h", fails=2)
    assert "404" in golem(stack, "listen", "--gateway", f"{stack.gateway}/nowhere", fails=1)
    assert httpx.get(f"{stack.gateway}/v1/stream").status_code == 401
