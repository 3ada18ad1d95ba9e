"""The market's page in a browser: each screen is drawn and can be read, also narrow, dark and in French."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser

from deploy.embedded.stack import Stack
from tests.browser.size import to_the_first_listing
from tests.browser.visitor import Visitor
from tests.support.hires import Hires, listing

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]


def test_each_screen_is_drawn(visitor: Visit) -> None:
    someone = visitor()
    screens = {
        "/": "Inside help with a job, paid only when you are hired",
        "/search": "Kind of help",
        "/sign-in": "Continue as Sam",
        "/flow": "Play a hire",
        "/deals": "Please sign in to see this",
        "/no-such-page": "There is nothing here",
    }

    for path, shown in screens.items():
        someone.go(path)
        someone.sees(shown)


def test_narrow_and_dark_and_in_french(visitor: Visit) -> None:
    sam = visitor("Sam", narrow=True)

    for path in ("/", "/search", "/flow", "/deals", "/matches", "/me", "/roles/new", "/notifications"):
        sam.go(path)
        sam.is_drawn()
        assert not sam.scrolls_sideways(), path
        sam.can_read(f"narrow{path.replace('/', '-')}")


def test_a_listing_is_drawn_over_its_own_page(stack: Stack, visitor: Visit) -> None:
    """With what the API says of it; markup in what somebody wrote is text."""
    title = "Lead <script>alert(1)</script>"
    with Hires(stack) as hires:
        insider = hires.person("insider")
        made = insider.post("/v1/listings", {**listing(50_000), "title": title})["id"]
        insider.post(f"/v1/listings/{made}/submit")
        insider.wait_for(f"/v1/listings/{made}", "published")
    someone = visitor()

    someone.go(f"/listings/{made}")
    someone.sees(title, "Sign in to make an offer")

    assert f"{stack.gateway}/v1/listings/{made}" in someone.asked


def test_the_first_listing_costs_little(browser: Browser, stack: Stack) -> None:
    """`python -m tests.browser.size` says how much, and how long it takes."""
    with Hires(stack) as hires:
        hires.published()

    cost = to_the_first_listing(browser, stack.gateway)

    assert cost.requests <= 30
    assert cost.bytes <= 100_000
