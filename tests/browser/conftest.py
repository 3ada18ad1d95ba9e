"""What a browser makes of the pages. Where there is no Chromium, `.ci/run` says that it was not run."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from deploy.embedded.stack import Stack
from tests.browser.visitor import CHROMIUM, Visitor, chromium
from tests.support.hires import Hires
from tests.support.people import Person

collect_ignore_glob = [] if CHROMIUM else ["test_*.py"]

expect.set_options(timeout=20_000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """For the tests of this folder alone: it brings an event loop, and other tests have their own."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def visitor(browser: Browser, stack: Stack) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors of the stack's page, each in a context of their own; afterwards what their pages did is judged."""
    made: list[Visitor] = []

    def visit(name: str = "", **how: bool) -> Visitor:
        made.append(Visitor(browser, stack.gateway, **how))
        if name:
            made[-1].sign_in(name)
        return made[-1]

    yield visit
    for each in made:
        each.leave()
    for each in made:
        assert each.complaints == []


@pytest.fixture
def hires(stack: Stack) -> Iterator[Hires]:
    """People beside the page, who play hires by the interface."""
    with Hires(stack) as hires:
        yield hires


@pytest.fixture
def named(stack: Stack, hires: Hires) -> Callable[[str], Person]:
    """One of those that the page offers, beside it."""
    return lambda name: Person(name, stack.token(name), hires.http)
