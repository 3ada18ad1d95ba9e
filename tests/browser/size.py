"""`python -m tests.browser.size` prints what the page costs up to the first listing, on an embedded stack."""

import time
from dataclasses import dataclass

from playwright.sync_api import Browser, Request, expect

from deploy.embedded.stack import Stack
from tests.browser.visitor import chromium
from tests.support.hires import Hires


@dataclass(frozen=True)
class Cost:
    """Of the first screen, nothing of which the browser had: `bytes` with their headers, as they were sent."""

    requests: int
    bytes: int
    seconds: float


def to_the_first_listing(browser: Browser, origin: str) -> Cost:
    """There must be one."""
    page = browser.new_context().new_page()
    asked: list[Request] = []
    page.on("requestfinished", lambda request: asked.append(request))
    began = time.perf_counter()
    page.goto(origin)
    expect(page.locator("article.card").first).to_be_visible()
    seconds = time.perf_counter() - began
    page.wait_for_load_state("networkidle")
    sizes = [each.sizes() for each in asked]
    page.context.close()
    sent = sum(each["responseHeadersSize"] + each["responseBodySize"] for each in sizes)
    return Cost(len(asked), sent, seconds)


def main() -> None:
    with Stack() as stack, chromium() as browser:
        with Hires(stack) as hires:
            hires.published()
        costs = sorted((to_the_first_listing(browser, stack.gateway) for _ in range(5)), key=lambda each: each.seconds)
        least, median = costs[0], costs[2]
        print(f"{median.requests} requests, {median.bytes:,} bytes; the first listing after {median.seconds:.2f} s,")
        print(f"the middle of five visits with nothing cached; after {least.seconds:.2f} s in the quickest")


if __name__ == "__main__":
    main()
