"""Liveness, readiness and metrics: what both kinds of process answer, and the small server a worker answers with.

`/livez`: restart me if this fails. `/readyz`: give me work only while this holds. Neither is meant for clients.
"""

import json
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from shared.http.problems import CONTENT_TYPE, Fault, Problem
from shared.settings import Address
from shared.telemetry import metrics

Checks = Mapping[str, Callable[[], bool]]
"""By name; a check that has more to say than no raises NotWell."""

_READ_SECONDS = 5
_NOT = "does not hold"
log = logging.getLogger(__name__)


class NotWell(Exception):
    """A check does not hold; the message says what the matter is, to whoever may ask."""


def probe(checks: Checks) -> tuple[int, str, bytes]:
    """(status, content type, body): 200 where every check says yes, else a 503 problem naming those that do not."""
    answers = {name: _fault(name, check) for name, check in checks.items()}
    failed = {name: said for name, said in answers.items() if said}
    if not failed:
        return 200, "application/json", b'{"status":"ok"}'
    faults = [Fault("", name, said) for name, said in failed.items()]
    problem = Problem("unavailable", f"Not well: {', '.join(failed)}.", errors=faults)
    return problem.status, CONTENT_TYPE, json.dumps(problem.as_json()).encode()


def _fault(name: str, check: Callable[[], bool]) -> str:
    """What a check has to say against it; "" where it holds."""
    try:
        return "" if check() else _NOT
    except NotWell as error:
        return str(error)
    except Exception as error:  # a check that raises has failed, whatever it raises
        log.warning("the check %s failed: %s", name, type(error).__name__)
        return _NOT


class HealthServer:
    """A worker's own HTTP server, in a thread that ends with the process."""

    def __init__(self, bind: Address, live: Checks, ready: Checks) -> None:
        handler = type("Handler", (_Handler,), {"live": live, "ready": ready})
        self._server = _Server((bind.host, bind.port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def serve(bind: Address, live: Checks, ready: Checks) -> HealthServer:
    """Start answering at `bind` (port 0: any free one, see `.port`). OSError where the port is taken."""
    server = HealthServer(bind, live, ready)
    server.start()
    return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """What went wrong with one request, in a line; a client that went away is nothing of ours."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            log.error("a request for health failed", exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    live: Checks
    ready: Checks
    timeout = _READ_SECONDS
    server_version = "golem"
    sys_version = ""

    def do_GET(self) -> None:
        match self.path:
            case "/livez":
                self._answer(*probe(self.live))
            case "/readyz":
                self._answer(*probe(self.ready))
            case "/metrics":
                body, content_type = metrics.exposition()
                self._answer(200, content_type, body)
            case _:
                problem = Problem("not-found", "Here are /livez, /readyz and /metrics.")
                self._answer(problem.status, CONTENT_TYPE, json.dumps(problem.as_json()).encode())

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Probes come all the time; they are not worth a line."""
