"""The listing's table: each row does what it says and emits exactly its event; all else changes nothing."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from services.listing import acts, rules
from services.listing.lifecycle import LISTING, LIVE, NEVER_PUBLISHED, OVER, STATES
from shared.aggregate import Refusal
from tests.support.folding import Folded

ANNA, MO = "p_" + "a" * 32, "p_" + "b" * 32
LISTING_ID = "0197f0c5-0000-7000-8000-000000000001"
TEXT: dict[str, Any] = {
    "title": "Backend engineer",
    "employer": {"name": "Acme BV"},
    "country": "NL",
    "region": "Utrecht",
    "industry": {"scheme": "NACE-2", "code": "J62"},
    "occupation": {"scheme": "ISCO-08", "code": "2512"},
    "duties": ["Run the payment services"],
    "seats": 1,
    "leaving_on": "2027-01-31",
    "pay": {"min": 5_500_000, "max": 7_000_000, "currency": "EUR", "per": "year"},
    "help": [{"kind": "coaching", "price": {"amount": 50_000, "currency": "EUR"}}],
}
TERMS = ("listing_id", "insider", "status", "country", "region", "industry", "occupation", "skills", "pay", "help")
REASON = {"reason": "unclear"}


def hired(offer: str = "1") -> dict[str, Any]:
    return {"listing_id": LISTING_ID, "offer_id": offer}


def priced(kind: str, amount: int, currency: str = "EUR") -> dict[str, Any]:
    return {"kind": kind, "price": {"amount": amount, "currency": currency}}


def new(table: Any = LISTING, **changed: Any) -> Folded:
    folded = Folded(table, LISTING_ID)
    folded.command("create", "maker", ANNA, **{**deepcopy(TEXT), **changed})
    return folded


def in_state(state: str, **changed: Any) -> Folded:
    """A listing that came to this state by its own rows."""
    if state == "new":
        return Folded(LISTING, LISTING_ID)
    folded = new(**changed)
    steps = {"draft": 0, "in_review": 1}.get(state, 2)
    if steps > 0:
        folded.command("submit", "insider", ANNA)
    if steps > 1:
        folded.fire_timers()
    match state:
        case "paused":
            folded.command("pause", "insider", ANNA)
        case "filled":
            folded.event("hire.confirmed", hired())
        case "expired":
            folded.clock.advance(timedelta(days=90))
            folded.fire_timers()
        case "withdrawn":
            folded.command("withdraw", "insider", ANNA)
        case "removed":
            folded.command("remove", "moderator", MO, **REASON)
    assert folded.state == state
    folded.events = []
    return folded


def returned() -> Folded:
    folded = in_state("in_review")
    folded.command("return", "moderator", MO, **REASON)
    folded.events = []
    return folded


@pytest.mark.parametrize(("made", "emitted"), [(new, []), (returned, ["listing.withdrawn"])])
def test_a_draft_that_nobody_touches_is_withdrawn(made: Callable[[], Folded], emitted: list[str]) -> None:
    """Not a moment before; who has heard of it hears of its end, and of one that was never handed in nobody has."""
    folded = made()
    folded.clock.advance(LISTING.terms.draft_expiry - timedelta(milliseconds=1))
    folded.fire_timers()
    assert folded.state == "draft"
    folded.clock.advance(timedelta(milliseconds=1))
    folded.fire_timers()

    assert (folded.state, folded.emitted, folded.document["timers"]) == ("withdrawn", emitted, {})


def test_what_is_handed_in_or_touched_has_its_time_again() -> None:
    """Also a draft of an older version, which has no timer and is not counted."""
    folded = new()
    assert folded.document["unsubmitted"] == f"{ANNA} 2027-01-01T00:00:00.000Z"
    folded.document = {name: value for name, value in folded.document.items() if name not in ("timers", "unsubmitted")}
    folded.clock.advance(timedelta(days=400))
    folded.fire_timers()
    folded.command("revise", "insider", ANNA, title="Engineer")
    assert folded.document["timers"] == {acts.DRAFT: folded.clock.now() + LISTING.terms.draft_expiry}

    folded = new()
    folded.command("submit", "insider", ANNA)
    assert acts.DRAFT not in folded.document["timers"] and "unsubmitted" not in folded.document


ASK: dict[str, Any] = {"registered": True, "named": True, "sealed": "A" * 60, "language": "en"}
WORD: dict[str, Any] = {
    "country": "DE", "domain_mark": "m_of_acme", "help": [priced("good_word", 50_000)],
    "consent": {"who": "the boss", "how": "letter", "on": "2026-12-01"},
}  # fmt: skip


def asked(state: str, *answers: str) -> Folded:
    """A paid word in Germany, whose employer was asked, and gave these answers; then it came to that state."""
    folded = in_state(state, **WORD)
    folded.command("ask_consent", "insider", ANNA, **ASK)
    for each in answers:
        answer(folded, each)
    folded.events = []
    return folded


def answer(folded: Folded, command: str, link: int = -1, **more: Any) -> None:
    link_id = folded.document["consent_links"][link]["id"]
    folded.command(command, "employer", None, **{"link_id": link_id, "registered": True, **more})


# (state, command, role, data) -> (state, event)
COMMANDS = [
    ("draft", "revise", "insider", {"title": "Engineer"}, "draft", None),
    ("published", "revise", "insider", {"title": "Engineer"}, "published", "listing.revised"),
    ("paused", "revise", "insider", {"title": "Engineer"}, "paused", "listing.revised"),
    ("draft", "submit", "insider", {}, "in_review", "listing.submitted"),
    ("in_review", "publish", "moderator", {}, "published", "listing.created"),
    ("in_review", "return", "moderator", REASON, "draft", "listing.returned"),
    *((state, "rest", "reports", {}, "in_review", "listing.rested") for state in LIVE),
    *((state, "keep", "moderator", {}, state, "listing.kept") for state in (*LIVE, "filled", "expired")),
    ("published", "pause", "insider", {}, "paused", "listing.paused"),
    ("paused", "resume", "insider", {}, "published", "listing.resumed"),
    *(
        (state, "ask_consent", "insider", ASK, state, "listing.consent_asked")
        for state in ("draft", "in_review", *LIVE)
    ),
    *((state, "withdraw", "insider", {}, "withdrawn", "listing.withdrawn") for state in ("draft", "in_review", *LIVE)),
    *(
        (state, "remove", "moderator", REASON, "removed", "listing.removed")
        for state in ("in_review", *LIVE, "filled", "expired", "withdrawn")
    ),
]


@pytest.mark.parametrize(("state", "command", "role", "data", "to", "event"), COMMANDS)
def test_a_command_that_the_table_knows(
    state: str, command: str, role: str, data: dict[str, Any], to: str, event: str | None
) -> None:
    """It leads where the row says and emits exactly its event, which carries the whole public state."""
    folded = in_state(state, **(WORD if command == "ask_consent" else {}))

    folded.command(command, role, ANNA if role == "insider" else MO, **data)

    assert (folded.state, folded.emitted) == (to, [event] if event else [])
    for emitted in folded.events:
        assert emitted["data"]["status"] == to
        assert set(TERMS) <= set(emitted["data"])
        assert "Acme" not in str(emitted) and "Engineer" not in str(emitted)


@pytest.mark.parametrize("state", STATES[1:])
@pytest.mark.parametrize("role", ["insider", "moderator", "other", "seeker", "maker", "operator"])
def test_every_other_command_is_refused(state: str, role: str) -> None:
    """Every state x command x role without a row: a refusal by state or by role, and nothing changed."""
    allowed = {(known, command, by) for known, command, by, *_ in COMMANDS}
    for command in LISTING.commands():
        if (state, command, role) in allowed:
            continue
        folded = in_state(state)
        before = deepcopy(folded.document)

        with pytest.raises(Refusal) as refused:
            folded.command(command, role, MO)

        assert refused.value.kind in ("state", "forbidden"), (command, refused.value.detail)
        assert (folded.document, folded.events) == (before, [])


@pytest.mark.parametrize("state", STATES)
def test_the_hire_that_takes_the_last_seat(state: str) -> None:
    folded = in_state(state)
    before = folded.document["hired"] if folded.document else 0

    verdict = folded.event("hire.confirmed", hired("2"))

    if state in NEVER_PUBLISHED:
        assert (verdict.outcome, folded.state, folded.emitted) == ("rejected", state, [])
        return
    assert folded.state == ("filled" if state in LIVE else state)
    assert folded.emitted == (["listing.filled"] if state in LIVE else [])
    assert folded.document and folded.document["hired"] == before + 1


@pytest.mark.parametrize("state", LIVE)
def test_a_hire_with_seats_left(state: str) -> None:
    """Each hire is counted once, however often its event comes; the last one fills the listing."""
    folded = in_state(state, seats=3)

    outcomes = [folded.event("hire.confirmed", hired(), id=event_id).outcome for event_id in "aabba"]

    assert outcomes == ["taken", "duplicate", "taken", "duplicate", "duplicate"]
    assert (folded.state, folded.emitted) == (state, [])
    folded.event("hire.confirmed", hired(), id="c")
    assert (folded.state, folded.emitted, folded.document["hired"]) == ("filled", ["listing.filled"], 3)
    assert "due_at" not in folded.document


@pytest.mark.parametrize("state", STATES)
def test_hire_ended_never_opens_a_seat_again(state: str) -> None:
    folded = in_state(state)

    verdict = folded.event("hire.ended", hired())

    assert verdict.outcome == ("rejected" if state in NEVER_PUBLISHED else "ignored")
    assert (folded.state, folded.emitted) == (state, [])


@pytest.mark.parametrize("state", LIVE)
def test_it_expires_at_its_time_and_not_before(state: str) -> None:
    folded = in_state(state)
    folded.clock.advance(LISTING.terms.listing_expiry - timedelta(milliseconds=1))
    assert folded.fire_timers() == 0

    folded.clock.advance(timedelta(milliseconds=1))
    with pytest.raises(Refusal, match="ended at"):
        folded.command("revise", "insider", ANNA, title="Too late")
    folded.fire_timers()

    assert (folded.state, folded.emitted) == ("expired", ["listing.expired"])
    assert "due_at" not in folded.document


def test_the_rules_publish_what_is_clean() -> None:
    folded = in_state("in_review")

    assert folded.fire_timers() == 1

    assert (folded.state, folded.emitted) == ("published", ["listing.created"])
    assert folded.document["review"]["outcome"] == "published"
    assert folded.document["review"]["rules"] == ["price-policy-nl-coaching", "price-cap"]
    assert folded.document["audit"] == [folded.document["review"]]
    assert folded.events[0]["data"]["published_at"] == "2027-01-01T00:00:00.000Z"


def test_what_is_not_clean_waits_for_a_moderator_with_the_reasons() -> None:
    folded = in_state("in_review", duties=["Call me: +31 6 1234 5678", "Run Acme's payments"])

    folded.fire_timers()

    assert (folded.state, folded.emitted) == ("in_review", [])
    reasons = [(r["rule"], r["pointer"]) for r in folded.document["review"]["reasons"]]
    assert reasons == [("no-phone", "/duties/0"), ("no-employer-name", "/duties/1")]
    assert "due_at" not in folded.document
    folded.command("publish", "moderator", MO)
    assert (folded.state, folded.emitted) == ("published", ["listing.created"])
    assert [(entry["outcome"], entry["by"]) for entry in folded.document["audit"]] == [
        ("held", "rules"),
        ("published", MO),
    ]


@pytest.mark.parametrize("state", ["draft", "in_review", *LIVE])
def test_the_employer_gives_consent(state: str) -> None:
    """Above the insider's word; what is in review is looked at again."""
    folded = asked(state)

    answer(folded, "give_consent")

    assert (folded.state, folded.emitted) == (state, ["listing.consent_given"])
    assert folded.events[0]["data"]["consent_grade"] == 3 and "consent_ended" not in folded.events[0]["data"]
    folded.fire_timers()
    assert folded.state == ("published" if state == "in_review" else state)


