"""Whoever has no token, on the whole stack: their pace goes by the address that the gateway sees."""

import http.client
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from deploy.embedded.stack import Stack

pytestmark = pytest.mark.embedded

BURST = 3
PATH = "/v1/codes?q=nurse"
SAID = ("X-Forwarded-For", "X_Forwarded_For", "Forwarded", "X-Real-IP", "True-Client-IP", "X-Client-IP")


@pytest.fixture(scope="module")
def slow() -> Iterator[Stack]:
    """Whose services give an address three requests at once, and then one a second."""
    with Stack(environment={"PUBLIC_RATE_PER_SECOND": "1", "PUBLIC_RATE_BURST": str(BURST)}) as stack:
        yield stack


def ask(
    stack: Stack, source: str, path: str = PATH, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """(status, headers with small names, body), from this address of this machine."""
    gateway = urlsplit(stack.gateway)
    connection = http.client.HTTPConnection(str(gateway.hostname), gateway.port, timeout=20, source_address=(source, 0))
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(("number", "header"), list(enumerate(SAID)))
def test_no_header_evades_and_none_blames(slow: Stack, number: int, header: str) -> None:
    """Who asks too fast is refused whatever they say; who they say to be is not, nor is a person with a token."""
    client, blamed = f"127.0.{number + 1}.1", f"127.0.{number + 1}.2"
    said = [each for turn in range(4 * BURST) for each in (blamed, f"198.51.{number}.{turn}")]
    forged = [f"for={each}" if header == "Forwarded" else each for each in said]
    begun = time.monotonic()
    answers = [ask(slow, client, **{header: each}) for each in forged]
    most = BURST + 1 + time.monotonic() - begun
    refused = [headers for status, headers, _ in answers if status == 429]
    person = ask(slow, client, Authorization=f"Bearer {slow.token('ida')}")

    assert {status for status, _, _ in answers} == {200, 429}
    assert len(answers) - len(refused) <= most
    assert {headers["retry-after"] for headers in refused} == {"1"}
    assert [ask(slow, blamed)[0] for _ in range(BURST)] == [200] * BURST
    assert person[0] == 200


def test_what_is_kept_is_asked_for_again_through_the_gateway(slow: Stack) -> None:
    status, first, body = ask(slow, "127.0.9.1")
    again = ask(slow, "127.0.9.1", **{"If-None-Match": first["etag"]})
    head = ask(slow, "127.0.9.1", method="HEAD")

    assert (status, first["cache-control"]) == (200, "public, max-age=60")
    assert (again[0], again[1]["etag"], again[2]) == (304, first["etag"], b"")
    assert (head[0], head[1]["content-length"], head[2]) == (200, str(len(body)), b"")


@pytest.mark.parametrize(
    "header", ["SCRIPT_NAME", "PATH_INFO", "X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Ssl"]
)
def test_no_header_changes_what_is_asked_for(slow: Stack, header: str) -> None:
    """What the server in front of the services would take from a proxy it trusts."""
    said = "https" if header.startswith("X-") else "/v1/offers"
    assert ask(slow, f"127.0.8.{len(header)}", **{header: said})[0] == 200


def test_nothing_else_is_open(slow: Stack) -> None:
    for path in ("/v1/offers", "/v1/me/profile", "/v1/escrows", "/v1/notifications", "/v1/listings?mine=true"):
        assert ask(slow, "127.0.9.2", path)[0] == 401
