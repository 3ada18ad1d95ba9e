"""The gateway: what it passes on and what it answers itself, before one small upstream in place of the services."""

import hashlib
import http.client
import importlib
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy import SERVICES
from deploy.embedded.ports import free_ports
from deploy.gateway import SITE
from shared.http.problems import CATALOGUE, TYPES
from tests.support.described import DOCUMENT
from tests.support.gateway import gateway_at

PROXY = "127.0.0.3"


class _Echo(BaseHTTPRequestHandler):
    """Answers with what arrived. The service is named in the port's place."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        while "Transfer-Encoding" in self.headers and (size := int(self.rfile.readline(), 16)):
            self.rfile.read(size + 2)
        body = json.dumps({"path": self.path, "port": self.server.server_port, "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_DELETE = do_PUT = do_GET

    def log_message(self, *args: object) -> None:
        """Quiet."""


class Gateway:
    """Caddy with the project's Caddyfile; notify's upstream is missing."""

    def __init__(self, port: int, ports: dict[str, int]) -> None:
        self.port, self.ports = port, ports

    def ask(
        self, method: str, path: str, body: bytes | None = None, source: str = "127.0.0.1", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """(status, headers with small names, body)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20, source_address=(source, 0))
        try:
            connection.request(method, path, body, {n.replace("_", "-"): v for n, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    free = free_ports()
    ports = {service: next(free) for service in SERVICES}
    port = next(free)
    servers = [ThreadingHTTPServer(("127.0.0.1", ports[service]), _Echo) for service in SERVICES if service != "notify"]
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    home = tmp_path_factory.mktemp("gateway")
    try:
        with gateway_at(port, ports, home, PROXY):
            yield Gateway(port, ports)
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v1/listings", "listing"),
        ("/v1/listings/abc/submit?x=1", "listing"),
        ("/v1/openapi/listing.json", "listing"),
        ("/v1/offers/abc/explain", "matching"),
        ("/v1/me", "matching"),
        ("/v1/me/profile", "matching"),
        ("/v1/account", "matching"),
        ("/v1/insiders/p_1", "matching"),
        ("/v1/matches", "matching"),
        ("/v1/escrows/abc/journal", "escrow"),
        ("/v1/webhooks/provider", "escrow"),
        ("/v1/reconciliation", "escrow"),
        ("/v1/me/payout", "escrow"),
        ("/v1/me/export", "matching"),
        ("/v1/me/export/matching", "matching"),
        ("/v1/me/export/listing", "listing"),
        ("/v1/me/export/escrow?limit=1", "escrow"),
    ],
)
def test_path_finds_its_service(gateway: Gateway, path: str, service: str) -> None:
    """Each path goes to the one service it belongs to, unchanged."""
    status, _, body = gateway.ask("GET", path)
    seen = json.loads(body)

    assert status == 200
    assert (seen["path"], seen["port"]) == (path, gateway.ports[service])


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_finds_its_service(gateway: Gateway, service: str) -> None:
    """What a service declares can be reached, and is not taken for another's."""
    declared = importlib.import_module(f"services.{service}.api").operations.all
    paths = {operation.template.replace("{", "").replace("}", "") for operation in declared}

    def found(path: str) -> int:
        status, _, body = gateway.ask("GET", path)
        return int(json.loads(body)["port"]) if status == 200 else status

    with ThreadPoolExecutor(16) as asking:
        at = dict(zip(paths, asking.map(found, paths), strict=True))
    expected = gateway.ports[service] if service != "notify" else 503
    assert {path: where for path, where in at.items() if where != expected} == {}


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/v1", "/v1/listing", "/v1/listingsx", "/livez", "/metrics", "/v1/webhook/other", "/dev/people.json"],
)
def test_unknown_path(gateway: Gateway, path: str) -> None:
    """What belongs to no service, or is for operators alone, is a 404 problem."""
    assert_problem(gateway.ask("GET", path), "not-found")


