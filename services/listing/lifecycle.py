"""The lifecycle of a listing: one table. Pure; what the rows do stands in `acts`, what they must keep in `rules`."""

from services.listing import acts, rules
from services.listing.acts import EXPIRY
from services.listing.rules import (
    AT_EMPLOYER,
    FROM_PAUSED,
    LAST_SEAT,
    MAY_EDIT,
    NOT_RESTED,
    ONE_CURRENCY,
    RESTED,
    SAME_EMPLOYER,
    SEATS,
    VERIFIED,
    Rules,
)
from shared.aggregate import Condition, Lifecycle, Row, cells

STATES = ("new", "draft", "in_review", "published", "paused", "filled", "expired", "withdrawn", "removed")
LIVE = ("published", "paused")
OVER = ("filled", "expired", "withdrawn", "removed")
NEVER_PUBLISHED = ("new", "draft", "in_review")


INSIDER, MODERATOR, REPORTS = ("insider",), ("moderator",), ("reports",)


def _and_rests(condition: Condition) -> Condition:
    return Condition(
        f"{RESTED.description}; {condition.description}",
        lambda change, trigger: RESTED.holds(change, trigger) and condition.holds(change, trigger),
    )


def _under(market: Rules) -> tuple[Row, ...]:
    """Written, handed in, published and changed: the rows that ask the rules."""
    worded, acknowledged, placed = rules.worded(market), rules.acknowledged(market), rules.placed(market)
    lawful, consented = rules.lawful(market), rules.consented(market)
    return (
        Row(("new",), "create", to="draft", by=("maker",), guards=(placed, ONE_CURRENCY, lawful),
            act=acts.create(market)),
        Row(("draft",), "revise", by=INSIDER, guards=(MAY_EDIT, placed, ONE_CURRENCY, lawful),
            act=acts.revise(market)),
        Row(
            LIVE, "revise", emits=("listing.revised",), by=INSIDER, until=EXPIRY, act=acts.revise_published(market),
            guards=(MAY_EDIT, SAME_EMPLOYER, SEATS, placed, ONE_CURRENCY, lawful, acknowledged, consented, worded),
            note="only later offers see the new terms",
        ),
        Row(
            ("draft",), "submit", to="in_review", emits=("listing.submitted",), by=INSIDER,
            guards=(MAY_EDIT, placed, lawful, acknowledged, consented), act=acts.submit,
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
    Row(("in_review", *LIVE, "filled", "expired", "withdrawn"), "remove", to="removed", emits=("listing.removed",),
        by=MODERATOR, act=acts.remove),
    Row(LIVE, "hire.confirmed", to="filled", emits=("listing.filled",), when=LAST_SEAT, act=acts.count_hire),
    Row(LIVE, "hire.confirmed", act=acts.count_hire, note="a seat is taken"),
    Row(("in_review",), "hire.confirmed", to="filled", emits=("listing.filled",), when=_and_rests(LAST_SEAT),
        act=acts.count_hire),
    Row(("in_review",), "hire.confirmed", when=RESTED, act=acts.count_hire, note="a seat is taken"),
    Row(("in_review",), "hire.ended", when=RESTED, note="a seat never opens again"),
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
        public=acts.public,
        events=(*OF_HIRE, *WORKPLACE),
        answers=cells(
            ignore={"hire.ended": (*LIVE, *OVER)} | dict.fromkeys(WORKPLACE, ("draft", "in_review", *LIVE, *OVER)),
            reject=dict.fromkeys(OF_HIRE, NEVER_PUBLISHED) | dict.fromkeys(WORKPLACE, ("new",)),
        ),
        final=OVER,
        role_words={"reports": "the reports of several people"},
    )


LISTING = listing(Rules())
