"""The lifecycle of a listing: one table. Pure; what the rows do stands in `acts`, what they must keep in `rules`."""

from typing import Any

from services.listing import acts, consent_acts, consent_rules, consents, rules
from services.listing.acts import EXPIRY
from services.listing.rules import (
    AT_EMPLOYER,
    FROM_PAUSED,
    HEARD_OF,
    LAST_SEAT,
    LAST_SEAT_OF_BEFORE,
    MAY_EDIT,
    NOT_RESTED,
    ONE_CURRENCY,
    RESTED,
    SAME_EMPLOYER,
    SEATS,
    VERIFIED,
    WAS_PUBLISHED,
    Rules,
)
from shared.aggregate import Change, Condition, Lifecycle, Row, cells

STATES = ("new", "draft", "in_review", "published", "paused", "filled", "expired", "withdrawn", "removed")
LIVE = ("published", "paused")
OVER = ("filled", "expired", "withdrawn", "removed")
NEVER_PUBLISHED = ("new", "draft", "in_review")
MAY_BE_ASKED = ("draft", "in_review", *LIVE)
"""States in which the employer may be asked for its consent, and give it."""


INSIDER, MODERATOR, EMPLOYER, REPORTS = ("insider",), ("moderator",), ("employer",), ("reports",)


def _and_rests(condition: Condition) -> Condition:
    return Condition(
        f"{RESTED.description}; {condition.description}",
        lambda change, trigger: RESTED.holds(change, trigger) and condition.holds(change, trigger),
    )


def _under(market: Rules) -> tuple[Row, ...]:
    """Written, handed in, published and changed: the rows that ask the rules."""
    worded, acknowledged, placed = rules.worded(market), rules.acknowledged(market), rules.placed(market)
    lawful, consented, may_wait = rules.lawful(market), rules.consented(market), rules.may_wait(market)
    return (
        Row(("new",), "create", to="draft", by=("maker",), guards=(placed, ONE_CURRENCY, lawful),
            act=acts.create(market)),
        Row(("draft",), "revise", by=INSIDER, guards=(MAY_EDIT, SAME_EMPLOYER, SEATS, placed, ONE_CURRENCY, lawful),
            act=acts.revise(market)),
        Row(
            LIVE, "revise", emits=("listing.revised",), by=INSIDER, until=EXPIRY, act=acts.revise_published(market),
            guards=(MAY_EDIT, SAME_EMPLOYER, SEATS, placed, ONE_CURRENCY, lawful, acknowledged, consented, worded),
            note="only later offers see the new terms",
        ),
        Row(
            ("draft",), "submit", to="in_review", emits=("listing.submitted",), by=INSIDER,
            guards=(MAY_EDIT, placed, lawful, acknowledged, may_wait), act=acts.submit,
        ),
        Row(
            ("in_review",), "timer:review", to="published", emits=("listing.created",), when=rules.clean(market),
            act=acts.publish_clean(market), note="published at once where no rule is broken",
        ),
        Row(
            ("in_review",), "timer:review", act=acts.hold_for_moderator(market),
            note="waits for a moderator, with the reasons",
        ),
        Row(
            ("in_review",), "publish", to="published", emits=("listing.created",), by=MODERATOR,
            guards=(lawful, acknowledged, consented), when=NOT_RESTED, act=acts.publish_anyway(market),
        ),
        Row(("in_review", *LIVE), "timer:licence", emits=("listing.revised",), when=rules.licensed(market),
            act=acts.renew_licence(market), note="the operator's licence has ended, and another follows"),
        Row(("in_review", *LIVE), "timer:licence", act=acts.wait_for_licence,
            note="the operator's licence has ended: looked at again each day"),
        *_of_consent(market),
    )  # fmt: skip


def _of_consent(market: Rules) -> tuple[Row, ...]:
    """The employer is asked, and answers by its link for as long as there is something to take back."""
    asked, paid = consent_rules.asked(market), consent_rules.draft_again(market)
    says_no = (
        ("refuse_consent", "listing.consent_refused", consent_rules.UNANSWERED, consent_acts.refuse),
        ("withdraw_consent", "listing.consent_withdrawn", consent_rules.CONSENTED, consent_acts.take_back),
    )
    return (
        Row(MAY_BE_ASKED, "ask_consent", emits=("listing.consent_asked",), by=INSIDER, guards=asked,
            act=consent_acts.ask, note="the employer gets a link by mail"),
        Row(MAY_BE_ASKED, "give_consent", emits=("listing.consent_given",), by=EMPLOYER, act=consent_acts.give,
            guards=(consent_rules.UNANSWERED, consent_rules.REGISTERED, consent_rules.same_terms(market)),
            note="what waits for it is published by itself"),
        *(Row(("in_review", *LIVE), name, to="draft", emits=(event,), by=EMPLOYER, when=paid, guards=(guard,), act=act,
              note="the help would be paid for against the employer's will")
          for name, event, guard, act in says_no),
        Row(("in_review",), "keep", to="draft", emits=("listing.kept",), by=MODERATOR,
            when=consent_rules.rested_without(market), act=consent_acts.keep_as_draft,
            note="it was reported, and the employer said no meanwhile"),
        *(Row((*MAY_BE_ASKED, "filled", "expired", "withdrawn"), name, emits=(event,), by=EMPLOYER, guards=(guard,),
              act=act) for name, event, guard, act in says_no),
    )  # fmt: skip


