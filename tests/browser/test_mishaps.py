"""What goes wrong for somebody at the page, and what they then see: a line that is cut, another tab, another person."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor
from tests.support.hires import Hires, listing
from tests.support.people import Person

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]
Named = Callable[[str], Person]


def _published(insider: Person, **more: object) -> str:
    made = str(insider.post("/v1/listings", {**listing(), **more})["id"])
    insider.post(f"/v1/listings/{made}/submit")
    insider.wait_for(f"/v1/listings/{made}", "published")
    return made


def _asked(seeker: Person, listing_id: str) -> str:
    return str(seeker.post_until("/v1/offers", {"listing_id": listing_id, "help": ["coaching"]})["id"])


def test_who_signs_out_leaves_nothing_on_the_screen(hires: Hires, named: Named, visitor: Visit) -> None:
    """Neither for the next person at the same tab, who may sign in as themselves there."""
    title = "A role that Rita asked about"
    deal = _asked(named("rita"), _published(hires.person("insider"), title=title))
    at = visitor("Rita")
    at.go(f"/deals/{deal}")
    at.sees(title)
    at.unfold("Name the application").get_by_label("Number of your application").fill("A-17")
    at.press("Sign out")

    at.sees("Please sign in to see this")
    at.sees_no(title)
    at.page.get_by_role("main").get_by_role("link", name="Sign in").click()
    at.press("Continue as Nina")
    at.sees("There is nothing here")
    at.sees_no(title)


def test_how_many_news_are_unread_is_known_after_a_reload(hires: Hires, named: Named, visitor: Visit) -> None:
    omar = named("omar")
    _asked(hires.person("seeker"), _published(omar))
    at = visitor("Omar")
    unread = at.page.get_by_role("link", name=re.compile(r"^News \d+ unread$"))
    expect(unread).to_be_visible()
    at.page.reload()

    expect(unread).to_be_visible()


def test_a_screen_that_could_not_be_fetched_comes_once_the_line_is_back(visitor: Visit) -> None:
    at = visitor()
    at.go("/")
    at.sees("New on the market")
    at.page.context.set_offline(True)
    at.follow("Sign in")
    at.sees("That did not work", "You are offline.")
    at.page.context.set_offline(False)

    at.sees("Continue as Sam")
    at.complaints = [each for each in at.complaints if "ERR_INTERNET_DISCONNECTED" not in each]


def test_more_of_a_list_that_does_not_come_is_said_and_can_be_asked_again(hires: Hires, visitor: Visit) -> None:
    word = "Glassblower"
    insiders = hires.person("insider"), hires.person("insider")
    for number in range(22):
        _published(insiders[number % 2], title=f"{word} {number}")
    at = visitor()
    at.go(f"/search?q={word}")
    at.sees("The first 20 listings")
    at.page.route("**/v1/listings?*cursor=*", lambda route: route.abort())
    at.press("Show more")
    at.sees("The market does not answer at the moment.")
    at.page.unroute("**/v1/listings?*cursor=*")
    at.press("Show more")

    at.sees("22 listings")
    at.sees_no("The market does not answer at the moment.")
    at.complaints = [each for each in at.complaints if "ERR_FAILED" not in each]


def test_a_step_that_is_no_longer_possible_shows_what_is(hires: Hires, named: Named, visitor: Visit) -> None:
    """The offer was withdrawn while a tab without a stream still showed it. The refusal is said once."""
    omar, seeker = named("omar"), hires.person("seeker")
    deal = _asked(seeker, _published(omar))
    at = visitor("Omar", streams=False)
    at.go(f"/deals/{deal}")
    at.sees("An offer was made and waits for an answer.")
    seeker.post(f"/v1/offers/{deal}/withdraw")
    at.press("Accept")

    at.sees("The proposal was withdrawn.")
    expect(at.page.get_by_role("alert")).to_be_focused()
    expect(at.page.get_by_text("It was changed meanwhile")).to_have_count(1)
    expect(at.page.get_by_role("button", name="Accept", exact=True)).to_have_count(0)


def test_who_may_not_leave_yet_reads_why_in_the_dialog(hires: Hires, named: Named, visitor: Visit) -> None:
    rita, insider = named("rita"), hires.person("insider")
    deal = _asked(rita, _published(insider))
    insider.post(f"/v1/offers/{deal}/accept")
    rita.wait_for(f"/v1/escrows/{deal}", "awaiting")
    rita.post(f"/v1/escrows/{deal}/fund", {"source": "tok_visa"})
    rita.wait_for(f"/v1/escrows/{deal}", "held")
    at = visitor("Rita")
    at.go("/me")
    at.press("Leave and be forgotten")
    dialog = at.page.get_by_role("dialog")
    at.press("Leave and be forgotten", dialog)

    expect(dialog.get_by_role("alert")).to_be_focused()
    expect(dialog).to_contain_text("Money of your agreements is still open.")


@pytest.mark.parametrize("path", ["/roles/{}", "/roles/{}/edit"])
@pytest.mark.parametrize("who", ["", "Sam", "Olga"])
def test_the_listing_of_somebody_else_is_shown_as_everybody_sees_it(
    hires: Hires, visitor: Visit, path: str, who: str
) -> None:
    """News of a match lead there too: who follows them makes an offer, and cannot withdraw it."""
    made = _published(hires.person("insider"))
    at = visitor(who)
    at.go(path.format(made))

    expect(at.page).to_have_url(f"{at.origin}/listings/{made}")
    at.sees("Ask for this help")
    assert at.page.get_by_role("button", name="Withdraw").count() == 0


def test_nobody_fills_in_a_role_that_they_cannot_save(visitor: Visit) -> None:
    at = visitor()
    at.go("/roles/new")
    at.sees("Please sign in to see this")
    at.page.get_by_role("main").get_by_role("link", name="Sign in").click()
    at.press("Continue as Ines")

    expect(at.page.get_by_role("heading", name="List a role")).to_be_visible()


def test_who_signs_in_goes_on_where_they_were(visitor: Visit) -> None:
    at = visitor()
    at.go("/search?q=Lead%20%26%20more&country=CA")
    at.follow("Sign in")
    at.press("Continue as Sam")

    at.sees("Find help")
    expect(at.page).to_have_url(f"{at.origin}/search?q=Lead%20%26%20more&country=CA")


def test_a_question_that_is_refused_stays_to_be_asked_another_way(visitor: Visit) -> None:
    at = visitor()
    at.go('/search?q="')
    at.sees("Expected")
    expect(at.page.get_by_label("Role or duties")).to_have_value('"')
    at.fill({"Role or duties": "", "Country code": "ca"})
    at.press("Search")

    at.sees("listing")
    expect(at.page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize(
    ("narrow", "typed", "minor"),
    [
        (False, "95,000", 9_500_000),
        (False, "1,234.50", 123_450),
        (False, "12,34", 1_234),
        (False, "0,500", None),
        (False, "95,00,000", None),
        (True, "95 000", 9_500_000),
        (True, "1 234,50", 123_450),
        (True, "95,000", None),
    ],
)
def test_amounts_are_read_as_they_are_written_there(
    visitor: Visit, narrow: bool, typed: str, minor: int | None
) -> None:
    """Where a comma parts whole from cents, three digits after it are no thousands."""
    at = visitor(narrow=narrow)
    at.go("/")
    at.is_drawn()

    read = "typed => import('/site/app/format.js').then(({minor}) => minor(typed, 'CAD'))"
    assert at.page.evaluate(read, typed) == minor


def test_news_of_matches_lead_to_them(visitor: Visit) -> None:
    at = visitor("Nina")
    told = {
        "id": "1", "kind": "matches.found", "subject": "New matches for your profile", "text": "One.\n\nGood Golem",
        "offer_id": None, "listing_id": None, "created_at": "2026-11-28T12:00:00.000Z",
    }  # fmt: skip
    at.page.route("**/v1/notifications?*", lambda route: route.fulfill(json={"items": [told], "next": None}))
    at.go("/notifications")
    at.follow("New matches for your profile")

    expect(at.page).to_have_url(f"{at.origin}/matches")


def test_paid_help_that_the_employer_must_consent_to_names_its_domain(visitor: Visit) -> None:
    """Otherwise the listing waits for ever, and nothing of it can be kept."""
    at = visitor("Ines")
    at.go("/roles/new")
    good_word = at.page.locator("div.step", has=at.page.get_by_label("A good word", exact=True))
    at.sees("At most $1,500.00 for all help together, and 2% of what the role pays in a year.")
    at.sees("The employer itself must consent first.")
    at.fill({"Occupation": "Software Developers", "Industry": "Computer Systems Design and Related Services"})
    at.sees("Chosen: 2512", "Chosen: 5415")
    at.fill(
        {
            "Title": "Backend engineer",
            "What one does there": "Run the payment services",
            "The role pays at least": "95,000",
            "The role pays at most": "120,000",
            "I leave on": str(datetime.now(UTC).date() + timedelta(days=45)),
            "Name": "Acme Inc.",
        }
    )
    at.fill({"A good word": True, "Price": "300"}, good_word)
    at.press("Save as a draft")
    at.sees("so name its domain: that is where it is asked.")
    at.fill({"The employer’s domain": "acme.example"})
    at.press("Save as a draft")

    at.sees("Submit for publication", "$95,000.00 to $120,000.00 a year")
