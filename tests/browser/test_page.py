"""The market's page in a browser: each screen is drawn, nothing is asked of others, and its policy stops nothing."""

import json
import subprocess
from pathlib import Path

import pytest

from deploy.embedded.stack import Stack
from tests.browser.test_documents import _CHROMIUM, _asked
from tests.support.hires import Hires, listing

pytestmark = pytest.mark.browser


def drawn(url: str, origin: str, folder: Path) -> tuple[str, set[str], str]:
    """(the document as the scripts left it, what was asked for, what the browser said)"""
    log = folder / "net.json"
    command = [*_CHROMIUM, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}", "--enable-logging=stderr"]
    done = subprocess.run([*command, origin + url], capture_output=True, text=True, timeout=180, check=True)
    return done.stdout, _asked(json.loads(log.read_text("utf-8")), origin), done.stderr


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", "Inside help with a job, paid only when you are hired"),
        ("/search", "Kind of help"),
        ("/sign-in", "Continue as Sam"),
        ("/flow", "Play a hire"),
        ("/deals", "Please sign in to see this"),
        ("/no-such-page", "There is nothing at this path"),
    ],
)
def test_a_screen_is_drawn(stack: Stack, path: str, shown: str, tmp_path: Path) -> None:
    text, asked, said = drawn(path, stack.gateway, tmp_path)

    assert shown in text
    assert [url for url in asked if not url.startswith(f"{stack.gateway}/")] == []
    assert [line for line in said.splitlines() if "Content Security Policy" in line or "Uncaught" in line] == []


def test_a_listing_is_drawn_over_its_own_page(stack: Stack, tmp_path: Path) -> None:
    """With what the API says of it; markup in what somebody wrote is text."""
    title = "Lead <script>alert(1)</script>"
    with Hires(stack) as hires:
        insider = hires.person("insider")
        made = insider.post("/v1/listings", {**listing(50_000), "title": title})["id"]
        insider.post(f"/v1/listings/{made}/submit")
        insider.wait_for(f"/v1/listings/{made}", "published")
    text, asked, said = drawn(f"/listings/{made}", stack.gateway, tmp_path)

    assert "Lead &lt;script&gt;alert(1)&lt;/script&gt;" in text and "Sign in to make an offer" in text
    assert f"{stack.gateway}/v1/listings/{made}" in asked
    assert [line for line in said.splitlines() if "Content Security Policy" in line or "Uncaught" in line] == []