@pytest.mark.parametrize(
    "path",
    [
        "notifications",
        "contacts/abc",
        "me/contact/verify",
        "me/work-mail",
        "me/preferences",
        "me/export/notify",
        "unsubscribe/abc.def",
    ],
)
def test_service_down(gateway: Gateway, path: str) -> None:
    """A service that does not answer is a 503 problem that says when to come again. (All of these are notify's.)"""
    answer = gateway.ask("GET", f"/v1/{path}")

    assert_problem(answer, "unavailable")
    assert answer[1]["retry-after"] == "1"


def test_large_body_by_its_length(gateway: Gateway) -> None:
    """A body that says it is above 1 MB is refused at once."""
    assert_problem(gateway.ask("POST", "/v1/listings", b"x" * 1_000_001), "too-large")


def test_large_body_in_chunks(gateway: Gateway) -> None:
    """So is one that does not say how long it is."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    try:
        connection.request("POST", "/v1/listings", iter([b"x" * 100_000] * 11), encode_chunked=True)
        answer = connection.getresponse()
        seen = answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()

    assert_problem(seen, "too-large")


def test_request_id_is_kept(gateway: Gateway) -> None:
    """A caller's own request id reaches the service and comes back."""
    _, headers, body = gateway.ask("GET", "/v1/offers", X_Request_Id="from-caller.1")

    assert headers["x-request-id"] == "from-caller.1"
    assert json.loads(body)["headers"]["X-Request-Id"] == "from-caller.1"


@pytest.mark.parametrize("bad", ["", "two words", "x" * 129, "<script>"])
def test_request_id_is_made(gateway: Gateway, bad: str) -> None:
    """One that could disturb a log is replaced, on refusals too."""
    ids = {gateway.ask("GET", path, X_Request_Id=bad)[1]["x-request-id"] for path in ("/v1/offers", "/nowhere")}

    assert len(ids) == 2
    assert bad not in ids


FORGED = {
    "X_Forwarded_For": "203.0.113.9", "x_forwarded_for": "203.0.113.9, 127.0.0.1", "Forwarded": "for=203.0.113.9",
    "X_Real_IP": "203.0.113.9",
}  # fmt: skip


@pytest.mark.parametrize("header", FORGED)
def test_a_service_is_told_the_clients_address_alone(gateway: Gateway, header: str) -> None:
    """Whatever the client says of itself; which address that is, the gateway knows from the connection."""
    seen = {
        source: json.loads(gateway.ask("GET", "/v1/offers", source=source, **{header: FORGED[header]})[2])["headers"]
        for source in ("127.0.0.1", "127.0.0.2")
    }

    assert {source: headers["X-Forwarded-For"] for source, headers in seen.items()} == {each: each for each in seen}
    assert "203.0.113.9" not in json.dumps(seen)


def test_a_proxy_before_it_says_who_the_client_is(gateway: Gateway) -> None:
    """Where GATEWAY_PROXIES names it; by the last address, for what stands before it the client wrote."""
    said = "203.0.113.9, 198.51.100.7"
    for source, told in ((PROXY, "198.51.100.7"), ("127.0.0.2", "127.0.0.2")):
        _, _, body = gateway.ask("GET", "/v1/offers", source=source, X_Forwarded_For=said)
        assert json.loads(body)["headers"]["X-Forwarded-For"] == told


def test_health(gateway: Gateway) -> None:
    """/healthz is the gateway's own."""
    assert gateway.ask("GET", "/healthz")[0] == 200


def test_the_whole_description(gateway: Gateway) -> None:
    """All services' operations in one document, which a client need not read again while it is the same."""
    status, headers, body = gateway.ask("GET", "/v1/openapi.json")
    again = gateway.ask("GET", "/v1/openapi.json", If_None_Match=headers["etag"])
    named = gateway.ask("HEAD", "/v1/openapi.json")

    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body) == json.loads(DOCUMENT.read_text("utf-8"))
    assert (again[0], again[2]) == (304, b"")
    assert (named[0], named[1]["etag"]) == (200, headers["etag"])


