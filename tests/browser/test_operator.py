"""The operator's look at the system, on screen: each service by itself, and nothing for who is none."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from deploy import SERVICES
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]


def test_an_operator_sees_how_each_service_is(visitor: Visit) -> None:
    """With the workers that wrote last, what waits where, and how webhooks do."""
    otto = visitor("Otto")
    otto.go("/staff")
    otto.page.get_by_role("link", name="The system").click()
    for service in SERVICES:
        card = otto.page.locator(f"[data-service={service}]")
        expect(card).to_contain_text(f"Worker {service}-1, heard from")
        for words in ("Documents in the outbox", "Events still to take", "Dead letters", "Parked", "Overdue"):
            expect(card).to_contain_text(words)
    expect(otto.page.get_by_role("heading", name="Webhooks")).to_be_visible()
    otto.can_read("staff-system")


def test_who_is_no_operator_is_not_shown_the_system(visitor: Visit) -> None:
    olga = visitor("Olga")
    olga.go("/staff")
    expect(olga.page.get_by_role("link", name="The system")).to_have_count(0)
    olga.go("/staff/system")
    olga.sees("This is not yours to see")
    olga.complaints = [each for each in olga.complaints if "403" not in each]
