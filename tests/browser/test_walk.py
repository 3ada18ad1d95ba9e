"""A hire in Toronto on screen alone, from the role that an insider lists to the payout: nothing here asks the API."""

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from deploy.demo.mails import Mails
from deploy.embedded.stack import Stack
from shared.links import EMPLOYER_CONFIRMATIONS, EMPLOYER_CONSENTS
from tests.browser.visitor import Visitor
from tests.support.hires import Hires, listing
from tests.support.people import Person

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]
TODAY = datetime.now(UTC).date()


@pytest.fixture
def mails(stack: Stack) -> Mails:
    """The mailbox that a person would look into."""
    return Mails(stack.mail)


def lists_a_role(insider: Visitor, title: str, help_: dict[str, str], **more: str) -> None:
    insider.follow("My listings")
    insider.follow("List a role")
    insider.fill(
        {
            "Title": title,
            "Province or state": "CA-ON",
            "City or region": "Toronto",
            "Occupation": "Software Developers",
            "Industry": "Computer Systems Design and Related Services",
            "What one does there": "Run the payment services",
            "Currency": "CAD",
            "The role pays at least": "95000",
            "The role pays at most": "120000",
            "I leave on": str(TODAY + timedelta(days=45)),
            "How many seekers you help": "3",
            "Name": "Acme Inc.",
            **more,
        }
    )
    for kind, price in help_.items():
        group = insider.page.locator("div.step", has=insider.page.get_by_label(kind, exact=True))
        insider.fill({kind: True, "Price": price}, group)
        insider.sees("May be charged for here.")
    if "Coaching" in help_:
        insider.fill({"I sell no confidential matter of the employer": True})
    insider.can_read("role-new")
    insider.press("Save as a draft")
    insider.press("Submit for publication")


def registered(visitor: Visit, domain: str) -> Visitor:
    """An employer whom staff has registered, with the mailbox "people"."""
    otto = visitor("Otto")
    otto.follow("Staff")
    otto.can_read("staff")
    otto.follow("Register of employers")
    otto.do("Register an employer", {"Name": "Acme Inc.", "The employer’s domain": domain, "Mailboxes": "people"})
    otto.sees(domain)
    otto.can_read("staff-employers")
    return visitor()


def finds(person: Visitor, title: str) -> None:
    person.follow("Find help")
    person.fill({"Role or duties": title, "City or region": "Toronto"})
    person.press("Search")
    person.sees("1 listing")
    person.can_read("search")
    person.follow(title)


def finds_nothing(person: Visitor, title: str) -> None:
    """From the search's own screen."""
    person.fill({"Role or duties": title})
    person.press("Search")
    person.sees("Nothing fits yet.")


def asks_for(seeker: Visitor, title: str, kind: str) -> None:
    """At the insider's price."""
    finds(seeker, title)
    seeker.fill({kind: True, "No": True})
    seeker.press("Make this offer")
    seeker.sees("An offer was made and waits for an answer.")


def gives_an_address(person: Visitor, mails: Mails) -> None:
    """Their own, proved by the code that is mailed there."""
    address = f"sam-{secrets.token_hex(4)}@home.example"
    person.follow("Sam")
    mine = person.section("Your e-mail address")
    person.fill({"E-mail address": address}, mine)
    person.press("Save", mine)
    person.fill({"The code that was mailed": mails.code(address)}, mine)
    person.press("Verify", mine)
    person.sees("(verified)")