@pytest.mark.parametrize("command", ["refuse_consent", "withdraw_consent"])
@pytest.mark.parametrize("state", ["draft", "in_review", *LIVE])
def test_the_employer_says_no(state: str, command: str) -> None:
    """It is a draft with no timer but its own; every event says so from then on, and which help it is about."""
    folded = asked(state, *(["give_consent"] if command == "withdraw_consent" else []))
    folded.events = []

    answer(folded, command)

    event = {"refuse_consent": "listing.consent_refused", "withdraw_consent": "listing.consent_withdrawn"}[command]
    assert (folded.state, folded.emitted) == ("draft", [event])
    said = folded.events[0]["data"]
    assert said["consent_ended"] == {"times": 1, "help": ["good_word", "reference"]} and "consent_grade" not in said
    assert folded.document["timers"] == {acts.DRAFT: folded.clock.now() + LISTING.terms.draft_expiry}
    with pytest.raises(Refusal) as refused:
        folded.command("submit", "insider", ANNA)
    assert refused.value.rule == "employer-consent"


def test_a_seat_is_counted_in_a_draft_that_was_published() -> None:
    """What had begun goes on: the hire counts, and the last one fills it."""
    folded = in_state("published", seats=2, **WORD)
    folded.command("ask_consent", "insider", ANNA, **ASK)
    answer(folded, "refuse_consent")
    folded.event("hire.ended", hired("1"))
    with pytest.raises(Refusal) as other_employer:
        folded.command("revise", "insider", ANNA, employer={"name": "Other"})

    folded.event("hire.confirmed", hired("1"))
    assert (folded.state, folded.document["hired"]) == ("draft", 1)
    folded.event("hire.confirmed", hired("2"))

    assert (folded.state, folded.document["hired"]) == ("filled", 2)
    assert other_employer.value.rule == "employer-stays"


