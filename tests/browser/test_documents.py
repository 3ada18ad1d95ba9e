"""The contract's pages in a browser that reaches nothing but the gateway."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy import SERVICES
from deploy.embedded.ports import free_ports
from tests.support.gateway import gateway_at

pytestmark = pytest.mark.browser
_CHROMIUM = (
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-dev-shm-usage", "--window-size=1400,2500", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--virtual-time-budget=60000", "--dump-dom",
)  # fmt: skip


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
    origin: str, path: str, document: str, shown: list[str], tmp_path: Path
) -> None:
    """Every request that the page begins goes to its origin; what the policy stops was never begun."""
    log = tmp_path / "net.json"
    done = subprocess.run(
        [*_CHROMIUM, f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={log}", origin + path],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    asked = _asked(json.loads(log.read_text("utf-8")), origin)

    assert [text for text in shown if text not in done.stdout] == []
    assert {f"{origin}{document}", f"{origin}/docs/redoc-3.0.1/redoc.standalone.js"} <= asked
    assert [url for url in asked if not url.startswith(f"{origin}/")] == []


def _asked(log: dict[str, Any], origin: str) -> set[str]:
    """The URLs of requests that a page of `origin` began."""
    begun = (event.get("params", {}) for event in log["events"])
    return {params["url"] for params in begun if params.get("initiator") == origin and "url" in params}
