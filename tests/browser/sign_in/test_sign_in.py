"""Signing in at a real OpenID provider on this machine, by code and PKCE; the services take its tokens by its keys.

Its packages are put into `build/oidc-provider` by `.ci/identity-provider`.
"""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect
from pymongo import MongoClient

from deploy import ROOT, SERVICES
from deploy.embedded.ports import free_ports, is_free
from tests.browser.visitor import Visitor
from tests.support.gateway import gateway_at
from tests.support.processes import eventually

pytestmark = pytest.mark.browser
_PROVIDER = Path(__file__).with_name("provider.mjs")
_PACKAGES = ROOT / "build" / "oidc-provider"
_AUDIENCE = "https://market.example"


@dataclass
class Market:
    """A gateway whose page signs in at `issuer` and fetches the tokens from `tokens`, and listing behind it."""

    origin: str
    issuer: str
    tokens: str


@contextmanager
def running(port: int, log: Path, command: list[str], **environ: str) -> Iterator[None]:
    """A process that listens on this port of 127.0.0.1, and is ended."""
    with log.open("w") as out:
        process = subprocess.Popen(command, env=os.environ | environ, stdout=out, stderr=out)
    try:
        eventually(lambda: not is_free(port), f"{command[0]} listens")
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def market(
    mongo_server: str, mongo_client: MongoClient[Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Market]:
    folder, database = tmp_path_factory.mktemp("sign-in"), f"test_{secrets.token_hex(6)}"
    free = free_ports()
    at, of_provider, of_tokens, web, nobody = (next(free) for _ in range(5))
    origin, tokens = f"http://127.0.0.1:{at}", f"http://127.0.0.1:{of_tokens}"
    issuer = f"http://127.0.0.1:{of_provider}/realms/golem"
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", "python:shared.process.gunicorn_config"]
    listing = {
        "PSEUDONYM_KEY": "k" * 40, "BIND": f"127.0.0.1:{web}", "MONGODB_URI": mongo_server,
        "MONGODB_DATABASE": database, "TOKEN_ISSUER": issuer, "TOKEN_AUDIENCE": _AUDIENCE, "JWKS_URL": f"{issuer}/jwks",
    }  # fmt: skip
    page = {"PAGE_ISSUER": issuer, "PAGE_CLIENT_ID": "page", "PAGE_AUDIENCE": _AUDIENCE, "PAGE_CONNECT": tokens}
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        for name, value in page.items():
            patch.setenv(name, value)
        program = shutil.copy(_PROVIDER, _PACKAGES)  # a module finds its packages from where it stands
        command = [str(shutil.which("node")), str(program), issuer, tokens, origin, _AUDIENCE]
        stack.enter_context(running(of_provider, folder / "provider.log", command))
        stack.enter_context(running(web, folder / "listing.log", [*gunicorn, "services.listing.main:web()"], **listing))
        webs = dict.fromkeys(SERVICES, nobody) | {"listing": web}
        stack.enter_context(gateway_at(at, webs, folder, "127.0.0.3"))
        yield Market(origin, issuer, tokens)
    mongo_client.drop_database(database)


@pytest.fixture
def visitor(browser: Browser, market: Market) -> Iterator[Visitor]:
    """Somebody at the page. Beside its own origin it asks the provider alone, whatever its own screens do."""
    one = Visitor(browser, market.origin)
    asked: list[str] = []
    one.page.on("request", lambda request: asked.append(request.url) if one.page.url.startswith(one.origin) else None)
    yield one
    one.leave()
    known = tuple(f"{each}/" for each in (market.origin, market.issuer, market.tokens))
    assert [url for url in asked if not url.startswith(known)] == []
    assert [each for each in one.complaints if not each.startswith("asked elsewhere") and not _known(each)] == []


def _known(complaint: str) -> bool:
    """Its screens want a font that this browser does not find; and behind this gateway there is listing alone."""
    return any(said in complaint for said in ("fonts.googleapis.com", "ERR_NAME_NOT_RESOLVED", "status of 503"))


def log_in(visitor: Visitor, name: str) -> None:
    """At the provider's own screens."""
    visitor.page.get_by_placeholder("Enter any login").fill(name)
    visitor.page.get_by_placeholder("and password").fill("anything")
    visitor.press("Sign-in")
    visitor.press("Continue")


def begins(visitor: Visitor, market: Market, back: str) -> None:
    visitor.go(f"/sign-in?back={back}")
    visitor.press(f"Sign in at {urlsplit(market.issuer).netloc}")


def test_one_signs_in_at_the_provider_and_the_services_take_its_token(visitor: Visitor, market: Market) -> None:
    """And comes back to where one was. Neither code nor token stays in an address or in storage."""
    begins(visitor, market, "/roles")
    log_in(visitor, "ida")

    visitor.sees("No listing yet.")
    expect(visitor.page.get_by_role("link", name="ida")).to_be_visible()
    assert visitor.page.url == f"{market.origin}/roles"
    stored = visitor.page.evaluate("JSON.stringify([sessionStorage, localStorage, document.cookie])")
    assert "eyJ" not in stored and "verifier" not in stored
    assert [url for url in visitor.asked if url.startswith(market.origin) and "eyJ" in url] == []


def test_the_provider_says_who_is_staff(visitor: Visitor, market: Market) -> None:
    begins(visitor, market, "/staff/listings")
    log_in(visitor, "mo")

    visitor.sees("Nothing waits here.")


def test_a_token_that_ends_in_a_form_sends_one_to_the_provider_and_back_to_what_was_typed(
    visitor: Visitor, market: Market
) -> None:
    begins(visitor, market, "/roles/new")
    log_in(visitor, "brief")
    visitor.page.get_by_label("Title").fill("Nearly sent")
    ended = visitor.page.get_by_role("alertdialog", name="Your session has ended")
    expect(ended).to_be_visible()
    visitor.press("Sign in", ended)

    expect(visitor.page.get_by_label("Title")).to_have_value("Nearly sent")
    expect(visitor.page.get_by_role("link", name="brief")).to_be_visible()


def test_a_provider_that_does_not_answer_is_said_where_one_signs_in(visitor: Visitor, market: Market) -> None:
    """On the screen for it, and over a form whose session has ended; there one can ask again."""
    said = f"Signing in at {urlsplit(market.issuer).netloc} is not possible at the moment."
    visitor.page.route("**/.well-known/*", lambda route: route.abort())
    begins(visitor, market, "/roles/new")
    visitor.sees(said)
    visitor.page.unroute("**/.well-known/*")
    begins(visitor, market, "/roles/new")
    log_in(visitor, "brief")
    ended = visitor.page.get_by_role("alertdialog", name="Your session has ended")
    expect(ended).to_be_visible()
    visitor.page.route("**/.well-known/*", lambda route: route.abort())
    visitor.press("Sign in", ended)
    expect(ended.get_by_role("alert")).to_contain_text(said)
    expect(ended.get_by_role("alert")).to_be_focused()
    visitor.can_read("session-ended-unreached")
    visitor.page.unroute("**/.well-known/*")
    visitor.press("Sign in", ended)

    expect(visitor.page.get_by_role("link", name="brief")).to_be_visible()
    visitor.complaints = [each for each in visitor.complaints if "ERR_FAILED" not in each]


def test_an_answer_that_nobody_asked_for_signs_nobody_in(visitor: Visitor) -> None:
    visitor.go("/signed-in?code=stolen&state=guessed")

    visitor.sees("Signing in failed")
    assert visitor.page.url == f"{visitor.origin}/signed-in"