def test_a_hire_in_toronto_pays_out(visitor: Visit, mails: Mails, tmp_path: Path) -> None:
    title, domain = f"Backend engineer {secrets.token_hex(3)}", f"{secrets.token_hex(4)}.example"
    employer = registered(visitor, domain)
    ines, sam = visitor("Ines"), visitor()
    lists_a_role(ines, title, {"A good word": "300", "A reference": "200"}, **{"The employer’s domain": domain})
    ines.sees("in review", "The employer’s consent")
    ines.fill({"Mailbox": "people"})
    ines.press("Ask for consent by e-mail")
    ines.sees("asked")
    ines.can_read("role")

    employer.go(mails.link(f"people@{domain}", EMPLOYER_CONSENTS))
    employer.sees("Do you consent to this paid help?", title, "CAD 300.00")
    employer.can_read("employer-consent")
    employer.press("We consent")
    employer.sees("You have consented to this help.")
    ines.sees("published", "The employer has consented.")

    ines.follow("Ines")
    ines.fill({"Account at the payment provider": "acct_ines"})
    ines.press("Save", ines.section("Where you are paid"))
    ines.sees("acct_ines")
    ines.can_read("me")

    sam.go("/")
    sam.can_read("first")
    finds(sam, title)
    sam.sees("named once the help begins", "Toronto, Ontario, Canada")
    sam.sees_no("Acme")
    sam.can_read("listing-stranger")
    sam.follow("Sign in to make an offer")
    sam.can_read("sign-in")
    sam.press("Continue as Sam")
    gives_an_address(sam, mails)
    sam.page.go_back()
    sam.fill(
        {
            "A good word": True,
            "A reference": True,
            "Your offer": "400",
            "A message": "I would love that job.",
            "No": True,
        }
    )
    sam.can_read("listing")
    sam.press("Make this offer")
    sam.sees("An offer was made and waits for an answer.", "I would love that job.")

    ines.follow(re.compile(r"^News \d+ unread$"))
    ines.sees("A seeker made you an offer")
    ines.can_read("notifications")
    ines.follow("My deals")
    ines.can_read("deals")
    ines.follow(title)
    ines.do("Propose another price", {"Price": "450", "A message": "Make it 450."})
    ines.sees("Another price was proposed and waits for an answer.")
    sam.sees("Another price was proposed and waits for an answer.", "Make it 450.", "$450.00", "$22.50", "$427.50")
    sam.can_read("deal-countered")
    sam.press("Accept")

    sam.do("Pay into escrow", {"Pay with": "a card that is declined"})
    sam.sees("The last payment was declined")
    sam.can_read("deal-declined")
    sam.do("Pay into escrow", {"Pay with": "a card that works", "Begin the help at once": True})
    sam.sees("The deal is on.", "Held in escrow", "How to reach each other")
    sam.sees("Acme Inc.")
    ines.sees("The deal is on.", "sam-")
    ines.can_read("deal-active")

    letter = tmp_path / "letter.pdf"
    letter.write_bytes(b"an offer letter")
    form = ines.unfold("Say that the seeker was hired")
    form.get_by_label("Evidence").set_input_files(letter)
    ines.fill({"First day of work": str(TODAY)}, form)
    ines.press("Say that the seeker was hired", form)
    ines.sees("The insider says that the seeker was hired.")
    form = {"The employer’s e-mail address": f"people@{domain}", "What the employer knows you by": "application 17"}
    sam.do("Ask the employer to confirm the hire", form)
    sam.sees("The last e-mail to the employer: sent")
    sam.can_read("deal-claimed")

    employer.go(mails.link(f"people@{domain}", EMPLOYER_CONFIRMATIONS))
    employer.fill({"First day of work": str(TODAY)})
    employer.can_read("employer-confirms")
    employer.press("Yes, this person was hired")
    employer.sees("The hire is confirmed")

    for each in (ines, sam):
        each.sees("The deal is completed.", "All of it was paid out.", "Paid to the insider", "$427.50", "$22.50")
    sam.do("Review the other party", {"Stars": "5", "In your words": "She kept her word."})
    ines.do("Review the other party", {"Stars": "4", "In your words": "He was on time."})
    for each in (ines, sam):
        each.sees("She kept her word.", "He was on time.")
    sam.can_read("deal-completed")