@pytest.mark.parametrize(
    ("case", "command", "data", "rule"),
    [
        (lambda: in_state("draft", **{**WORD, "domain_mark": None}), "ask_consent", ASK, "no-domain"),
        (lambda: in_state("draft", **WORD), "ask_consent", {**ASK, "registered": False}, "employer-mailbox"),
        (lambda: in_state("draft", **WORD), "ask_consent", {**ASK, "named": False}, "employer-mailbox"),
        (lambda: in_state("draft", domain_mark="m_of_acme"), "ask_consent", ASK, "consent-not-needed"),
        (lambda: asked("draft", "give_consent"), "ask_consent", ASK, "consent-given"),
        (lambda: asked("draft"), "give_consent", {"registered": False}, "employer-registered"),
        (lambda: asked("draft"), "withdraw_consent", {}, "link-used"),
        (lambda: asked("draft", "give_consent"), "give_consent", {}, "link-used"),
        (lambda: asked("draft", "give_consent"), "refuse_consent", {}, "link-used"),
        (lambda: asked("draft", "refuse_consent"), "give_consent", {}, "link-used"),
        (lambda: asked("draft", "give_consent", "withdraw_consent"), "withdraw_consent", {}, "link-used"),
    ],
)
def test_what_is_not_asked_or_answered(case: Any, command: str, data: dict[str, Any], rule: str) -> None:
    folded = case()
    before = deepcopy(folded.document)

    with pytest.raises(Refusal) as refused:
        if command == "ask_consent":
            folded.command(command, "insider", ANNA, **data)
        else:
            answer(folded, command, **data)

    assert refused.value.rule == rule and folded.document == before


