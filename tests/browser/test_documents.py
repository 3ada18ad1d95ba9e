"""The contract's pages in a browser that reaches nothing but the gateway."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from deploy import SERVICES
from deploy.embedded.ports import free_ports
from tests.browser.visitor import Visitor
from tests.support.gateway import gateway_at

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    free = free_ports()
    port, nobody = next(free), next(free)
    with gateway_at(port, dict.fromkeys(SERVICES, nobody), tmp_path_factory.mktemp("gateway"), "127.0.0.3"):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("path", "document", "shown"),
    [
        ("/docs/", "/v1/openapi.json", ["Ask again", "x-ask-again", "What may change within version 1"]),
        ("/docs/events/", "/v1/asyncapi.json", ["At least once", "Topics", "escrow.held"]),
    ],
)
def test_a_page_shows_its_document_and_asks_nobody_else(
    browser: Browser, origin: str, path: str, document: str, shown: list[str]
) -> None:
    """Every request that the page begins goes to its origin; what the policy stops was never begun."""
    reader = Visitor(browser, origin)
    reader.go(path)
    reader.contains(*shown)
    reader.leave()

    assert {f"{origin}{document}", f"{origin}/docs/redoc-3.0.1/redoc.standalone.js"} <= set(reader.asked)
    assert [url for url in reader.asked if not url.startswith((f"{origin}/", "blob:", "data:"))] == []