def test_the_events_description(gateway: Gateway) -> None:
    """AsyncAPI, as it is committed."""
    status, headers, body = gateway.ask("GET", "/v1/asyncapi.json")

    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body) == json.loads(DOCUMENT.with_name("asyncapi.json").read_text("utf-8"))


@pytest.mark.parametrize("path", ["/docs/", "/docs/events/"])
def test_the_documents_for_people(gateway: Gateway, path: str) -> None:
    """A page asks this gateway alone; what it names is there."""
    status, headers, body = gateway.ask("GET", path)
    named = re.findall(r'(?:href|src|spec-url)="(/[^"]+)"', body.decode())

    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in headers["content-security-policy"]
    assert len(named) >= 5 and b"//" not in re.sub(rb'"data:[^"]*"', b"", body)
    assert [each for each in named if gateway.ask("GET", each)[0] != 200] == []


@pytest.mark.parametrize(
    ("issuer", "more", "may_ask"),
    [
        ("", "", "'self'"),
        ("https://id.example", "", "'self' https://id.example"),
        ("https://id.example:8443/realms/golem", "", "'self' https://id.example:8443"),
        (
            "HTTPS://id.example/",
            "https://token.example https://b.example",
            "'self' HTTPS://id.example https://token.example https://b.example",
        ),
        ("no address", "", "'self'"),
    ],
)
def test_the_page_may_ask_the_origin_of_its_issuer_and_what_is_named_besides(
    issuer: str, more: str, may_ask: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever path the issuer has: in a policy a path would be that path alone. Errors have the same policy."""
    monkeypatch.setenv("PAGE_ISSUER", issuer)
    monkeypatch.setenv("PAGE_CONNECT", more)
    port, nobody = (next(free) for free in [free_ports()] for _ in range(2))
    with gateway_at(port, dict.fromkeys(SERVICES, nobody), tmp_path, PROXY):
        gateway = Gateway(port, {})
        found = [gateway.ask("GET", path, accept="text/html")[1] for path in ("/", "/nothing")]
        config = json.loads(gateway.ask("GET", "/config.json")[2])

    for headers in found:
        (asked,) = re.findall(r"connect-src ([^;]*);", headers["content-security-policy"])
        assert asked.split() == may_ask.split()
    assert config["issuer"] == issuer


def test_the_documents_are_found_without_the_slash(gateway: Gateway) -> None:
    assert gateway.ask("GET", "/docs")[1]["location"] == "/docs/"
    assert_problem(gateway.ask("GET", "/docs/nothing"), "not-found")


def test_the_viewer_is_vendored_unchanged() -> None:
    """Its licence is beside it; nothing else of others is served."""
    ((_, vendored),) = json.loads((SITE.parent / "vendored.json").read_text("utf-8")).items()
    there = {path.relative_to(SITE / "docs").as_posix() for path in (SITE / "docs").rglob("redoc*/*")}

    assert there == vendored["files"].keys()
    for name, digest in vendored["files"].items():
        assert hashlib.sha256((SITE / "docs" / name).read_bytes()).hexdigest() == digest, name
    assert f"Version: {vendored['version']}" in (SITE / "docs" / next(iter(vendored["files"]))).read_text("utf-8")[:300]


def assert_problem(answer: tuple[int, dict[str, str], bytes], slug: str) -> None:
    status, title = next(value for name, value in CATALOGUE.items() if name == slug)
    problem = json.loads(answer[2])

    assert answer[0] == status
    assert answer[1]["content-type"] == "application/problem+json"
    assert answer[1]["x-request-id"]
    assert (problem["type"], problem["title"], problem["status"]) == (TYPES + slug, title, status)
    assert problem["detail"]