def test_fifty_links_are_enough() -> None:
    folded = in_state("draft", **WORD)
    for _ in range(50):
        folded.command("ask_consent", "insider", ANNA, **ASK)

    with pytest.raises(Refusal) as refused:
        folded.command("ask_consent", "insider", ANNA, **ASK)

    assert refused.value.rule == "consent-links"


def test_one_no_ends_what_another_mailbox_consented_to() -> None:
    folded = asked("published", "give_consent")
    folded.command("revise", "insider", ANNA, help=[priced("good_word", 60_000)])
    folded.command("ask_consent", "insider", ANNA, **ASK)
    answer(folded, "give_consent")
    folded.events = []

    answer(folded, "withdraw_consent", link=0)

    assert [each["status"] for each in folded.document["consent_links"]] == ["withdrawn", "withdrawn"]
    assert folded.state == "draft"


def test_a_moderator_says_why() -> None:
    folded = in_state("in_review")

    folded.command("return", "moderator", MO, reason="unclear", note="Which team?")

    assert folded.events[0]["data"]["reason"] == "unclear"
    assert folded.document["review"]["note"] == "Which team?"
    assert "Which team?" not in str(folded.events)


def test_the_published_time_stays() -> None:
    folded = in_state("published")
    published_at = folded.document["published_at"]
    folded.clock.advance(timedelta(days=3))

    folded.command("pause", "insider", ANNA)
    folded.command("resume", "insider", ANNA)

    assert folded.document["published_at"] == published_at
    assert folded.document["timers"][acts.EXPIRY] == published_at + LISTING.terms.listing_expiry


