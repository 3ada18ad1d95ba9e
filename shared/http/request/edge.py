"""The outermost layer of a web process: request id, trace, access log, metrics and the headers every answer has."""

import logging
import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from shared.ids import new_id
from shared.telemetry import metrics, traces

OPERATION = "golem.operation"
PATH = "golem.path"
_SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy",
     "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"),
    ("Referrer-Policy", "no-referrer"),
]  # fmt: skip
_UNKEPT = ("Cache-Control", "no-store")
PROBES = frozenset({"/livez", "/readyz", "/metrics"})
_MOST_UNREAD = 1_000_000
_CHUNK = 65_536
log = logging.getLogger("access")

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class Edge:
    """WSGI middleware around a service's app. Logs neither queries nor bodies, and no path that nobody knows."""

    def __init__(self, app: Wsgi, service: str) -> None:
        self._app, self._service = app, service

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _SANE_ID.fullmatch(given) else new_id()
        status = 500
        started = time.perf_counter()

        def start(line: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            nonlocal status
            status = int(line[:3])
            kept = any(name.lower() == "cache-control" for name, _ in headers)
            own = [*_HEADERS, ("X-Request-Id", request_id), *(() if kept else (_UNKEPT,))]
            return start_response(line, [*headers, *own], *more)

        parent, recorded = environ.get("HTTP_TRACEPARENT"), not _is_probe(environ)
        with traces.span("http", parent=parent, request=request_id, kind="server", recorded=recorded):
            try:
                return self._app(environ, start)
            finally:
                _read_rest(environ)
                self._record(environ, status, time.perf_counter() - started)

    def _record(self, environ: dict[str, Any], status: int, seconds: float) -> None:
        operation = environ.get(OPERATION, "none")
        if not (probe := _is_probe(environ)):
            metrics.HTTP_REQUESTS.labels(self._service, operation, str(status)).inc()
            metrics.HTTP_SECONDS.labels(self._service, operation).observe(seconds)
        traces.describe({"http.response.status_code": status}, failed=status >= 500)
        fields: dict[str, Any] = {"operation": operation, "status": status, "ms": round(seconds * 1000, 2)}
        if PATH in environ:
            fields |= {"method": environ["REQUEST_METHOD"], "path": environ[PATH]}
        log.log(logging.DEBUG if probe else logging.INFO, "request", extra=fields)


def _read_rest(environ: dict[str, Any]) -> None:
    """Read what the app left of the body, as far as the gateway takes one, before the answer is sent.

    A connection is closed on a body that nobody read, and what was sent just before may be lost with it: the gateway
    then says 503 in place of the refusal, or to whoever is next on that connection.
    """
    left = _MOST_UNREAD
    try:
        while left > 0 and (read := environ["wsgi.input"].read(min(left, _CHUNK))):
            left -= len(read)
    except Exception as error:  # whatever the server raises for a body that breaks off: the answer stands
        log.debug("the rest of a body could not be read: %s", type(error).__name__)


def _is_probe(environ: dict[str, Any]) -> bool:
    return environ.get("PATH_INFO") in PROBES
