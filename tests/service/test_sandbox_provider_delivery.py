"""The webhook over real HTTP."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.escrow.provider.port import Instruction
from services.escrow.provider.sandbox.webhook import NoAnswer, http_post, parse, verify
from shared.clock import SystemClock
from tests.support.sandbox import MemoryStore, Sandbox


class Handler(BaseHTTPRequestHandler):
    """Keeps what it was sent; the path is the status it answers."""

    received: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((self.headers["Provider-Signature"], body))
        self.send_response(int(self.path.strip("/").partition("?")[0]))
        self.send_header("Location", "/204")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Quiet."""


@contextmanager
def receiver() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    kept: list[tuple[str, bytes]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Keeping", (Handler,), {"received": kept}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", kept
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def test_an_outcome_arrives_signed() -> None:
    """From carry_out to the receiver: the raw body fits its signature and tells the outcome."""
    with receiver() as (url, kept):
        sandbox = Sandbox(MemoryStore(), SystemClock(), http_post(f"{url}/204?x=1"), "secret")
        hold = Instruction(id="i", kind="hold", offer_id="o", amount=1, currency="EUR", source="tok_visa")
        outcome = sandbox.carry_out(hold)

        assert sandbox.deliver_due() == 1
        ((signature, body),) = kept
        verify("secret", signature, body, SystemClock().now(), timedelta(minutes=5))
        assert parse(body).outcome == outcome


@pytest.mark.parametrize("status", [200, 302, 404, 503])
def test_the_status_is_told_and_no_redirect_followed(status: int) -> None:
    """One request a delivery, whatever comes back."""
    with receiver() as (url, kept):
        assert http_post(f"{url}/{status}")(b"{}", "t=1,v1=0") == status
        assert len(kept) == 1


def test_a_receiver_that_never_answers() -> None:
    """A silent port and a closed one are both no answer."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(NoAnswer, match="TimeoutError"):
            http_post(f"http://127.0.0.1:{port}/", timeout=0.05)(b"{}", "")
    with pytest.raises(NoAnswer, match="ConnectionRefusedError"):
        http_post(f"http://127.0.0.1:{port}/", timeout=1)(b"{}", "")
