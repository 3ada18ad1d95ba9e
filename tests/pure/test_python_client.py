"""The hand-written layer of the Python client: what it asks again, how long, and with which key."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from good_golem import Patience, Refused, connect, expect
from good_golem.patience import takes_key
from good_golem_client.api.matching import accept_offer, show_offer
from good_golem_client.models import Offer

ROOT = Path(__file__).resolve().parents[2]
OFFER = UUID("01a22329-8c70-735f-944a-0dd12ca7de66")
PROBLEM = {"type": "https://goodgolem.example/problems/not-found", "title": "Not found", "status": 404, "detail": "No."}


class Server:
    """Answers in turn; keeps what it was asked, and when by a clock that only pauses move."""

    def __init__(self, *answers: Callable[[], httpx.Response]) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.pauses: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self._answers.pop(0)() if len(self._answers) > 1 else self._answers[0]()

    def patience(self, within: float = 30.0) -> Patience:
        transport = httpx.MockTransport(self)
        return Patience(transport, within=within, pause=self.pauses.append, monotonic=lambda: sum(self.pauses))

    def client(self, within: float = 30.0) -> httpx.Client:
        return httpx.Client(transport=self.patience(within), base_url="https://golem.example")

    @property
    def keys(self) -> set[str | None]:
        return {request.headers.get("Idempotency-Key") for request in self.asked}


def answer(status: int, after: str | None = None) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(status, headers={"Retry-After": after} if after else {}, json={"status": status})


def no_answer() -> httpx.Response:
    raise httpx.ReadError("gone")


@pytest.mark.parametrize("status", [404, 409, 429, 503])
def test_what_says_when_is_asked_again_then_with_the_same_key_and_body(status: int) -> None:
    server = Server(answer(status, "1"), answer(status, "3"), answer(200))

    assert server.client().post("/v1/offers", json={"a": 1}).status_code == 200
    assert server.pauses == [1, 3]
    assert len(server.keys) == 1 and None not in server.keys
    assert {request.content for request in server.asked} == {b'{"a":1}'}


@pytest.mark.parametrize(("status", "after"), [(404, None), (409, None), (422, "1"), (500, "1"), (503, "soon")])
def test_what_does_not_say_when_is_final(status: int, after: str | None) -> None:
    server = Server(answer(status, after))

    assert server.client().get("/v1/offers").status_code == status
    assert server.pauses == []


def test_patience_ends() -> None:
    """No attempt begins later than `within`: the last answer is given, or the last error raised."""
    busy, away = Server(answer(503, "7")), Server(no_answer)

    assert busy.client(within=20).get("/v1/offers").status_code == 503
    assert busy.pauses == [7, 7]
    with pytest.raises(httpx.ReadError):
        away.client(within=20).get("/v1/offers")
    assert sum(away.pauses) <= 20 < sum(away.pauses) + 2 * away.pauses[-1]


@pytest.mark.parametrize(
    ("method", "path", "again"),
    [
        ("GET", "/v1/offers", True),
        ("POST", f"/v1/offers/{OFFER}/accept", True),
        ("POST", "/v1/me/contact/verify", False),
        ("PUT", "/v1/me/contact", False),
        ("DELETE", "/v1/me", False),
    ],
)
def test_without_an_answer_only_what_is_safe_is_sent_again(method: str, path: str, again: bool) -> None:
    server = Server(no_answer, answer(200))
    if again:
        assert server.client().request(method, path).status_code == 200
    else:
        with pytest.raises(httpx.ReadError):
            server.client().request(method, path)
    assert len(server.asked) == (2 if again else 1)
    assert len(server.keys) == 1


class Cut(httpx.SyncByteStream):
    """A body that breaks off."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"{"
        raise httpx.RemoteProtocolError("peer closed connection")


@pytest.mark.parametrize(("method", "times"), [("GET", 2), ("POST", 2), ("PUT", 1)])
def test_an_answer_that_breaks_off_is_none(method: str, times: int) -> None:
    server = Server(lambda: httpx.Response(200, stream=Cut()), answer(200))
    if times == 2:
        assert server.client().request(method, "/v1/offers").json() == {"status": 200}
    else:
        with pytest.raises(httpx.RemoteProtocolError):
            server.client().request(method, "/v1/offers")

    assert len(server.asked) == times
    assert len(server.keys) == 1


def test_a_stream_is_not_waited_for() -> None:
    headers = {"Content-Type": "text/event-stream"}
    server = Server(lambda: httpx.Response(200, headers=headers, stream=Cut()))
    with server.client().stream("GET", "/v1/stream") as answered:
        assert next(answered.iter_raw()) == b"{"


@pytest.mark.parametrize(
    ("media", "body"),
    [("text/html", "<p>Sign in to this network"), ("application/json", '{"id": '), ("", "ok"), ("text/plain", "ok")],
)
def test_an_answer_that_is_no_json_is_a_refusal(media: str, body: str) -> None:
    """A portal's page with 200, say: it is told as what it is, not raised by a parser."""
    headers = {"Content-Type": media} if media else {}
    server = Server(lambda: httpx.Response(200, headers=headers, content=body.encode()))
    client = connect("https://golem.example", "a.b.c", transport=server.patience())
    with pytest.raises(Refused) as refused:
        expect(Offer, show_offer.sync(OFFER, client=client))

    assert refused.value.problem is not None
    assert refused.value.problem.status == 503
    assert refused.value.problem.detail.endswith(f" answers 200, but not as a Good Golem does: {body}")


@pytest.mark.parametrize(
    "body",
    ["", "null", "1", '"ok"', "[]", "[" * 100_000, "<a/>"],
    ids=["empty", "null", "1", "ok", "list", "deep", "xml"],
)
def test_json_that_is_no_object_is_none_of_ours(body: str) -> None:
    """No operation answers so; a device between the two may."""
    headers = {"Content-Type": "application/json"}
    server = Server(lambda: httpx.Response(200, headers=headers, content=body.encode()))
    client = connect("https://golem.example", "a.b.c", transport=server.patience())
    with pytest.raises(Refused, match="not as a Good Golem does"):
        expect(Offer, show_offer.sync(OFFER, client=client))


def test_the_address_is_told_without_what_is_secret_in_it() -> None:
    """Neither a password nor the path, which may hold a link's token."""
    server = Server(lambda: httpx.Response(200, content=b"<p>"))
    with httpx.Client(transport=server.patience(), base_url="https://u:secret@golem.example") as client:
        said = client.get("/v1/unsubscribe/a-token?q=1").json()["detail"]

    assert said == "https://golem.example answers 200, but not as a Good Golem does: <p>"


@pytest.mark.parametrize(
    ("method", "status", "media", "body", "accept"),
    [
        ("GET", 302, "text/html", b"<p>Moved", "*/*"),
        ("GET", 304, "", b"", "*/*"),
        ("PUT", 204, "", b"", "*/*"),
        ("HEAD", 200, "application/json", b"", "*/*"),
        ("GET", 200, "text/html; charset=utf-8", b"<p>Rules", "text/html"),
        ("GET", 200, "text/csv", b"a,b", "text/csv"),
        ("GET", 200, "application/xml", b"<urlset/>", "*/*"),
        ("GET", 200, "application/ld+json", b"{}", "*/*"),
    ],
)
def test_what_was_asked_for_is_passed_on(method: str, status: int, media: str, body: bytes, accept: str) -> None:
    headers = {"Content-Type": media, "Location": "/there"} if media else {}
    server = Server(lambda: httpx.Response(status, headers=headers, content=body))

    answered = server.client().request(method, "/v1/offers", headers={"Accept": accept})

    assert (answered.status_code, answered.content) == (status, body)
    assert answered.headers.get("Location") == headers.get("Location")


def test_an_answer_may_be_read_piece_by_piece_and_packed() -> None:
    packed = gzip.compress(b'{"a":1}')
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    server = Server(lambda: httpx.Response(200, headers=headers, stream=httpx.ByteStream(packed)))
    with server.client().stream("GET", "/v1/offers") as answered:
        assert b"".join(answered.iter_raw()) == packed
    assert server.client().get("/v1/offers").json() == {"a": 1}


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("text/html", b"<p>Nothing here"),
        ("", b"<p>Nothing here"),
        ("application/xml", b"<Error>Nothing here"),
        ("text/csv", b"Nothing here"),
        ("application/json", b"<p>Nothing here"),
        ("application/json", b'{"message":"Nothing here"}'),
    ],
)
def test_a_refusal_that_is_no_problem_is_told_as_one(media: str, body: bytes) -> None:
    """A proxy's page, say: the status and its words."""
    headers = {"Content-Type": media} if media else {}
    server = Server(lambda: httpx.Response(404, headers=headers, content=body))
    client = connect("https://golem.example", "a.b.c", transport=server.patience())
    with pytest.raises(Refused, match="Nothing here") as refused:
        expect(Offer, show_offer.sync(OFFER, client=client))

    assert refused.value.problem is not None and refused.value.problem.status == 404