def test_a_listing_is_edited_a_hundred_times() -> None:
    """The bound refuses the person by name; a hire, a timer and the way out always pass."""
    folded = in_state("published")
    with pytest.raises(Refusal) as refused:
        for number in range(rules.MOST_EDITS + 1):
            folded.command("revise", "insider", ANNA, title=f"Engineer {number}")

    assert (refused.value.kind, refused.value.rule) == ("rule", "edits-bound")
    assert folded.document["edits"] == rules.MOST_EDITS
    folded.command("withdraw", "insider", ANNA)
    assert folded.state == "withdrawn"


REFUSED_REVISIONS = [
    ({"employer": {"name": "Other BV"}}, "employer-stays", "/employer"),
    ({"help": [priced("coaching", 100_001)]}, "price-cap", "/help/0/price/amount"),
    (
        {"pay": {"min": 1_000_000, "max": 1_000_000, "currency": "EUR", "per": "year"}},
        "price-cap",
        "/help/0/price/amount",
    ),
    ({"pay": TEXT["pay"] | {"currency": "CAD"}}, "one-currency", "/help/0/price/currency"),
    ({"country": "ES"}, "price-policy-default", "/help/0/price/amount"),
    ({"title": "Mail anna@example.org"}, "no-address", "/title"),
]


@pytest.mark.parametrize(("data", "rule", "pointer"), REFUSED_REVISIONS)
def test_a_published_listing_keeps_the_rules_when_it_is_revised(data: dict[str, Any], rule: str, pointer: str) -> None:
    folded = in_state("published")
    before = deepcopy(folded.document)

    with pytest.raises(Refusal) as refused:
        folded.command("revise", "insider", ANNA, **data)

    assert (refused.value.kind, refused.value.rule, refused.value.pointer) == ("rule", rule, pointer)
    assert folded.document == before


FREE_IN_BC: dict[str, Any] = {
    "country": "CA", "subdivision": "CA-BC", "duties": ["Canadian experience required"],
    "pay": TEXT["pay"] | {"currency": "CAD"}, "help": [priced("coaching", 0, "CAD")],
}  # fmt: skip


