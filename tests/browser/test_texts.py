"""What others wrote is text wherever it is shown: it runs nothing, asks nobody, and pushes nothing out of its place."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from deploy.embedded.stack import Stack
from tests.browser.visitor import Visitor
from tests.support.hires import Hires, listing
from tests.support.people import Person

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]
TITLE = 'שלום "><script>window.hit = 1</script>'
DUTY = "</li><svg onload='window.hit = 1'>${window.hit}" + "W" * 240
MESSAGE = "</textarea><iframe srcdoc='<script>parent.hit = 1</script>'>" + "mmmmmmmmmm" * 90
OVERRIDE = "Engineer \u202egpj.exe"
FOREIGN = "document.querySelectorAll('main :is(script, iframe, object, embed, img, svg[onload], [onerror])').length"


@dataclass
class Written:
    listing: str
    offer: str


@pytest.fixture(scope="module")
def written(stack: Stack) -> Iterator[Written]:
    """A listing of Ines's, an offer of Sam's for it with messages of both, and a report of Rita's."""
    with Hires(stack) as hires:
        ines, sam, rita = (Person(name, stack.token(name), hires.http) for name in ("ines", "sam", "rita"))
        made = str(ines.post("/v1/listings", {**listing(), "title": TITLE, "duties": [DUTY]})["id"])
        ines.post(f"/v1/listings/{made}/submit")
        ines.wait_for(f"/v1/listings/{made}", "published")
        ask = {"listing_id": made, "help": ["coaching"], "mode": "hold", "message": MESSAGE}
        offer = str(sam.post_until("/v1/offers", ask)["id"])
        price = {"amount": 60_000, "currency": "EUR"}
        ines.post(f"/v1/offers/{offer}/counter", {"price": price, "message": MESSAGE})
        rita.post(f"/v1/listings/{made}/reports", {"reason": "other", "text": MESSAGE})
        yield Written(made, offer)


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
@pytest.mark.parametrize("who", ["", "Sam", "Ines", "Olga"])
def test_markup_in_what_others_wrote_is_text(visitor: Visit, written: Written, who: str, narrow: bool) -> None:
    screens = {
        "": {"/": TITLE, "/search": TITLE, f"/listings/{written.listing}": DUTY},
        "Sam": {f"/deals/{written.offer}": MESSAGE, f"/listings/{written.listing}": TITLE},
        "Ines": {
            f"/deals/{written.offer}": MESSAGE,
            f"/roles/{written.listing}": TITLE,
            f"/roles/{written.listing}/edit": TITLE,
        },
        "Olga": {"/staff/reports": MESSAGE},
    }  # fmt: skip
    one = visitor(who, narrow=narrow)
    for path, text in screens[who].items():
        one.go(path)
        one.is_drawn()
        expect(one.page.get_by_text(text).first).to_be_visible()
        assert one.page.evaluate("window.hit") is None, path
        assert one.page.evaluate(FOREIGN) == 0, path
        assert not one.scrolls_sideways(), path


@pytest.mark.parametrize("text", ["é" * 10_000, OVERRIDE], ids=["10,000 characters", "an override"])
def test_what_may_not_be_written_is_refused_beneath_its_field_and_stays_there(
    visitor: Visit, written: Written, text: str
) -> None:
    ines = visitor("Ines")
    ines.go(f"/roles/{written.listing}/edit")
    duties = ines.page.get_by_label("What one does there")
    duties.fill("")
    duties.focus()
    ines.page.keyboard.insert_text(text)
    ines.press("Save the changes")

    expect(duties.locator("xpath=..").locator(".wrong")).to_be_visible()
    expect(duties).to_have_value(text)
    assert not ines.scrolls_sideways()
    ines.complaints = [each for each in ines.complaints if "status of 422" not in each]


def test_a_field_with_a_limit_takes_no_more_than_that(visitor: Visit, written: Written) -> None:
    nina = visitor("Nina")
    nina.go(f"/listings/{written.listing}")
    message = nina.page.get_by_label("A message to the insider")
    message.focus()
    nina.page.keyboard.insert_text("é" * 10_000)

    expect(message).to_have_value("é" * 1_000)
