"""What is open: read without a token, at the pace of an address that cannot be made up, kept and asked for again."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from shared import fields
from shared.http.answer.documents import document_response
from shared.http.answer.pages import PageQuery, page_of, page_response
from shared.http.app import create_app
from shared.http.declare import openapi
from shared.http.declare.operations import ANYONE, OPEN, PUBLIC, Answer, Call, Operations
from shared.http.problems import Problem
from shared.http.request.limits import MOST_ADDRESSES, AddressLimit, client_of
from shared.settings import Settings, Terms
from tests.support.web import problem

SOME_ID = "01977c1e-3a52-7d0f-9a4e-5b8f0c2d7e11"
GATEWAYS = (ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


class Thing(fields.Body):
    title = fields.Text(1, 80)
    own = fields.Text(1, 80, optional=True)


class Find(PageQuery):
    mine = fields.Flag()


def declared() -> Operations[dict[str, Any]]:
    operations: Operations[dict[str, Any]] = Operations("listing", "Things")

    @operations.get("/v1/things", "findThings", "Find", who=OPEN, query=Find, answers={200: page_of(Thing)})
    def find(call: Call[dict[str, Any]]) -> Answer:
        if call.query.get("mine"):
            return page_response(call, [{"title": call.person}], None)
        return page_response(call, [{"title": call.parts["title"]}] * call.page.limit, ["2027", SOME_ID])

    @operations.get("/v1/things/{id}", "showThing", "Show", who=OPEN, answers={200: Thing})
    def show(call: Call[dict[str, Any]]) -> Answer:
        if call.parts["title"] == "gone":
            raise Problem("not-found", "Gone.")
        own = {"own": "yours"} if call.caller else {}
        return document_response({"title": call.parts["title"], **own}, version=3)

    @operations.get("/v1/private", "showPrivate", "Mine", who=ANYONE, answers={200: Thing})
    def private(call: Call[dict[str, Any]]) -> Answer:
        return document_response({"title": "mine"}, version=1)

    @operations.get(
        "/v1/links/{token:link}", "showLink", "Show what it does", who=PUBLIC, answers={200: None}, page=True
    )
    @operations.post("/v1/links/{token:link}", "useLink", "Do it", who=PUBLIC, answers={200: None}, any_body=True)
    def link(call: Call[dict[str, Any]]) -> Answer:
        return Answer({"asked": "link"})

    @operations.post("/v1/systems", "fromSystems", "Told", who=PUBLIC, answers={200: None}, signed=True, pace=3)
    @operations.post("/v1/provider", "fromProvider", "Told", who=PUBLIC, answers={200: None}, signed=True, pace=0)
    def told(call: Call[dict[str, Any]]) -> Answer:
        return Answer({"asked": "told"})

    return operations


@pytest.fixture
def parts() -> dict[str, Any]:
    return {"title": "one"}


@pytest.fixture
def app(settings: Settings, parts: dict[str, Any]) -> Flask:
    return create_app(settings, declared(), parts, ready={})


@pytest.fixture
def slow(settings: Settings, parts: dict[str, Any]) -> FlaskClient:
    """With three requests at once, and then one a second, for an address."""
    web = replace(settings.web, public_rate_per_second=1, public_rate_burst=3, gateways=GATEWAYS)
    return create_app(replace(settings, web=web), declared(), parts, ready={}).test_client()


def asked(client: FlaskClient, peer: str, **headers: str) -> TestResponse:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get("/v1/things", headers=sent, environ_base={"REMOTE_ADDR": peer})


# -- who may ask


def test_anybody_may_look(client: FlaskClient, ida: dict[str, str], ida_id: str) -> None:
    """With a token as the person it names, who may see more."""
    assert client.get(f"/v1/things/{SOME_ID}").get_json() == {"title": "one"}
    assert client.get(f"/v1/things/{SOME_ID}", headers=ida).get_json() == {"title": "one", "own": "yours"}
    assert client.get("/v1/things?mine=true", headers=ida).get_json()["items"] == [{"title": ida_id}]
    assert client.get("/v1/things").get_json() == client.get("/v1/things?mine=false", headers=ida).get_json()


def test_what_is_somebodys_needs_a_token(client: FlaskClient) -> None:
    """The refusal is the one of an operation that nobody may call without."""
    refused = [client.get(path) for path in ("/v1/things?mine=true", "/v1/private")]

    assert [problem(each, 401, "unauthenticated") for each in refused] == [[("header:Authorization", "missing")]] * 2
    assert {each.headers["WWW-Authenticate"] for each in refused} == {'Bearer realm="good-golem"'}
    assert {each.headers["Cache-Control"] for each in refused} == {"no-store"}


@pytest.mark.parametrize("said", ["", "Bearer", "Bearer a.b.c", "Basic aWRhOng=", "expired"])
def test_a_token_that_is_not_valid_is_refused(client: FlaskClient, token: Callable[..., str], said: str) -> None:
    """Whoever believes to be known is told that they are not."""
    header = f"Bearer {token(exp=1)}" if said == "expired" else said

    for path in ("/v1/things", f"/v1/things/{SOME_ID}"):
        problem(client.get(path, headers={"Authorization": header}), 401, "unauthenticated")


# -- how fast


def test_an_address_that_asks_too_fast(slow: FlaskClient, ida: dict[str, str]) -> None:
    """429 with Retry-After; another address goes on, and so does a person from the same one."""
    statuses = [asked(slow, "192.0.2.1").status_code for _ in range(5)]
    refused = asked(slow, "192.0.2.1")

    assert statuses == [200, 200, 200, 429, 429]
    problem(refused, 429, "too-many-requests")
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["Cache-Control"] == "no-store"
    assert asked(slow, "192.0.2.2").status_code == 200
    assert asked(slow, "192.0.2.1", **ida).status_code == 200


def statuses(client: FlaskClient, method: str, path: str, count: int, **headers: str) -> list[int]:
    told = {"environ_base": {"REMOTE_ADDR": "192.0.2.1"}, "headers": headers}
    return [client.open(path, method=method, json={} if method == "POST" else None, **told).status_code
            for _ in range(count)]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/links/abc.def"), ("POST", "/v1/links/abc.def"),
                                              ("GET", "/v1/openapi/listing.json")])  # fmt: skip
def test_whatever_needs_no_token_has_that_pace(slow: FlaskClient, ida: dict[str, str], method: str, path: str) -> None:
    """Links in mails among them, for which no token counts."""
    assert statuses(slow, method, path, 4, **ida) == [200, 200, 200, 429]
    assert asked(slow, "192.0.2.1").status_code == 429
    assert asked(slow, "192.0.2.2").status_code == 200


def test_systems_have_a_pace_of_their_own(slow: FlaskClient) -> None:
    """So many times as fast, and what else comes from there takes nothing of it; the provider is never slowed."""
    assert statuses(slow, "GET", "/v1/links/abc.def", 4)[-1] == 429
    assert statuses(slow, "POST", "/v1/systems", 11) == [200] * 9 + [429] * 2
    assert statuses(slow, "POST", "/v1/provider", 40) == [200] * 40


def test_who_asks_too_fast_is_refused_before_their_body_is_read(slow: FlaskClient) -> None:
    """No larger one is looked at: else it would be 413."""
    large = {"data": b"x" * 2_000_000, "environ_base": {"REMOTE_ADDR": "192.0.2.1"}}

    assert [slow.post("/v1/systems", **large).status_code for _ in range(10)] == [413] * 9 + [429]


def test_probes_are_never_slowed(slow: FlaskClient) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        assert 429 not in statuses(slow, "GET", path, 10)


FORGED = (
    {"X_Forwarded_For": "198.51.100.{n}"}, {"X_Forwarded_For": "198.51.100.{n}, 127.0.0.1"},
    {"Forwarded": "for=198.51.100.{n}"}, {"X_Real_IP": "198.51.100.{n}"}, {"X_Forwarded_For": "not an address"},
    {"True_Client_IP": "198.51.100.{n}"}, {"X_Client_IP": "198.51.100.{n}"}, {"Via": "1.1 198.51.100.{n}"},
)  # fmt: skip


@pytest.mark.parametrize("header", FORGED)
def test_a_forged_header_neither_evades_nor_blames(slow: FlaskClient, header: dict[str, str]) -> None:
    """From elsewhere than the gateway no header counts."""
    statuses = [
        asked(slow, "192.0.2.1", **{name: value.format(n=n) for name, value in header.items()}).status_code
        for n in range(4)
    ]

    assert statuses == [200, 200, 200, 429]
    assert asked(slow, "198.51.100.1").status_code == 200
    assert asked(slow, "127.0.0.1", X_Forwarded_For="198.51.100.2").status_code == 200


@pytest.mark.parametrize("gateway", ["127.0.0.1", "10.1.2.3", "fd00::5", "::ffff:10.1.2.3"])
def test_the_gateway_says_whose_request_it_is(slow: FlaskClient, gateway: str) -> None:
    """By the last address, before which a client may have written what it likes."""
    said = [f"203.0.113.{n}, 192.0.2.1" for n in range(4)]
    statuses = [asked(slow, gateway, X_Forwarded_For=each).status_code for each in said]

    assert statuses == [200, 200, 200, 429]
    assert asked(slow, gateway, X_Forwarded_For="203.0.113.1").status_code == 200
    assert asked(slow, "192.0.2.1").status_code == 429


CLIENTS = [
    ("192.0.2.1", "", "192.0.2.1"),
    ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
    ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
    ("10.0.0.1", "", "10.0.0.1"),
    ("10.0.0.1", "203.0.113.9, nonsense", "10.0.0.1"),
    ("10.0.0.1", "203.0.113.9,", "10.0.0.1"),
    ("10.0.0.1", "203.0.113.9:80", "10.0.0.1"),
    ("10.0.0.1", " ::ffff:203.0.113.9 ", "203.0.113.9"),
    ("10.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ("10.0.0.1", "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
    ("10.0.0.1", "2001:db8:1:3::1", "2001:db8:1:3::/64"),
    ("10.0.0.1", "fe80::1%eth0", "fe80::/64"),
    ("fd00::1", "203.0.113.9", "203.0.113.9"),
    ("2001:db8::1", "203.0.113.9", "2001:db8::/64"),
    ("", "203.0.113.9", "None"),
]


@pytest.mark.parametrize(("peer", "said", "client"), CLIENTS)
def test_where_a_request_comes_from(peer: str, said: str, client: str) -> None:
    assert client_of({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": said}, GATEWAYS) == client


def test_the_pace_over_time() -> None:
    """A burst, then one for each that the rate gives back; who is refused loses nothing more."""
    now = 100.0
    limit = AddressLimit(2, 4, (), lambda: now)

    def taken() -> int:
        count = 0
        while count < 100:
            try:
                limit.check({"REMOTE_ADDR": "192.0.2.1"})
            except Problem as refused:
                assert refused.headers["Retry-After"] == "1"
                return count
            count += 1
        return count

    first = taken()
    now += 0.5
    second = taken()
    now += 1.0
    third = taken()
    now += 3600
    assert (first, second, third, taken()) == (4, 1, 2, 4)


def test_no_number_of_addresses_fills_the_memory() -> None:
    """The latest are remembered; who goes on asking too fast is among them."""
    limit = AddressLimit(1, 1, (), lambda: 0.0)
    limit.check({"REMOTE_ADDR": "192.0.2.1"})
    for number in range(3 * MOST_ADDRESSES):
        limit.check({"REMOTE_ADDR": f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"})
        if number % 1000 == 0:
            with pytest.raises(Problem):
                limit.check({"REMOTE_ADDR": "192.0.2.1"})

    assert len(limit.pace) == MOST_ADDRESSES


# -- what may be kept


PATHS = ("/v1/things", "/v1/things?limit=3", f"/v1/things/{SOME_ID}")


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_to_anybody_may_be_kept(client: FlaskClient, parts: dict[str, Any], path: str) -> None:
    """For a short while, and asked for again by its strong ETag, which is another one when the content is."""
    first, same = client.get(path), client.get(path)
    tag = first.headers["ETag"]
    again = client.get(path, headers={"If-None-Match": f'"other", {tag}'})
    parts["title"] = "two"
    changed = client.get(path, headers={"If-None-Match": tag})

    assert first.headers["Cache-Control"] == "public, max-age=60"
    assert same.headers["ETag"] == tag and not tag.startswith("W/")
    assert (again.status_code, again.get_data(), again.headers["ETag"]) == (304, b"", tag)
    assert again.headers["Cache-Control"] == "public, max-age=60"
    assert {"Authorization", "Origin"} <= set(first.vary) & set(again.vary)
    assert "Content-Type" not in again.headers and "Content-Length" not in again.headers
    assert changed.status_code == 200 and changed.headers["ETag"] != tag


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_to_a_person_is_theirs(client: FlaskClient, ida: dict[str, str], path: str) -> None:
    """Nobody else may keep it; a document's ETag stays its version, by which they change it."""
    first = client.get(path, headers=ida)
    again = client.get(path, headers=ida | {"If-None-Match": first.headers["ETag"]})
    is_version = path.endswith(SOME_ID)

    assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "private, no-cache"
    assert "Authorization" in first.vary and again.status_code == (200 if is_version else 304)
    assert (first.headers["ETag"] == '"3"') == is_version
    assert client.get(path, headers={"If-None-Match": '"3"'}).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_what_changed_without_its_version_is_shown(
    client: FlaskClient, parts: dict[str, Any], ida: dict[str, str], path: str
) -> None:
    """As a listing does with the fee: its version is as before."""
    first = client.get(path, headers=ida)
    parts["title"] = "two"
    changed = client.get(path, headers=ida | {"If-None-Match": first.headers["ETag"]})

    assert changed.status_code == 200 and changed.get_data() != first.get_data()


