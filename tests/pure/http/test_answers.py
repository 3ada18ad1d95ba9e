"""What every answer has: ids, headers, problems without insides, health, metrics, and a document describing it."""

import json
import logging
import socket
import urllib.request
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo.errors import AutoReconnect, DuplicateKeyError, NetworkTimeout, OperationFailure, WTimeoutError

from shared.aggregate.store import Contended
from shared.http.answer import pages
from shared.http.answer.refusals import write_problem
from shared.http.app import create_app
from shared.http.declare.merging import merge
from shared.process import health
from shared.settings import Address, Settings
from shared.telemetry import metrics


@pytest.mark.parametrize("path", ["/v1/listings", "/nothing", "/livez", "/v1/openapi/listing.json"])
def test_every_answer_has_its_headers(client: FlaskClient, path: str) -> None:
    """Refusals as well."""
    headers = client.get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert len(headers["X-Request-Id"]) == 36


@pytest.mark.parametrize(
    ("given", "kept"),
    [("req-1.a:b", True), ("x" * 128, True), ("x" * 129, False), ("a b", False), ("", False), ("a\u00e9", False)],
)
def test_a_sane_request_id_is_kept(client: FlaskClient, given: str, kept: bool) -> None:
    """Another is replaced."""
    assert (client.get("/livez", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given) is kept


def test_origins_are_allowed_by_setting(client: FlaskClient, ida: dict[str, str]) -> None:
    """A named origin may read the headers that matter; another gets nothing; a preflight needs no token."""
    asked = {"Origin": "https://app.example"}
    answer = client.get("/v1/listings", headers={**ida, **asked}).headers
    assert answer["Access-Control-Allow-Origin"] == "https://app.example"
    assert {"ETag", "Location", "Link", "Retry-After"} <= set(answer["Access-Control-Expose-Headers"].split(", "))
    assert "Access-Control-Allow-Origin" in client.get("/v1/listings", headers=asked).headers
    foreign = client.get("/v1/listings", headers={**ida, "Origin": "https://evil.example"}).headers
    assert "Access-Control-Allow-Origin" not in foreign

    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, if-match"}
    preflight = client.options("/v1/listings", headers={**asked, **wanted})
    assert preflight.status_code == 200
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert preflight.headers["Access-Control-Allow-Headers"] == "authorization, if-match"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (AutoReconnect("mongodb://u:p@db is away"), 503),
        (NetworkTimeout("x"), 503),
        (WTimeoutError("x"), 503),
        (Contended("x"), 503),
        (DuplicateKeyError("x"), 500),
        (OperationFailure("x"), 500),
        (KeyError("p_secret"), 500),
    ],
)
def test_what_fails_inside_says_nothing_of_it(
    client: FlaskClient,
    ida: dict[str, str],
    parts: Any,
    error: Exception,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """503 with Retry-After where trying again helps, else 500 with the request's id; the log has the rest."""
    parts.raises = error
    response = client.get("/v1/listings", headers=ida)

    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert ("Retry-After" in response.headers) is (status == 503)
    assert response.get_json(force=True)["request_id"] == response.headers["X-Request-Id"]
    for inside in ("u:p", "p_secret", "Error", "Traceback"):
        assert inside not in response.text
    assert any(record.levelno == logging.ERROR for record in caplog.records) is (status == 500)


def test_readiness_names_what_is_missing(settings: Settings, parts: Any) -> None:
    """A check that says no, or raises, is a 503 problem; liveness does not ask."""

    def away() -> bool:
        raise AutoReconnect("x")

    from tests.pure.http.conftest import declared

    client = create_app(settings, declared(), parts, ready={"mongodb": away, "yes": lambda: True}).test_client()
    response = client.get("/readyz")

    assert response.status_code == 503
    assert [error["rule"] for error in response.get_json(force=True)["errors"]] == ["mongodb"]
    assert client.get("/livez").status_code == 200


def test_requests_are_counted_by_operation(client: FlaskClient, ida: dict[str, str]) -> None:
    """Never by path: what nobody declared counts as none."""

    def count(operation: str, status: str) -> float:
        return metrics.HTTP_REQUESTS.labels("listing", operation, status)._value.get()

    before = count("searchListings", "200"), count("none", "404")
    client.get("/v1/listings", headers=ida)
    client.get("/v1/whatever")

    assert (count("searchListings", "200"), count("none", "404")) == (before[0] + 1, before[1] + 1)
    assert b"golem_http_request_seconds_bucket" in client.get("/metrics").data
    assert "whatever" not in client.get("/metrics").text


def test_probes_are_no_requests(client: FlaskClient) -> None:
    """An alert on the share of answers that failed is about people; readiness has alerts of its own."""

    def counted() -> dict[tuple[str, ...], float]:
        samples = [sample for family in metrics.HTTP_REQUESTS.collect() for sample in family.samples]
        return {tuple(s.labels.values()): s.value for s in samples if s.name.endswith("_total")}

    before = counted()
    for path in ("/livez", "/readyz", "/metrics"):
        client.get(path)

    assert counted() == before


def test_the_description_describes_the_service(client: FlaskClient) -> None:
    """OpenAPI 3.1: every reference resolves, every schema is JSON Schema, security and headers are said."""
    document = client.get("/v1/openapi/listing.json").get_json()

    for reference in references(document):
        at: Any = document
        for step in reference.removeprefix("#/").split("/"):
            at = at[step]
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    create, search = document["paths"]["/v1/listings"]["post"], document["paths"]["/v1/listings"]["get"]
    assert document["openapi"] == "3.1.0"
    assert create["security"] == [{"bearer": []}]
    assert {"$ref": "#/components/parameters/IdempotencyKey"} in create["parameters"]
    assert {"ETag", "Location", "Idempotency-Replayed"} <= set(create["responses"]["201"]["headers"])
    assert {"400", "401", "413", "415", "422", "429", "503"} <= set(create["responses"])
    assert {parameter["name"] for parameter in search["parameters"]} == {
        "limit", "cursor", "q", "max_price", "mine", "help",
    }  # fmt: skip
    assert "Link" in search["responses"]["200"]["headers"]
    assert document["paths"]["/v1/codes/{scheme}"]["get"]["security"] == []
    title = document["components"]["schemas"]["NewListing"]["properties"]["title"]
    assert title == {"type": "string", "minLength": 1, "maxLength": 80}
    assert document["components"]["schemas"]["NewListing"]["additionalProperties"] is False


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, member in value.items():
            if key == "$ref":
                yield member
            else:
                yield from references(member)
    elif isinstance(value, list):
        for member in value:
            yield from references(member)


def test_services_descriptions_merge_into_one() -> None:
    """The same schema once; two that share a name are told apart, and so are those who refer to them."""

    def one(path: str, size: int) -> dict[str, Any]:
        ref = {"schema": {"$ref": "#/components/schemas/Offer"}}
        schemas = {"Money": {"type": "object"}, "Offer": {"maxLength": size}}
        return {"paths": {path: {"get": ref}}, "components": {"schemas": schemas}}

    merged = merge({"matching": one("/v1/offers", 1), "escrow": one("/v1/escrows", 2)})

    assert set(merged["components"]["schemas"]) == {"Money", "Offer", "EscrowOffer"}
    assert set(merged["paths"]) == {"/v1/offers", "/v1/escrows"}
    assert list(references(merged)) == ["#/components/schemas/Offer", "#/components/schemas/EscrowOffer"]


def test_cursors() -> None:
    """Only ours are read, and only scalars come out."""
    cursor = pages.encode(["2027-01-01", 5, None])
    assert pages.decode(cursor) == ["2027-01-01", 5, None]

    nested = pages.encode([{"$gt": ""}])
    for bad in ("", "AAAA", cursor[:-1], cursor + "A", "A" * 2000, "\u00e9", 5, None, nested, pages.encode([])):
        with pytest.raises(ValueError, match="cursor"):
            pages.decode(bad)


def test_gunicorns_refusals_are_problems() -> None:
    """They say nothing of what was sent, and are whole HTTP answers."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for status, slug in (
            (400, "bad-request"),
            (414, "uri-too-long"),
            (431, "headers-too-large"),
            (599, "internal"),
        ):
            write_problem(ours, status, "Reason", "Invalid <script>")
            head, _, body = theirs.recv(65536).decode().partition("\r\n\r\n")
            assert head.startswith(f"HTTP/1.1 {status} Reason\r\n")
            assert f"Content-Length: {len(body)}" in head
            assert "application/problem+json" in head
            assert json.loads(body)["type"].endswith(slug)
            assert "script" not in body


def test_a_workers_health_server() -> None:
    """It answers what a web process answers."""
    state = {"ready": False}
    server = health.serve(Address("127.0.0.1", 0), {"loop": lambda: True}, {"group": lambda: state["ready"]})
    try:
        assert ask(server.port, "/livez") == (200, "application/json")
        assert ask(server.port, "/readyz") == (503, "application/problem+json")
        state["ready"] = True
        assert ask(server.port, "/readyz") == (200, "application/json")
        assert ask(server.port, "/metrics")[0] == 200
        assert ask(server.port, "/etc/passwd") == (404, "application/problem+json")
    finally:
        server.close()


def ask(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"]


def test_the_app_holds_no_static_files(app: Flask) -> None:
    """Nothing is served from disk."""
    assert not app.has_static_folder
