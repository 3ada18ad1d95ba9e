"""Hostile and mistaken input: each a problem document that names the field and the rule, and nothing is done."""

import copy
import gzip
import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

SOME_ID = "01977c1e-3a52-7d0f-9a4e-5b8f0c2d7e11"
DEEP = '{"title":' + '{"a":' * 16 + "1" + "}" * 17


def post(client: FlaskClient, ida: dict[str, str], body: Any, **headers: str) -> TestResponse:
    raw = body if isinstance(body, bytes | str) else json.dumps(body)
    return client.post("/v1/listings", data=raw, headers={"Content-Type": "application/json", **ida, **headers})


def problem(response: TestResponse, status: int, slug: str) -> list[tuple[str, str]]:
    """[(pointer, rule)] of a well-formed problem."""
    said = response.get_json(force=True)
    assert (response.status_code, response.content_type) == (status, "application/problem+json"), said
    assert said["type"] == f"https://goodgolem.example/problems/{slug}"
    assert said["status"] == status
    assert said["title"]
    assert said["detail"]
    assert said["request_id"] == response.headers["X-Request-Id"]
    assert all(error["message"] for error in said["errors"])
    return [(error["pointer"], error["rule"]) for error in said["errors"]]


def changed(listing: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    body: Any = copy.deepcopy(listing)
    *way, last = path.split(".")
    at = body
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    at[last] = value
    result: dict[str, Any] = body
    return result


@pytest.mark.parametrize(
    ("path", "value", "pointer", "rule"),
    [
        ("salary", 1, "/salary", "unknown"),
        ("help.0.bonus", 1, "/help/0/bonus", "unknown"),
        ("a/b~c", 1, "/a~1b~0c", "unknown"),
        ("title", 5, "/title", "type"),
        ("title", None, "/title", "null"),
        ("title", ["x"], "/title", "type"),
        ("title", "", "/title", "length"),
        ("title", "x" * 81, "/title", "length"),
        ("title", " x", "/title", "blanks"),
        ("title", "a\u0007b", "/title", "characters"),
        ("title", "a\nb", "/title", "characters"),
        ("title", "a\u202eb", "/title", "characters"),
        ("title", "a\0b", "/title", "nul"),
        ("title", "a\ud800b", "/title", "surrogate"),
        ("country", "nl", "/country", "choice"),
        ("country", "ZZ", "/country", "choice"),
        ("seats", "5", "/seats", "type"),
        ("seats", 5.0, "/seats", "type"),
        ("seats", True, "/seats", "type"),
        ("seats", 0, "/seats", "range"),
        ("seats", 2**63, "/seats", "number"),
        ("seats", -(2**63) - 1, "/seats", "number"),
        ("leaving_on", "20270131", "/leaving_on", "format"),
        ("leaving_on", "2027-02-30", "/leaving_on", "format"),
        ("occupation", "2512", "/occupation", "type"),
        ("occupation", {"scheme": "ISCO-08"}, "/occupation/code", "required"),
        ("duties", "run", "/duties", "type"),
        ("duties", ["a", 1], "/duties/1", "type"),
        ("duties", ["a"] * 4, "/duties", "count"),
        ("help", [], "/help", "count"),
        ("help", {}, "/help", "type"),
        ("help.0.kind", "magic", "/help/0/kind", "choice"),
        ("help.0.price.amount", -1, "/help/0/price/amount", "range"),
        ("help.0.price.amount", 10**9 + 1, "/help/0/price/amount", "range"),
        ("help.0.price.amount", 1.5, "/help/0/price/amount", "type"),
        ("help.0.price.currency", "XXX", "/help/0/price/currency", "choice"),
        ("help.0.price", 500, "/help/0/price", "type"),
    ],
)
def test_a_body_that_breaks_a_rule(
    client: FlaskClient, ida: dict[str, str], parts: Any, listing: dict[str, Any],
    path: str, value: Any, pointer: str, rule: str,
) -> None:  # fmt: skip
    """422 with the pointer and the rule."""
    response = post(client, ida, changed(listing, path, value))

    assert problem(response, 422, "invalid") == [(pointer, rule)]
    assert not parts.calls


@pytest.mark.parametrize("operator", [{"$gt": ""}, {"$ne": None}, {"$where": "1"}, ["$gt"]])
@pytest.mark.parametrize("path", ["title", "country", "seats", "leaving_on", "help.0.kind", "help.0.price.currency"])
def test_an_operator_gets_in_nowhere(
    client: FlaskClient, ida: dict[str, str], parts: Any, listing: dict[str, Any], path: str, operator: Any
) -> None:
    """A database operator is no text and no number."""
    response = post(client, ida, changed(listing, path, operator))

    assert [rule for _, rule in problem(response, 422, "invalid")] == ["type"]
    assert not parts.calls


def test_a_help_kind_twice(client: FlaskClient, ida: dict[str, str], listing: dict[str, Any]) -> None:
    """The second one is named."""
    response = post(client, ida, changed(listing, "help", listing["help"] * 2))

    assert problem(response, 422, "invalid") == [("/help/1/kind", "twice")]


def test_all_faults_are_said_at_once(client: FlaskClient, ida: dict[str, str]) -> None:
    """In the order of their pointers, each with what was expected."""
    response = post(client, ida, {"title": 1, "seats": 0, "x": 1})

    said = {error["pointer"]: error["message"] for error in response.get_json(force=True)["errors"]}
    assert list(said) == ["/country", "/help", "/seats", "/title", "/x"]
    assert said["/seats"] == "expected a whole number from 1 to 500"
    assert said["/country"] == "is required: a country's ISO 3166-1 code such as NL"
    assert said["/x"].startswith("is not known here; known: title, country")


@pytest.mark.parametrize(
    ("raw", "pointer", "rule"),
    [
        ("", "", "required"),
        ("{", "", "json"),
        ("{'title': 1}", "", "json"),
        ('{"title": "a"} {}', "", "json"),
        (b"\xff\xfe", "", "utf-8"),
        (b'\xef\xbb\xbf{"title": "a"}', "", "json"),
        ('{"title": "a", "title": "b"}', "/title", "duplicate-key"),
        ('{"help": [{"kind": 1, "kind": 2}]}', "/help/0/kind", "duplicate-key"),
        ('{"seats": NaN}', "/seats", "number"),
        ('{"help": [1, -Infinity]}', "/help/1", "number"),
        ('{"seats": ' + "9" * 5000 + "}", "/seats", "number"),
    ],
)
def test_what_is_not_json(
    client: FlaskClient, ida: dict[str, str], parts: Any, raw: Any, pointer: str, rule: str
) -> None:
    """400 with the place."""
    assert problem(post(client, ida, raw), 400, "malformed-json") == [(pointer, rule)]
    assert not parts.calls


@pytest.mark.parametrize(
    ("raw", "pointer", "rule"),
    [
        ("[]", "", "type"),
        ('"text"', "", "type"),
        ("null", "", "type"),
        ('{"seats": 1e999}', "/seats", "number"),
        ('{"a\\u0000b": 1}', "/a\x00b", "nul"),
        (DEEP, "/title" + "/a" * 15, "depth"),
        ('{"a":' + "[" * 30000 + "]" * 30000 + "}", "", "depth"),
    ],
)
def test_json_that_would_hurt(
    client: FlaskClient, ida: dict[str, str], parts: Any, raw: str, pointer: str, rule: str
) -> None:
    """422: no object, too deep, a number without a value, NUL in a key."""
    assert problem(post(client, ida, raw), 422, "invalid") == [(pointer, rule)]
    assert not parts.calls


def test_sixteen_levels_are_deep_enough(client: FlaskClient, ida: dict[str, str]) -> None:
    """One level less than what is refused is only unknown."""
    response = post(client, ida, '{"q":' + "[" * 15 + "]" * 15 + "}")

    assert ("/q", "unknown") in problem(response, 422, "invalid")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_5_mb(
    client: FlaskClient, ida: dict[str, str], parts: Any, listing: dict[str, Any], chunked: bool
) -> None:
    """413, with its length said or without; one that would be good without its tail as well."""
    raw = json.dumps(listing).encode() + b" " * 5_000_000
    environ: dict[str, Any] = {"wsgi.input_terminated": True}
    if chunked:
        environ |= {"wsgi.input": io.BytesIO(raw), "CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    headers = {**ida, "Content-Type": "application/json"}
    response = client.post("/v1/listings", data=raw, headers=headers, environ_overrides=environ)

    problem(response, 413, "too-large")
    assert not parts.calls


def test_the_limit_is_exact(client: FlaskClient, ida: dict[str, str], listing: dict[str, Any]) -> None:
    """64 KB pass, one byte more does not."""
    raw = json.dumps(listing)

    assert post(client, ida, raw + " " * (65536 - len(raw))).status_code == 201
    assert post(client, ida, raw + " " * (65537 - len(raw))).status_code == 413


@pytest.mark.parametrize(("size", "left"), [(200_000, 0), (1_000_000, 0), (1_500_000, 500_000)])
@pytest.mark.parametrize("known", [True, False])
def test_what_is_refused_unread_is_read_before_the_answer_leaves(
    client: FlaskClient, ida: dict[str, str], known: bool, size: int, left: int
) -> None:
    """As far as the gateway takes a body: on one left unread the server closes, and the refusal may be lost with it."""
    body = io.BytesIO(b"x" * size)
    headers = {**(ida if known else {}), "Content-Type": "application/json"}
    sent = {"wsgi.input": body, "CONTENT_LENGTH": str(size)}
    response = client.post("/v1/listings", headers=headers, environ_overrides=sent)

    problem(response, *((413, "too-large") if known else (401, "unauthenticated")))
    assert size - body.tell() == left


def test_a_body_that_breaks_off_takes_no_answer_away(client: FlaskClient) -> None:
    """What the server raises for it is the sender's own trouble."""

    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise ConnectionResetError

    response = client.post("/v1/listings", environ_overrides={"wsgi.input": Broken(), "CONTENT_LENGTH": "9"})

    problem(response, 401, "unauthenticated")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", ""]
)
def test_another_media_type(client: FlaskClient, ida: dict[str, str], parts: Any, media_type: str) -> None:
    """415 names the header."""
    response = post(client, ida, "{}", **{"Content-Type": media_type})

    assert problem(response, 415, "unsupported-media-type") == [("header:Content-Type", "media-type")]


def test_a_compressed_body(client: FlaskClient, ida: dict[str, str], parts: Any, listing: dict[str, Any]) -> None:
    """415 says that it is the compression, and what would do; who says that there is none is believed."""
    packed = gzip.compress(json.dumps(listing).encode())
    response = post(client, ida, packed, **{"Content-Encoding": "gzip"})

    assert problem(response, 415, "unsupported-media-type") == [("header:Content-Encoding", "content-coding")]
    assert response.headers["Accept-Encoding"] == "identity"
    assert not parts.calls
    assert post(client, ida, listing, **{"Content-Encoding": "identity"}).status_code == 201


@pytest.mark.parametrize(
    ("query", "pointer", "rule"),
    [
        ("nope=1", "?nope", "unknown"),
        ("limit=101", "?limit", "range"),
        ("limit=0", "?limit", "range"),
        ("limit=-1", "?limit", "range"),
        ("limit=x", "?limit", "type"),
        ("limit=", "?limit", "type"),
        ("limit=5.0", "?limit", "type"),
        ("limit=%D9%A5", "?limit", "type"),
        ("limit=1&limit=2", "?limit", "twice"),
        ("cursor=abc", "?cursor", "cursor"),
        ("cursor=", "?cursor", "cursor"),
        ("q=%00", "?q", "characters"),
        ("q=%7B%22%24gt%22%3A%22%22%7D&q[$gt]=", "?q[$gt]", "unknown"),
        ("max_price=1e3", "?max_price", "type"),
        ("mine=yes", "?mine", "type"),
        ("help=coaching&help=magic", "?help", "choice"),
    ],
)
def test_a_query_that_breaks_a_rule(
    client: FlaskClient, ida: dict[str, str], parts: Any, query: str, pointer: str, rule: str
) -> None:
    """422 names the parameter."""
    response = client.get(f"/v1/listings?{query}", headers=ida)

    assert problem(response, 422, "invalid") == [(pointer, rule)]
    assert response.get_json(force=True)["errors"][0]["parameter"] == pointer[1:]
    assert not parts.calls


def test_a_query_that_is_no_utf8(client: FlaskClient, ida: dict[str, str]) -> None:
    """400."""
    problem(client.get("/v1/listings?q=%ff", headers=ida), 400, "bad-request")


@pytest.mark.parametrize("bad", ["1", "not-a-uuid", f"{SOME_ID}x", "%24gt", "..%2f..%2fetc", "%00", "a%ff"])
def test_a_path_whose_id_is_no_uuid(client: FlaskClient, ida: dict[str, str], bad: str) -> None:
    """404, like an id that nobody has."""
    problem(client.post(f"/v1/listings/{bad}/submit", headers=ida), 404, "not-found")


def test_flasks_own_refusals(client: FlaskClient, ida: dict[str, str]) -> None:
    """An unknown path, a double slash, a slash too many, a method too many."""
    for path in ("/", "/v1/nothing", "//v1/listings", "/v1/listings/", "/static/x"):
        problem(client.get(path, headers=ida), 404, "not-found")
    response = client.delete("/v1/listings", headers=ida)
    problem(response, 405, "method-not-allowed")
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_a_body_where_none_is_taken(client: FlaskClient, ida: dict[str, str]) -> None:
    """Nothing and {} pass; a field is unknown; another media type is not read."""
    path, as_json = f"/v1/listings/{SOME_ID}/submit", {**ida, "Content-Type": "application/json"}

    assert client.post(path, headers=ida).status_code == 200
    assert client.post(path, headers=as_json, data="{}").status_code == 200
    assert problem(client.post(path, headers=as_json, data='{"a":1}'), 422, "invalid") == [("/a", "unknown")]
    problem(client.post(path, headers=ida, data="a=1"), 415, "unsupported-media-type")


@pytest.mark.parametrize("key", ["", "k" * 256, "a b", "schl\u00fcssel", "a\tb"])
def test_a_bad_idempotency_key(
    client: FlaskClient, ida: dict[str, str], listing: dict[str, Any], parts: Any, key: str
) -> None:
    """422 names the header."""
    response = post(client, ida, listing, **{"Idempotency-Key": key})

    assert problem(response, 422, "invalid") == [("header:Idempotency-Key", "format")]
    assert not parts.calls


@pytest.mark.parametrize(
    ("value", "status"),
    [('"3"', 200), ("*", 200), ('"1", "3"', 200), ('"2"', 412), ('W/"3"', 412), ('"abc"', 412), ("3", 400), ('"3', 400),
     ("", 400), ("$gt", 400)],
)  # fmt: skip
def test_if_match(client: FlaskClient, ida: dict[str, str], value: str, status: int) -> None:
    """Stale is 412 with the version that is, unreadable 400."""
    response = client.post(f"/v1/listings/{SOME_ID}/submit", headers={**ida, "If-Match": value})

    assert response.status_code == status
    if status == 412:
        assert problem(response, 412, "stale") == [("header:If-Match", "version")]
        assert response.headers["ETag"] == '"3"'
    if status == 400:
        assert problem(response, 400, "bad-request") == [("header:If-Match", "format")]