@pytest.mark.parametrize("tags", ["*", "W/{tag}", '{tag},"x"'])
def test_any_tag_that_matches(client: FlaskClient, tags: str) -> None:
    tag = client.get("/v1/things").headers["ETag"]

    assert client.get("/v1/things", headers={"If-None-Match": tags.format(tag=tag)}).status_code == 304


@pytest.mark.parametrize("tags", ["", '"x"', "nonsense", '"', "W/", ',,,"', "x" * 4000])
def test_other_tags_and_none(client: FlaskClient, tags: str) -> None:
    assert client.get("/v1/things", headers={"If-None-Match": tags}).status_code == 200


def test_a_refusal_is_never_kept(client: FlaskClient, parts: dict[str, Any]) -> None:
    """Not even by who says that they have it."""
    parts["title"] = "gone"
    answers = [client.get(f"/v1/things/{SOME_ID}", headers={"If-None-Match": "*"}), client.get("/v1/things?limit=0")]

    assert [each.status_code for each in answers] == [404, 422]
    assert {each.headers["Cache-Control"] for each in answers} == {"no-store"}
    assert not any("ETag" in each.headers for each in answers)


def test_what_needs_a_token_is_as_before(client: FlaskClient, ida: dict[str, str]) -> None:
    answer = client.get("/v1/private", headers=ida | {"If-None-Match": "*"})

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


