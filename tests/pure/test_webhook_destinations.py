"""No URL of a user reaches inside: a breach is an attempt to connect to an address that is not public."""

import http.client
import socket
import threading
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

import pytest

from services.notify.webhooks.destinations import Destinations, Refused
from services.notify.webhooks.posting import Poster, Unanswered
from tests.support.attack_forms import NAMES, PUBLIC_V4, PUBLIC_V6, URLS, Lookups, is_inside

FORMS = (*URLS, *(f"https://{name}/hook" for name in NAMES))


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The addresses that this thread tried to connect to; nothing it sends leaves this machine. What other tests left
    running in threads of their own, as a database's monitor, connects as ever.
    """
    tried: list[str] = []
    ours, really = threading.get_ident(), socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if threading.get_ident() != ours:
            return really(self, address)
        tried.append(str(address[0]))
        raise ConnectionRefusedError("nobody is there in this test")

    monkeypatch.setattr(socket.socket, "connect", connect)
    yield tried


def test_no_form_of_the_table_connects_inside(connects: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):  # names that change their answer get their chance
        poster = Poster(Destinations(resolver=Lookups()))
        for url in (*FORMS, *FORMS):
            with pytest.raises(Unanswered):
                poster.post(url, b"{}", {})

    inside = [address for address in connects if is_inside(address)]
    with capsys.disabled():
        print(f"\n{len(FORMS)} forms of attack, {len(connects)} connects, of them inside: {len(inside)}")
    assert inside == []
    assert connects, "names that first resolve outside are connected to"


def test_the_same_forms_reach_inside_without_the_guard(connects: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """So the table attacks, and the count above means something."""
    monkeypatch.setattr(socket, "getaddrinfo", Lookups())
    for url in FORMS:
        try:
            parts = urlsplit(url)
            http.client.HTTPConnection(parts.hostname or "", parts.port or 443).request("POST", "/")
        except (OSError, ValueError, http.client.HTTPException):
            continue

    assert len([address for address in connects if is_inside(address)]) > len(FORMS) // 2


@pytest.mark.parametrize("proxy", ["http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_not_used(
    connects: list[str], monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv(proxy, "http://10.0.0.1:3128")

    with pytest.raises(Unanswered):
        Poster(Destinations()).post(f"https://{PUBLIC_V4}/", b"{}", {})

    assert connects == [PUBLIC_V4]


@pytest.mark.parametrize(
    "url",
    ["https://hook.example/", "https://hook.example:8443/a/b?c=d", f"https://{PUBLIC_V4}/", f"https://[{PUBLIC_V6}]/"],
)
def test_what_is_public_is_connected_to(connects: list[str], url: str) -> None:
    def resolver(host: str, port: int, *_: Any) -> list[Any]:
        address = host if host in (PUBLIC_V4, PUBLIC_V6) else PUBLIC_V4
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port, 0, 0) if ":" in address else (address, port))]

    with pytest.raises(Unanswered) as unanswered:
        Poster(Destinations(resolver=resolver)).post(url, b"{}", {})

    assert unanswered.value.why == "no_connection"
    assert connects in ([PUBLIC_V4], [PUBLIC_V6])


def test_a_network_for_development_is_let_through_and_no_other() -> None:
    development = Destinations([ip_network("127.0.0.1/32")])

    assert development.check("http://127.0.0.1:4242/hook").port == 4242
    for url in ("http://127.0.0.2:4242/", "http://[::1]:4242/", "http://10.0.0.1/", "http://169.254.169.254/"):
        with pytest.raises(Refused):
            development.check(url)


def test_with_such_a_network_the_forms_reach_nothing_else(connects: list[str]) -> None:
    poster = Poster(Destinations([ip_network("127.0.0.1/32")], Lookups()))
    for url in FORMS:
        with pytest.raises(Unanswered):
            poster.post(url, b"{}", {})

    assert {address for address in connects if is_inside(address)} == {"127.0.0.1"}


def test_without_such_a_network_nothing_but_https_at_its_ports_is_let_through() -> None:
    for url in ("http://hook.example/", "https://hook.example:22/", "https://hook.example:80/"):
        with pytest.raises(Refused):
            Destinations().check(url)