@pytest.mark.parametrize("more", [{}, {"title": "Engineer"}, {"country": "CA"}])
@pytest.mark.parametrize(
    "given", [FREE_IN_BC, FREE_IN_BC | {"country": "NL", "subdivision": None}], ids=["of the country", "from abroad"]
)
def test_a_phrase_does_not_move_to_where_it_may_not_be_said(given: dict[str, Any], more: dict[str, Any]) -> None:
    """What was published stays as it was judged, but not in another place."""
    folded = in_state("published", **given)
    before = deepcopy(folded.document)

    with pytest.raises(Refusal) as refused:
        folded.command("revise", "insider", ANNA, **{"country": "CA", "subdivision": "CA-ON", **more})

    found = refused.value
    assert (found.kind, found.rule, found.pointer) == ("rule", "no-canadian-experience", "/duties/0")
    assert folded.document == before
    mended = {"country": "CA", "subdivision": "CA-ON", "duties": ["Run the payment services"]}
    folded.command("revise", "insider", ANNA, **mended)
    assert folded.document["subdivision"] == "CA-ON"


def test_what_a_moderator_let_pass_moves_along_where_it_may_be_said() -> None:
    """Another place judges anew only what it forbids."""
    folded = in_state("in_review", **FREE_IN_BC | {"title": "Acme's backend engineer"})
    folded.fire_timers()
    folded.command("publish", "moderator", MO)

    folded.command("revise", "insider", ANNA, subdivision="CA-AB")

    assert (folded.state, folded.document["subdivision"]) == ("published", "CA-AB")


def test_what_a_moderator_let_pass_is_not_asked_again() -> None:
    folded = in_state("in_review", title="Acme's backend engineer")
    folded.fire_timers()
    folded.command("publish", "moderator", MO)

    folded.command("revise", "insider", ANNA, seats=2)

    assert folded.document["seats"] == 2


def test_each_decision_of_the_rules_is_on_record_with_their_ids() -> None:
    """When it is published and with each new terms; for the audit, and the last for its insider."""
    folded = in_state("published")
    folded.command("revise", "insider", ANNA, help=[priced("coaching", 0)])

    decided = [(each["outcome"], each["by"], each["rules"]) for each in folded.document["audit"]]
    assert decided == [
        ("published", "rules", ["price-policy-nl-coaching", "price-cap"]),
        ("revised", "rules", ["price-0"]),
    ]
    assert folded.document["review"]["outcome"] == "revised"


def test_seats_stay_above_those_taken() -> None:
    folded = in_state("published", seats=3)
    folded.event("hire.confirmed", hired())
    with pytest.raises(Refusal) as refused:
        folded.command("revise", "insider", ANNA, seats=1)

    assert (refused.value.rule, refused.value.pointer) == ("seats-taken", "/seats")


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"help": [priced("coaching", 100_001)]}, "price-cap"),
        ({"help": [priced("reference", 1)]}, "price-policy-nl-reference"),
        ({"country": "ES"}, "price-policy-default"),
        ({"country": "CA"}, "subdivision"),
        ({"help": [priced("coaching", 1, "USD")]}, "one-currency"),
    ],
)
def test_what_is_certain_is_refused_at_creation(changed: dict[str, Any], rule: str) -> None:
    with pytest.raises(Refusal) as refused:
        new(**changed)

    assert (refused.value.kind, refused.value.rule) == ("rule", rule)


def test_a_paid_word_needs_the_employers_consent_before_it_is_submitted() -> None:
    """In Germany a good word may be charged for."""
    folded = new(country="DE", help=[priced("good_word", 100)])
    with pytest.raises(Refusal) as refused:
        folded.command("submit", "insider", ANNA)
    assert (refused.value.rule, refused.value.pointer) == ("employer-consent", "/consent")

    folded.command("revise", "insider", ANNA, consent={"who": "Head of HR", "how": "email", "on": "2027-01-01"})
    folded.command("submit", "insider", ANNA)
    folded.fire_timers()

    assert folded.state == "published"
    assert folded.document["review"]["rules"] == ["price-policy-de", "price-cap", "employer-consent"]
    assert "Head of HR" not in str(folded.events)


def test_the_table_is_whole() -> None:
    assert LISTING.empty_cells() == []
    assert {row.to or source for row in LISTING.rows for source in row.sources} == set(STATES) - {"new"}
    assert all(state in OVER for state in LISTING.final)