@pytest.mark.parametrize("path", PATHS)
def test_head_is_get_without_a_body(client: FlaskClient, path: str) -> None:
    full = client.get(path)
    head = client.head(path)
    again = client.head(path, headers={"If-None-Match": head.headers["ETag"]})

    assert (head.status_code, head.get_data(), again.status_code) == (200, b"", 304)
    for name in ("ETag", "Cache-Control", "Content-Type", "Content-Length"):
        assert head.headers[name] == full.headers[name]


@pytest.mark.parametrize("origin", ["https://app.example", None, "https://evil.example"])
def test_a_page_of_another_origin(client: FlaskClient, origin: str | None) -> None:
    """What may be kept says that it depends on which page asks."""
    sent = {"Origin": origin} if origin else {}
    tag = client.get("/v1/things").headers["ETag"]
    for answer in (client.get("/v1/things", headers=sent | seen) for seen in ({}, {"If-None-Match": tag})):
        allowed = None if origin == "https://evil.example" else "https://app.example"
        assert answer.headers.get("Access-Control-Allow-Origin") == allowed
        assert "Origin" in answer.vary


def test_a_page_may_ask_again_by_the_tag(client: FlaskClient) -> None:
    asks = {
        "Origin": "https://app.example", "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "If-None-Match",
    }  # fmt: skip

    allowed = client.options("/v1/things", headers=asks).headers["Access-Control-Allow-Headers"]

    assert "if-none-match" in allowed.lower()


# -- how it is described


def test_the_description_says_that_a_token_is_not_needed() -> None:
    paths = openapi.document(declared(), Terms())["paths"]
    shown = paths["/v1/things/{id}"]["get"]

    assert shown["security"] == [{}, {"bearer": []}]
    assert {"200", "304", "401", "404", "429"} <= set(shown["responses"])
    assert set(shown["responses"]["304"]["headers"]) == {"ETag", "Cache-Control", "X-Request-Id"}
    assert {"$ref": "#/components/parameters/IfNoneMatch"} in shown["parameters"]
    assert paths["/v1/private"]["get"]["security"] == [{"bearer": []}]
    assert "429" in paths["/v1/links/{token}"]["get"]["responses"]
    assert "429" in paths["/v1/systems"]["post"]["responses"]
    assert "429" not in paths["/v1/provider"]["post"]["responses"]