_ROWS = (
    Row(("in_review",), "return", to="draft", emits=("listing.returned",), by=MODERATOR, when=NOT_RESTED,
        act=acts.send_back),
    *(
        Row((state,), "rest", to="in_review", emits=("listing.rested",), by=REPORTS, act=acts.rest_from(state),
            note="{reports_to_rest} people reported it within {reports_within}; it waits for a moderator")
        for state in LIVE
    ),
    Row(("in_review",), "keep", to="paused", emits=("listing.kept",), by=MODERATOR, when=FROM_PAUSED, act=acts.keep),
    Row(("in_review",), "keep", to="published", emits=("listing.kept",), by=MODERATOR, when=RESTED, act=acts.keep),
    Row((*LIVE, "filled", "expired"), "keep", emits=("listing.kept",), by=MODERATOR, act=acts.keep,
        note="it was reported, and stays as it is"),
    Row(
        ("published",), "pause", to="paused", emits=("listing.paused",), by=INSIDER, until=EXPIRY,
        guards=(MAY_EDIT,), act=acts.edited, note="takes no new offers; those made may still be accepted",
    ),
    Row(
        ("paused",), "resume", to="published", emits=("listing.resumed",), by=INSIDER, until=EXPIRY,
        guards=(MAY_EDIT,), act=acts.edited,
    ),
    Row((*LIVE, "in_review"), "timer:expiry", to="expired", emits=("listing.expired",), act=acts.close),
    Row(("draft", "in_review", *LIVE), "withdraw", to="withdrawn", emits=("listing.withdrawn",), by=INSIDER,
        act=acts.close),
    *(
        Row(("draft",), "timer:draft", to="withdrawn", emits=emits, when=when, act=acts.close,
            note="nobody touched the draft for {draft_expiry}")
        for when, emits in ((HEARD_OF, ("listing.withdrawn",)), (None, ()))
    ),
    Row(("in_review", *LIVE, "filled", "expired", "withdrawn"), "remove", to="removed", emits=("listing.removed",),
        by=MODERATOR, act=acts.remove),
    Row(LIVE, "hire.confirmed", to="filled", emits=("listing.filled",), when=LAST_SEAT, act=acts.count_hire),
    Row(LIVE, "hire.confirmed", act=acts.count_hire, note="a seat is taken"),
    Row(("draft", "in_review"), "hire.confirmed", to="filled", emits=("listing.filled",), when=LAST_SEAT_OF_BEFORE,
        act=acts.count_hire, note="by an offer of when it was published"),
    Row(("draft", "in_review"), "hire.confirmed", when=WAS_PUBLISHED, act=acts.count_hire,
        note="a seat is taken, by an offer of when it was published"),
    Row(("draft", "in_review"), "hire.ended", when=WAS_PUBLISHED),
    Row(OVER, "hire.confirmed", act=acts.count_hire, note="counted; a seat never opens again"),
    *(
        Row(states, name, emits=emits, when=when, act=act, note=note)
        for name, asked, act, note in (
            ("work.verified", AT_EMPLOYER, acts.verify_insider, "its insider gets mail there"),
            ("employer.registered", AT_EMPLOYER, acts.verify_insider, "its insider gets mail there"),
            ("employer.removed", VERIFIED, acts.unverify_insider, "staff do not vouch for that domain"),
        )
        for states, emits, when in (
            (("in_review",), ("listing.revised",), _and_rests(asked)),
            (("draft", "in_review"), (), asked),
            ((*LIVE, *OVER), ("listing.revised",), asked),
        )
    ),
)  # fmt: skip
OF_HIRE = ("hire.confirmed", "hire.ended")
WORKPLACE = ("work.verified", "employer.registered", "employer.removed")


def listing(market: Rules) -> Lifecycle:
    """The table under these rules."""
    return Lifecycle(
        "listing",
        states=STATES,
        rows=(*_under(market), *_ROWS),
        public=lambda change: _public(market, change),
        events=(*OF_HIRE, *WORKPLACE),
        answers=cells(
            ignore={"hire.ended": (*LIVE, *OVER)} | dict.fromkeys(WORKPLACE, ("draft", "in_review", *LIVE, *OVER)),
            reject=dict.fromkeys(OF_HIRE, NEVER_PUBLISHED) | dict.fromkeys(WORKPLACE, ("new",)),
        ),
        final=OVER,
        role_words={"reports": "the reports of several people"},
    )


def _public(market: Rules, change: Change) -> dict[str, Any]:
    fixed = market.fixed(change.doc, change.now.date())
    return {**acts.public(change), **consents.in_events(market.places, change.doc), "fixed_help": fixed}


LISTING = listing(Rules())
