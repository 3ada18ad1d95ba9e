"""Traces sent to a collector: one from a request over the relay to the consumers, and no harm where there is none."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy import SERVICES
from deploy.embedded.ports import free_ports
from shared.telemetry import otlp, traces
from tests.support.collector import Collector, collector
from tests.support.processes import eventually
from tests.support.web import Caller
from tests.support.whole import Whole

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HEADER = f"00-{TRACE}-00f067aa0ba902b7-01"
SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5


def test_one_trace_from_the_request_to_the_last_consumer(tmp_path: Path) -> None:
    """The web's span is below the caller's, the relay's and the consumers' below the web's; none says who or what."""
    whole = Whole(tmp_path)
    listing_id = whole.published()
    made = whole.call("matching", "bo", "/v1/offers", {"listing_id": listing_id, "help": ["coaching"]})
    insider = Caller(whole.apps["matching"], "anna")
    with collector() as seen:
        stop = otlp.start(seen.url, "matching", "web")
        try:
            insider.post(f"/v1/offers/{made['id']}/accept", traceparent=HEADER)
            insider.get("/readyz")
            whole.settle()
        finally:
            stop()

    ours = [span for span in seen.spans if span.trace_id == TRACE]
    web = next(span for span in ours if span.kind == SERVER)
    sent = next(span for span in ours if span.name == "send offer.accepted")
    read = {span.attributes["messaging.consumer.group.name"]: span for span in ours if span.kind == CONSUMER}
    assert (web.process, web.name, web.parent_id) == (
        "matching-web", "POST /v1/offers/{id}/accept", "00f067aa0ba902b7",
    )  # fmt: skip
    assert web.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/offers/{id}/accept",
        "http.response.status_code": 200,
    }
    assert {"escrow", "notify"} <= set(read)
    assert {span.parent_id for span in ours if span is not web} == {web.span_id}
    assert sent.kind == PRODUCER
    assert read["escrow"].attributes == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.destination.name": "offer.accepted",
        "messaging.destination.partition.id": "0",
        "messaging.kafka.offset": 0,
        "messaging.consumer.group.name": "escrow",
        "messaging.message.id": sent.attributes["messaging.message.id"],
        "golem.outcome": "taken",
    }
    assert not [span.name for span in seen.spans if span.failed or "readyz" in str(span)]
    for word in (insider.id, made["id"], "anna", "Acme", "Backend"):
        assert word not in str(seen.spans)


def test_money_goes_on_in_the_trace_of_the_call_that_moved_it(tmp_path: Path) -> None:
    """The call to the provider has a span, and what its outcome causes is below it."""
    whole = Whole(tmp_path)
    listing_id = whole.published()
    with collector() as seen:
        stop = otlp.start(seen.url, "escrow", "worker")
        try:
            whole.funded(listing_id, "bo")
        finally:
            stop()

    call = next(span for span in seen.spans if span.name == "provider hold")
    below = {span.name for span in seen.spans if span.parent_id == call.span_id}
    assert (call.kind, call.attributes) == (CLIENT, {"golem.outcome": "succeeded"})
    assert {"send escrow.held", "process escrow.held", "send offer.activated"} <= below


def test_what_is_not_sampled_is_not_sent(tmp_path: Path) -> None:
    """As the caller's traceparent says."""
    insider = Caller(Whole(tmp_path).apps["listing"], "anna")
    with collector() as seen:
        stop = otlp.start(seen.url, "listing", "web")
        insider.get("/v1/listings", traceparent=HEADER[:-1] + "0")
        insider.get("/v1/nowhere")
        stop()

    assert [(span.name, span.attributes) for span in seen.spans] == [("http", {"http.response.status_code": 404})]


def test_a_collector_that_does_not_answer_costs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Its connections are taken and never answered: more spans than the queue holds are recorded at once all the same,
    and the end is not waited for. Nothing goes on behind it: what waits is dropped.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        stop = otlp.start(f"http://127.0.0.1:{silent.getsockname()[1]}", "listing", "web")
        began = time.monotonic()
        for _ in range(5000):
            with traces.span("work"):
                pass
        recorded = time.monotonic() - began
        stop()
        ended = time.monotonic() - began - recorded

    eventually(lambda: not [each for each in threading.enumerate() if each.name.startswith("Otel")], "nothing is sent")
    assert recorded < 2.5
    assert ended < 2.5
    assert [each.message for each in caplog.records if "Queue full" in each.message] == []


def test_without_an_endpoint_nothing_of_it_is_loaded(environ: dict[str, str]) -> None:
    """Not by the web processes, nor by the workers."""
    modules = ", ".join(["shared.process.gunicorn_config", *(f"services.{service}.main" for service in SERVICES)])
    code = (
        f"import sys, {modules}; from shared.telemetry import otlp; otlp.start(None, 'listing', 'web')(); "
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    said = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)

    assert said.stdout == "[]\n"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """What a web process needs to start; it reaches no database."""
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": []}))
    given = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    return given | {
        "MONGODB_URI": "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=100",
        "PSEUDONYM_KEY": "k" * 40,
        "JWKS_FILE": str(jwks),
    }


@pytest.fixture
def seen() -> Iterator[Collector]:
    with collector() as found:
        yield found


def test_gunicorns_workers_send_theirs(seen: Collector, environ: dict[str, str]) -> None:
    """Made after the fork, and what waits at the end still goes out."""
    port = next(iter(free_ports()))
    environ |= {"BIND": f"127.0.0.1:{port}", "OTEL_EXPORTER_OTLP_ENDPOINT": f"{seen.url}/"}
    command = [sys.executable, "-m", "gunicorn", "--config", "python:shared.process.gunicorn_config"]
    web = subprocess.Popen([*command, "services.listing.main:web()"], env=environ, stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: answers(port, "/livez") == 200, "the web process is up")
        answers(port, "/v1/listings?mine=true")  # needs a token, and no database
    finally:
        web.terminate()
        web.wait(20)

    assert [(span.process, span.name, span.failed) for span in seen.spans] == [
        ("listing-web", "GET /v1/listings", False)
    ]


def answers(port: int, path: str) -> int:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=10).status_code
    except httpx.TransportError:
        return 0