def test_a_refused_consent_sells_nothing(visitor: Visit, mails: Mails) -> None:
    title, domain = f"Data engineer {secrets.token_hex(3)}", f"{secrets.token_hex(4)}.example"
    employer = registered(visitor, domain)
    omar = visitor("Omar")
    lists_a_role(omar, title, {"A reference": "200"}, **{"The employer’s domain": domain})
    omar.fill({"Mailbox": "people"})
    omar.press("Ask for consent by e-mail")

    employer.go(mails.link(f"people@{domain}", EMPLOYER_CONSENTS))
    employer.press("We do not consent")
    employer.sees("You have not consented: this help is not offered for money.")

    omar.sees("draft", "The employer has not consented")
    omar.sees_no("waits for a moderator")
    omar.can_read("role-refused")
    omar.follow("Find help")
    finds_nothing(omar, title)


def test_a_dispute_is_decided_by_its_arbiter_while_the_stream_is_cut_off(visitor: Visit) -> None:
    """The pages of the two ask again by themselves, every ten seconds."""
    title = f"Site engineer {secrets.token_hex(3)}"
    omar, rita, aki = visitor("Omar", streams=False), visitor("Rita", streams=False), visitor("Aki")
    lists_a_role(omar, title, {"Coaching": "500"})
    omar.sees("published")
    asks_for(rita, title, "Coaching")
    omar.follow("My deals")
    omar.follow(title)
    omar.press("Accept")
    rita.fill({"Number of your application at the employer": "A-17"}, rita.unfold("Name the application"))
    rita.do("Pay into escrow", {"Pay with": "a card that works"})
    rita.sees("The money is held.")
    expect(rita.page.get_by_label("Number of your application at the employer")).to_have_value("A-17")

    rita.do("Dispute", {"Reason": "Nobody answers me."})
    rita.sees("It is disputed; all deadlines wait.")
    omar.sees("Disputed:", "Nobody answers me.")
    aki.follow("Staff")
    aki.follow("Disputes")
    aki.can_read("staff-disputes")
    aki.entry("Nobody answers me.").get_by_role("link").click()
    aki.sees("Nobody answers me.")
    aki.can_read("deal-arbiter")
    aki.do("Decide the dispute", {"Decision": "all to the seeker", "Reason": "There was no answer."})

    for each in (omar, rita, aki):
        each.sees("The money was given back.", "Given back to the seeker")
    rita.can_read("deal-refunded")


def test_a_report_is_decided_by_its_moderator(visitor: Visit) -> None:
    title = f"Test engineer {secrets.token_hex(3)}"
    omar, nina, olga = visitor("Omar"), visitor("Nina"), visitor("Olga")
    lists_a_role(omar, title, {"Coaching": "500"})
    omar.sees("published")
    finds(nina, title)
    nina.press("Report this")
    nina.fill({"What is wrong?": "It is fraud", "In your words": "There is no such role."})
    nina.can_read("report")
    nina.press("Report")
    nina.sees("Thank you. Moderators will look at it.")

    olga.follow("Staff")
    olga.follow("Reported listings")
    olga.sees("There is no such role.", title)
    olga.can_read("staff-reports")
    report = olga.entry("There is no such role.")
    olga.fill({"Decision": "remove", "Reason (may be left out)": "Nobody there knows of it."}, report)
    olga.press("Decide", report)
    olga.sees_no("There is no such role.")

    omar.sees("removed")
    omar.can_read("role-removed")
    nina.go("/search")
    finds_nothing(nina, title)


def test_an_insider_is_reported_on_their_own_page(stack: Stack, visitor: Visit) -> None:
    with Hires(stack) as hires:
        hire = hires.one()
        insider = hire.seeker.get(f"/v1/offers/{hire.offer_id}")["insider"]
    nina, olga = visitor("Nina"), visitor("Olga")
    nina.go(f"/insiders/{insider}")
    nina.sees("What came of this insider’s help")
    nina.can_read("insider")
    nina.press("Report this")
    nina.fill({"What is wrong?": "Money is asked for outside of this market", "In your words": "Wanted it in cash."})
    nina.press("Report")
    nina.sees("Thank you. Moderators will look at it.")

    olga.go("/staff/insiders")
    report = olga.entry("Wanted it in cash.")
    olga.fill({"Decision": "keep"}, report)
    olga.press("Decide", report)
    olga.sees_no("Wanted it in cash.")


