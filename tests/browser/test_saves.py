"""What a save on the page sends: what was there, with what was changed; and what a moderator takes away."""

import secrets
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from deploy.embedded.stack import Stack
from tests.browser.visitor import Visitor
from tests.support.hires import Hires, listing
from tests.support.people import Person

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]


@pytest.fixture
def one(hires: Hires) -> Person:
    return hires.person("one")


def at_page(visitor: Visit, person: Person, path: str) -> Visitor:
    at = visitor()
    at.sign_in_as(person)
    at.go(path)
    at.is_drawn()
    return at


def test_a_preference_that_the_page_does_not_show_stays(visitor: Visit, one: Person) -> None:
    """One that may be added later: the page has never heard of it, nor of a group of mails."""
    sent = list[dict[str, object]]()

    def answer(route: Route) -> None:
        if route.request.method == "GET":
            held = route.fetch()
            later = {**held.json(), "later": "kept", "mail": {**held.json()["mail"], "letters": False}}
            route.fulfill(response=held, json=later)
        else:
            sent.append(route.request.post_data_json)
            route.fulfill(json={**sent[-1], "version": 1})

    at = visitor()
    at.sign_in_as(one)
    at.page.route("**/v1/me/preferences", answer)
    at.go("/me")
    mine = at.section("What you are told")
    mine.get_by_label("about offers").uncheck()
    at.press("Save", mine)
    expect(mine.get_by_role("button", name="Save")).to_be_enabled()

    mail = {"listings": True, "offers": False, "hires": True, "money": True, "letters": False}
    assert sent == [{"language": "en", "matches": "off", "mail": mail, "later": "kept"}]


def test_preferences_are_saved(visitor: Visit, one: Person) -> None:
    at = at_page(visitor, one, "/me")
    mine = at.section("What you are told")
    mine.get_by_label("about hires").uncheck()
    at.fill({"New matches": "one e-mail a day"}, mine)
    at.press("Save", mine)
    expect(mine.get_by_role("button", name="Save")).to_be_enabled()

    held = one.wait("/v1/me/preferences", lambda each: each["matches"] == "daily", "saved")
    assert held["mail"] == {"listings": True, "offers": True, "hires": False, "money": True}


def test_of_a_profile_what_the_page_does_not_show_stays(visitor: Visit, one: Person) -> None:
    pay = {"amount": 8_000_000, "currency": "CAD", "per": "year"}
    industries = [{"scheme": "NAICS-2022", "code": "5415"}]
    one.put("/v1/me/profile", {"industries": industries, "pay": pay, "skills": ["Python"], "countries": ["CA"]})
    at = at_page(visitor, one, "/matches")
    at.unfold("What I look for")
    at.fill({"Cities or regions": "Toronto"})
    at.press("Save the profile")

    held = one.wait("/v1/me/profile", lambda each: each["regions"] == ["Toronto"], "saved")
    assert (held["industries"], held["pay"], held["countries"]) == (industries, pay, ["CA"])


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow, dark and in French"])
def test_a_moderator_takes_the_text_of_a_review_away(visitor: Visit, stack: Stack, hires: Hires, narrow: bool) -> None:
    """There is nothing to press before there is a text, nor after."""
    words = "Retirer le texte d’un avis" if narrow else "Remove a review’s text"
    hire = hires.one()
    olga = visitor("Olga", narrow=narrow)
    olga.go(f"/deals/{hire.offer_id}")
    olga.is_drawn()
    expect(olga.page.locator("[data-step=removeReviewText]")).to_have_count(0)
    said = f"It was {secrets.token_hex(4)}."
    hire.seeker.post(f"/v1/offers/{hire.offer_id}/reviews", {"stars": 2, "text": said, "would_again": False})
    hire.insider.post(f"/v1/offers/{hire.offer_id}/reviews", {"stars": 3, "would_again": False})
    olga.go(f"/deals/{hire.offer_id}")
    olga.sees(said)
    form = olga.unfold(words)
    options = form.get_by_label("L’avis de qui ?" if narrow else "Whose review?").locator("option")
    expect(options).to_have_text(["le candidat" if narrow else "the seeker"])
    olga.can_read(f"deal-moderator-{narrow}")
    assert not olga.scrolls_sideways()
    olga.fill({"Raison" if narrow else "Reason": "It says who."}, form)
    olga.press(words, form)
    olga.sees_no(said)
    expect(olga.page.locator("[data-step=removeReviewText]")).to_have_count(0)

    review = hire.seeker.get(f"/v1/offers/{hire.offer_id}/reviews")["seeker"]
    assert (review["stars"], review["removed"]["reason"]) == (2, "It says who.")


def test_a_moderator_comes_from_what_was_said_of_an_insider_to_its_deal(visitor: Visit, hires: Hires) -> None:
    hire = hires.one()
    offer = hire.seeker.get(f"/v1/offers/{hire.offer_id}")
    olga = visitor("Olga")
    olga.page.route(
        f"**/v1/insiders/{offer['insider']}",
        lambda route: route.fulfill(json=_said(route.fetch().json(), hire.offer_id)),
    )
    olga.go(f"/insiders/{offer['insider']}")
    olga.follow("deal")
    olga.page.wait_for_url(f"**/deals/{hire.offer_id}")


def _said(record: dict[str, object], offer_id: str) -> dict[str, object]:
    """As a verified seeker's review would be shown there."""
    return {**record, "reviews": [{"on": "2027-01-04", "stars": 5, "text": "Well.", "offer_id": offer_id}]}


@pytest.mark.parametrize(("language", "spot"), [("en", "Duties (2)"), ("fr", "Tâches (2)")])
def test_it_is_said_where_in_a_listing_a_rule_found_something(
    visitor: Visit, named: Callable[[str], Person], language: str, spot: str
) -> None:
    ines = named("ines")
    made = ines.post("/v1/listings", listing(duties=["Run it", "Write to me@home.example"]))["id"]
    ines.post(f"/v1/listings/{made}/submit")
    ines.wait_for(f"/v1/listings/{made}", "in_review")
    for name, path in (("Ines", f"/roles/{made}"), ("Olga", "/staff/listings")):
        at = visitor(name, narrow=language == "fr")
        at.go(path)
        at.contains(f"{spot}:")
        assert not at.scrolls_sideways()