@pytest.mark.parametrize("wrong", [httpx.UnsupportedProtocol("no scheme"), httpx.LocalProtocolError("a bad header")])
def test_what_can_never_be_sent_is_not_tried_again(wrong: httpx.TransportError) -> None:
    def refuses() -> httpx.Response:
        raise wrong

    server = Server(refuses)
    with pytest.raises(type(wrong)):
        server.client().get("/v1/offers")

    assert len(server.asked) == 1


def test_at_once_is_after_a_moment() -> None:
    """`Retry-After: 0` for half a minute is no hail of requests."""
    server = Server(answer(503, "0"))

    assert server.client(within=2).get("/v1/offers").status_code == 503
    assert len(server.asked) <= 12


def test_a_key_of_the_callers_own_is_kept() -> None:
    server = Server(answer(409, "1"), answer(200))
    server.client().post("/v1/offers", headers={"Idempotency-Key": "mine"})

    assert server.keys == {"mine"}


def test_it_knows_which_posts_take_a_key() -> None:
    """As the OpenAPI document says."""
    document = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
    declared = {
        path: any("IdempotencyKey" in parameter.get("$ref", "") for parameter in methods["post"]["parameters"])
        for path, methods in document["paths"].items()
        if "post" in methods
    }

    assert declared == {path: takes_key(path) for path in declared}


def test_an_operation_gives_what_was_asked_for_or_says_why_not() -> None:
    server = Server(lambda: httpx.Response(404, json=PROBLEM, headers={"content-type": "application/problem+json"}))
    client = connect("https://golem.example", "a.b.c", transport=server.patience())
    with pytest.raises(Refused) as refused:
        expect(Offer, accept_offer.sync(OFFER, client=client))
    with pytest.raises(Refused):
        expect(Offer, show_offer.sync(uuid4(), client=client))

    assert refused.value.problem is not None and refused.value.problem.title == "Not found"
    assert server.asked[0].headers["Authorization"] == "Bearer a.b.c"
