"""An old tab: what somebody presses counts for what they saw, whatever was changed meanwhile."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Request, Route, expect

from deploy.embedded.stack import Stack
from tests.browser.visitor import Visitor
from tests.support.hires import Hires, listing
from tests.support.people import Json, Person

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]
Named = Callable[[str], Person]
CHANGED = {
    "en": "It was changed meanwhile, and nothing was done.",
    "fr": "Cela a changé entre-temps, et rien n’a été fait.",
}
STALE = {"type": "https://goodgolem.example/problems/stale", "title": "Stale", "status": 412, "detail": "Read it."}


def _euros(amount: int) -> Json:
    return {"price": {"amount": amount, "currency": "EUR"}}


def _asked(hires: Hires) -> tuple[Person, Person, str]:
    """A new Rita's offer to an insider, who proposes EUR 450: the two, and the offer's path."""
    insider, listing_id = hires.published()
    rita = hires.person("Rita")
    offer = rita.post_until("/v1/offers", {"listing_id": listing_id, "help": ["coaching"]})
    path = f"/v1/offers/{offer['id']}"
    insider.post(f"{path}/counter", _euros(45_000))
    return insider, rita, path


def _deal(path: str) -> str:
    return path.replace("/v1/offers/", "/deals/")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_nobody_agrees_to_a_price_that_they_did_not_see(
    stack: Stack, hires: Hires, visitor: Visit, language: str
) -> None:
    """The other proposed another one meanwhile: that is said, and its price stands there to be agreed to."""
    insider, rita, path = _asked(hires)
    old, new, accept = ("€450.00", "€480.00", "Accept") if language == "en" else ("450,00 €", "480,00 €", "Accepter")
    at = visitor(streams=False)
    at.sign_in_as(rita)
    if language == "fr":
        at.press("Français")
    at.go(_deal(path))
    at.contains(old.replace(" ", "\u00a0"))
    rita.post(f"{path}/counter", _euros(40_000))
    insider.post(f"{path}/counter", _euros(48_000))
    at.press(accept)
    at.sees(CHANGED[language])
    expect(at.page.get_by_role("alert")).to_be_focused()
    at.contains(new.replace(" ", "\u00a0"))
    at.can_read(f"deal-changed-{language}")
    before = rita.get(path)
    at.press(accept)
    agreed = rita.wait_for(path, "accepted")

    assert (before["status"], before["price"]["amount"]) == ("countered", 48_000)
    assert agreed["price"]["amount"] == 48_000


def test_a_price_that_was_typed_onto_another_is_not_sent(stack: Stack, hires: Hires, visitor: Visit) -> None:
    """It stays in its form, for who has looked again."""
    insider, rita, path = _asked(hires)
    at = visitor(streams=False)
    at.sign_in_as(rita)
    at.go(_deal(path))
    at.fill({"Price": "410"}, at.unfold("Propose another price"))
    rita.post(f"{path}/counter", _euros(40_000))
    insider.post(f"{path}/counter", _euros(48_000))
    at.press("Propose another price", at.unfold("Propose another price"))
    at.sees(CHANGED["en"], "€480.00")

    expect(at.page.get_by_label("Price")).to_have_value("410")
    assert rita.get(path)["price"]["amount"] == 48_000


def test_what_changes_unseen_does_not_keep_one_from_a_step(stack: Stack, hires: Hires, visitor: Visit) -> None:
    """A check in the background moves the version: the page looks, sees no difference, and sends it once more."""
    _, rita, path = _asked(hires)
    sent: list[Request] = []
    at = visitor(streams=False)
    at.sign_in_as(rita)
    at.page.on("request", lambda each: sent.append(each) if each.url.endswith("/accept") else None)
    at.page.route("**/accept", lambda route: route.fulfill(status=412, json=STALE), times=1)
    at.go(_deal(path))
    at.press("Accept")
    at.sees("The offer was accepted.")

    assert len(sent) == 2 and sent[0].headers["if-match"].startswith('"')
    assert rita.get(path)["status"] == "accepted"


def test_money_is_paid_into_the_escrow_that_was_shown(hires: Hires, stack: Stack, visitor: Visit) -> None:
    """Steps with the money go onto the escrow's version, not the offer's."""
    insider, rita, path = _asked(hires)
    rita.post(f"{path}/accept")
    escrow = path.replace("offers", "escrows")
    shown = rita.wait_for(escrow, "awaiting")
    at = visitor(streams=False)
    at.sign_in_as(rita)
    at.go(_deal(path))
    with at.page.expect_request("**/fund") as asked:
        at.do("Pay into escrow", {"Pay with": "a card that works"})

    assert asked.value.headers["if-match"] == f'"{shown["version"]}"'
    rita.wait_for(escrow, "held")


def test_a_moderator_publishes_what_they_read(hires: Hires, named: Named, visitor: Visit) -> None:
    """And who submits a draft, submits what they see."""
    omar = named("omar")
    made = str(omar.post("/v1/listings", listing(title="Read before"))["id"])
    at = visitor("Omar", streams=False)
    at.go(f"/roles/{made}")
    at.sees("Read before")
    changed = hires.http.patch(
        f"/v1/listings/{made}", headers={"Authorization": f"Bearer {omar.token}"}, json={"title": "Written since"}
    )
    assert changed.status_code == 200
    at.press("Submit for publication")
    at.sees(CHANGED["en"], "Written since")

    assert omar.get(f"/v1/listings/{made}")["status"] == "draft"


def test_each_decision_of_staff_names_the_version_that_was_shown(stack: Stack, hires: Hires, visitor: Visit) -> None:
    insider, made = hires.published()
    hires.person("nina").post(f"/v1/listings/{made}/reports", {"reason": "fraud", "text": f"No such role: {made}"})
    at = visitor("Olga", streams=False)
    at.go("/staff/reports")
    at.sees(made)
    hires.person("nora").post(f"/v1/listings/{made}/reports", {"reason": "fraud", "text": f"It is there: {made}"})
    report = at.entry(f"No such role: {made}")
    at.fill({"Decision": "remove"}, report)
    at.press("Decide", report)
    at.sees(CHANGED["en"], f"It is there: {made}")

    assert insider.get(f"/v1/listings/{made}")["status"] == "published"


def _paid_to(rita: Person, account: str, visitor: Visit) -> Visitor:
    """What Rita sees who is paid there."""
    rita.put("/v1/me/payout", {"account": account})
    at = visitor(streams=False)
    at.sign_in_as(rita)
    at.go("/me")
    at.sees(account)
    return at


def test_an_account_to_be_paid_to_is_not_put_over_another_unseen(hires: Hires, visitor: Visit) -> None:
    rita = hires.person("Rita")
    at = _paid_to(rita, "acct_rita", visitor)
    rita.put("/v1/me/payout", {"account": "acct_rita_2"})
    at.fill({"Account at the payment provider": "acct_rita_3"})
    at.press("Save", at.section("Where you are paid"))
    at.sees(CHANGED["en"])

    assert rita.get("/v1/me/payout")["account"] == "acct_rita_2"


def _loses_an_answer(at: Visitor, path: str) -> list[Request]:
    """The answer to the first write there is lost; gives the requests."""
    lost = list[Request]()

    def loses(route: Route) -> None:
        if route.request.method in ("PUT", "DELETE") and not lost:
            lost.append(route.request)
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    at.page.route(f"**{path}", loses)
    return lost


def _forgive(at: Visitor) -> None:
    at.complaints = [each for each in at.complaints if "CONNECTION_RESET" not in each and "status of 4" not in each]


def test_what_was_done_though_its_answer_was_lost_is_done(hires: Hires, visitor: Visit) -> None:
    """The page sends it again, which is refused, for it has been done: what is there now is what was to be."""
    at = _paid_to(hires.person("Rita"), "acct_before", visitor)

    lost = _loses_an_answer(at, "/v1/me/payout")
    section = at.section("Where you are paid")
    at.fill({"Account at the payment provider": "acct_after"})
    at.press("Save", section)
    expect(section.get_by_text("acct_after")).to_be_visible()

    expect(at.page.get_by_role("alert")).to_have_count(0)
    assert len(lost) == 1
    _forgive(at)


def test_so_it_is_though_the_answer_names_the_members_in_another_order(hires: Hires, visitor: Visit) -> None:
    rita = hires.person("Rita")
    occupations = [{"scheme": "ISCO-08", "code": "2512"}]
    rita.put("/v1/me/profile", {"countries": ["NL"], "help": ["coaching"], "occupations": occupations})
    at = visitor(streams=False)
    at.sign_in_as(rita)
    at.go("/matches")
    at.page.get_by_text("What I look for").click()
    at.sees("ISCO-08 2512")

    lost = _loses_an_answer(at, "/v1/me/profile")
    with at.page.expect_response(lambda answer: answer.url.endswith("/v1/me/profile") and answer.status == 412):
        at.press("Save the profile")
    at.page.wait_for_load_state("networkidle")

    expect(at.page.get_by_role("alert")).to_have_count(0)
    assert len(lost) == 1
    _forgive(at)
