"""A service that is away: a screen says of a part that it is not there now, shows the rest, and the part comes back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from deploy.embedded.stack import Stack
from tests.browser.visitor import Visitor
from tests.support.hires import Hires, listing
from tests.support.people import Person

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]
AWAY = {"en": "This is not available at the moment.", "fr": "Ceci n’est pas disponible pour l’instant."}
BESIDE = ("listings", "contacts", "employer-links", "offers/*/reviews", "offers/*/history", "escrows/*/history")


def _away(route: Route) -> None:
    route.fulfill(status=503, json={"status": 503, "title": "Away"})


def _forgive(at: Visitor) -> None:
    """What the browser says of answers that were made here."""
    at.complaints = [each for each in at.complaints if "status of 503" not in each]


def _goes_away(at: Visitor, *services: str) -> list[str]:
    """These paths are answered 503 from now on; the patterns that take it back."""
    patterns = [f"**/v1/{each}{end}" for each in services for end in ("", "/**", "?**")]
    for each in patterns:
        at.page.route(each, _away)
    return patterns


@pytest.fixture
def rita(hires: Hires) -> Person:
    """A new one."""
    return hires.person("Rita")


@pytest.fixture
def deal(hires: Hires, rita: Person) -> str:
    """Rita's, whose help has begun."""
    insider, listing_id = hires.published()
    made = str(rita.post_until("/v1/offers", {"listing_id": listing_id, "help": ["coaching"]})["id"])
    insider.post(f"/v1/offers/{made}/accept")
    rita.wait_for(f"/v1/escrows/{made}", "awaiting")
    rita.post(f"/v1/escrows/{made}/fund", {"source": "tok_visa", "begin": True})
    rita.wait(f"/v1/offers/{made}", lambda offer: bool(offer["begun_at"]), "begun")
    return made


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_deal_is_there_while_what_stands_beside_it_is_away(
    visitor: Visit, rita: Person, deal: str, language: str
) -> None:
    at = visitor(streams=False, sooner=True)
    at.sign_in_as(rita)
    if language == "fr":
        at.press("Français")
    patterns = _goes_away(at, *BESIDE)
    at.go(f"/deals/{deal}")
    at.sees(AWAY[language], "The deal is on." if language == "en" else "L’accord est en cours.")
    away = at.page.locator("main [data-away]")
    expect(away).to_have_count(5)
    at.can_read(f"deal-away-{language}")
    for each in patterns:
        at.page.unroute(each)
    expect(away).to_have_count(0)
    expect(at.page.get_by_role("heading", level=1)).to_have_text("Backend engineer")
    _forgive(at)


def test_a_service_that_hangs_keeps_nobody_from_the_rest(visitor: Visit, rita: Person, deal: str) -> None:
    at = visitor(streams=False)
    at.sign_in_as(rita)
    at.page.route("**/v1/contacts/**", lambda route: None)
    at.go(f"/deals/{deal}")
    at.sees("The deal is on.", AWAY["en"])
    at.page.unroute_all(behavior="ignoreErrors")


def test_what_cannot_be_loaded_again_is_said_over_what_was_loaded(visitor: Visit, rita: Person, deal: str) -> None:
    """And not any more once it could."""
    at = visitor(streams=False, sooner=True)
    at.sign_in_as(rita)
    at.go(f"/deals/{deal}")
    at.sees("The deal is on.")
    patterns = _goes_away(at, f"offers/{deal}")
    said = at.page.get_by_role("status").filter(has_text="what you see may be old.")
    expect(said).to_be_visible()
    at.sees("The deal is on.")
    at.can_read("deal-stale")
    for each in patterns:
        at.page.unroute(each)
    said.get_by_role("button", name="Try again").click()
    expect(said).to_have_count(0)
    _forgive(at)


@pytest.mark.parametrize(
    ("who", "path", "services", "still"),
    [
        ("", "/", ["listings"], "What sets this apart from a bribe"),
        ("Rita", "/me", ["me/payout"], "Your e-mail address"),
        ("Rita", "/me", ["me/contact", "me/work-mail", "me/preferences"], "Where you are paid"),
        ("Rita", "/me", ["account"], "Where you are paid"),
        ("Rita", "/listings/{}", ["insiders"], "The help that is promised"),
        ("Rita", "/listings/{}", ["rules"], "The help that is promised"),
        ("Ines", "/roles/{own}", ["rules"], "Edit the listing"),
        ("Olga", "/staff", ["reports"], "Reported listings"),
    ],
)
def test_a_screen_is_there_while_a_part_of_it_is_away(
    stack: Stack, hires: Hires, visitor: Visit, who: str, path: str, services: list[str], still: str
) -> None:
    _, made = hires.published()
    ines = Person("ines", stack.token("ines"), hires.http)
    own = str(ines.post("/v1/listings", listing())["id"]) if "{own}" in path else ""
    at = visitor(who, streams=False, sooner=True)
    patterns = _goes_away(at, *services)
    at.go(path.format(made, own=own))
    at.sees(AWAY["en"], still)
    for each in patterns:
        at.page.unroute(each)
    expect(at.page.locator("main [data-away]")).to_have_count(0)
    at.sees(still)
    _forgive(at)


def test_a_match_is_there_while_its_listing_is_away(hires: Hires, rita: Person, visitor: Visit) -> None:
    """With its reasons."""
    hires.published()
    rita.put(
        "/v1/me/profile",
        {"countries": ["NL"], "help": ["coaching"], "occupations": [{"scheme": "ISCO-08", "code": "2512"}]},
    )
    rita.wait("/v1/matches", lambda page: bool(page["items"]), "a match")
    at = visitor(streams=False, sooner=True)
    at.sign_in_as(rita)
    _goes_away(at, "listings")
    at.go("/matches")
    at.sees(AWAY["en"], "Why it fits")
    _forgive(at)
