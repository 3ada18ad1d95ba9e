"""Editing a listing on screen, and a session that ends in the middle of it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from deploy.embedded.stack import Stack
from tests.browser.visitor import Visitor
from tests.support.hires import Hires, listing
from tests.support.people import Person

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]


@pytest.fixture
def ines(stack: Stack) -> Iterator[Person]:
    """Ines beside the page, as somebody at another screen."""
    with Hires(stack) as hires:
        yield Person("ines", stack.token("ines"), hires.http)


@pytest.fixture
def listed(ines: Person) -> str:
    """Ines's published listing: its id."""
    made = str(ines.post("/v1/listings", listing())["id"])
    ines.post(f"/v1/listings/{made}/submit")
    ines.wait_for(f"/v1/listings/{made}", "published")
    return made


def test_only_what_was_changed_is_sent_and_onto_the_version_that_was_read(
    visitor: Visit, ines: Person, listed: str
) -> None:
    """Another screen changed it meanwhile: first the page is refused, and shows that; then both changes stand."""
    at = visitor("Ines")
    at.go(f"/roles/{listed}")
    at.page.get_by_role("link", name="Edit the listing").click()
    at.page.get_by_label("Title").fill("Staff engineer")
    at.can_read("role-edit")
    changed = ines.http.patch(f"/v1/listings/{listed}", headers=_as(ines), json={"region": "Delft"})
    assert changed.status_code == 200
    at.press("Save the changes")
    expect(at.page.get_by_role("alert")).to_be_visible()
    expect(at.page.get_by_label("City or region")).to_have_value("Delft")
    expect(at.page.get_by_label("Title")).to_have_value("Staff engineer")
    at.press("Save the changes")
    expect(at.page.get_by_role("heading", name="Staff engineer", level=1)).to_be_visible()
    at.complaints = [each for each in at.complaints if "412" not in each]

    shown = ines.get(f"/v1/listings/{listed}")
    assert (shown["title"], shown["region"]) == ("Staff engineer", "Delft")
    assert shown["help"] == [{"kind": "coaching", "price": {"amount": 50_000, "currency": "EUR"}}]


def test_a_token_that_ends_in_the_middle_of_a_form_loses_nothing_typed(
    stack: Stack, visitor: Visit, ines: Person, listed: str
) -> None:
    """The page asks to sign in again over the form. What was typed is still there, outlives a reload, and is sent."""
    at = visitor()
    at.page.route("**/dev/people.json", lambda route: route.fulfill(json=[_for_seconds(stack, 4)]))
    at.sign_in("Ines")
    at.go(f"/roles/{listed}/edit")
    at.page.get_by_label("Title").fill("Staff engineer, nearly sent")
    ended = at.page.get_by_role("alertdialog", name="Your session has ended")
    expect(ended.get_by_role("button", name="Ines")).to_be_focused()
    at.can_read("session-ended")
    at.page.unroute("**/dev/people.json")
    at.press("Ines", ended)
    expect(ended).to_be_hidden()
    expect(at.page.get_by_label("Title")).to_have_value("Staff engineer, nearly sent")
    at.page.reload()
    expect(at.page.get_by_label("Title")).to_have_value("Staff engineer, nearly sent")
    at.press("Save the changes")
    expect(at.page.get_by_role("heading", name="Staff engineer, nearly sent", level=1)).to_be_visible()

    assert ines.get(f"/v1/listings/{listed}")["title"] == "Staff engineer, nearly sent"


def _as(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


def _for_seconds(stack: Stack, seconds: int) -> dict[str, Any]:
    """Ines as the development stack offers her, with a token that ends so soon."""
    token = stack.data.keys.token("ines", (), seconds)
    return {"sub": "ines", "name": "Ines", "is": "insider", "roles": [], "token": token}