def someone_with(visitor: Visit, stack: Stack, hires: Hires, count: int) -> tuple[Visitor, Person, set[str]]:
    """A new insider who has so many drafts, at the page of their listings; the drafts' ids."""
    sub = f"ines-{secrets.token_hex(3)}"
    ines = Person(sub, stack.token(sub), hires.http)
    made = {str(ines.post("/v1/listings", listing())["id"]) for _ in range(count)}
    at = visitor()
    one = {"sub": sub, "name": "Ines", "is": "insider", "roles": [], "token": ines.token}
    at.page.route("**/dev/people.json", lambda route: route.fulfill(json=[one]))
    at.sign_in("Ines")
    at.follow("My listings")
    return at, ines, made


def shown_roles(at: Visitor) -> list[str]:
    return [str(each.get_attribute("href")).removeprefix("/roles/") for each in at.page.locator("article.card a").all()]


def test_the_page_goes_on_where_one_has_many(stack: Stack, visitor: Visit) -> None:
    """One's own listings, more than a page of them, each once."""
    with Hires(stack) as hires:
        at, _, made = someone_with(visitor, stack, hires, 51)
    cards = at.page.locator("article.card a")
    expect(cards).to_have_count(50)
    at.press("Show more")
    expect(cards).to_have_count(51)

    assert sorted(shown_roles(at)) == sorted(made)


def test_news_while_the_next_page_is_fetched_leaves_no_hole(stack: Stack, visitor: Visit) -> None:
    """The list is read anew; what was on its way belongs to the one before, and is asked for again."""
    held = list[Route]()
    with Hires(stack) as hires:
        at, ines, made = someone_with(visitor, stack, hires, 51)
        cards = at.page.locator("article.card a")
        expect(cards).to_have_count(50)
        at.page.route("**/v1/listings?*cursor=*", lambda route: held.append(route), times=1)
        at.press("Show more")
        new = str(ines.post("/v1/listings", listing())["id"])
        ines.post(f"/v1/listings/{new}/submit")
        expect(cards.first).to_have_attribute("href", f"/roles/{new}")
        held[0].continue_()
        more = at.page.get_by_role("button", name="Show more")
        expect(more).to_be_enabled()
        at.page.wait_for_timeout(300)
        assert len(shown_roles(at)) == 50
        more.click()
        expect(cards).to_have_count(52)

    assert sorted(shown_roles(at)) == sorted({*made, new})


def test_a_code_whose_name_is_there_twice_can_be_chosen_and_is_found_again(visitor: Visit) -> None:
    at = visitor("Ines")
    at.go("/roles/new")
    field, chosen = at.page.get_by_label("Industry"), at.page.locator("input[type=hidden][name=industry]")
    field.fill("Computer Systems Design and Related Services")
    expect(chosen).not_to_have_value("")
    options = at.page.locator("#list-industry option")
    names = [str(each.get_attribute("value")) for each in options.all()]
    assert len(names) == len(set(names))
    for name in (each for each in names if each.endswith(")")):
        field.fill("")
        field.fill(name)
        expect(chosen).to_have_value(re.compile(re.escape(f":{name[:-1].rpartition('(')[2]}") + "$"))
    field.fill("nothing is called so")
    expect(chosen).to_have_value("")


@pytest.mark.alone
def test_the_live_hire_is_paid_out_within_two_seconds_of_its_confirmation(visitor: Visit) -> None:
    """Three are played at most: the machine may be busy with something else."""
    someone = visitor()
    someone.go("/flow")
    took = []
    while not took or (min(took) >= 2 and len(took) < 3):
        someone.press("Play a hire")
        someone.sees("paid out", "Paid to the insider", "The journal: double entry", "$475.00")
        said = someone.page.get_by_text("From the confirmation of the hire to the payout")
        took.append(float(re.search(r"([\d.]+) s", said.inner_text())[1]))
    someone.can_read("flow")

    assert min(took) < 2
