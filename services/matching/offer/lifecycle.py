"""The lifecycle of an offer: one table. Pure; what the rows do stands in `acts`, what they must keep in `rules`.

Roles: insider and seeker; of the two, maker made the last proposal and other is to answer it; employer and ats confirm
from outside; arbiter and moderator are staff. `listing.ended` is what the closing pass over a listing's offers says,
`consent.ended` the same pass where the employer said no,
`person.erased` what the pass over a leaving person's offers says, `checked` what the worker found when it looked at the
listing and the seeker's account.
"""

from datetime import timedelta

from services.matching.offer import acts, beginning, closing, places, prices, reviews, rules
from services.matching.offer.acts import STAFF
from services.matching.offer.beginning import BEGINS_WITH_PAYMENT, MAY_BEGIN, MAY_CANCEL_ALONE
from services.matching.offer.deadlines import BEGIN, CLOSING, EXPIRE, LAPSE, SILENCE
from services.matching.offer.rules import (
    CHECK_FAILS,
    CHECK_FAILS_ACCEPTED,
    FREE,
    OTHER_ASKED,
    PAID,
    UNREACHED,
)
from shared.aggregate import LONGEST_PAUSE, Emit, Lifecycle, Park, Row, cells
from shared.contact_rule import no_contact_data

OPEN = ("proposed", "countered")
AGREED = ("accepted", "active", "hire_claimed")
HIRING = ("active", "hire_claimed")
LIVE = (*OPEN, *AGREED)
UNACCEPTED_ENDS = ("declined", "withdrawn", "expired")
STATES = ("new", *LIVE, "hired", "ended", "completed", "lapsed", "cancelled", "closed", *UNACCEPTED_ENDS)
ENDED = ("ended", "completed", "lapsed", "cancelled", "closed", *UNACCEPTED_ENDS)

PARTIES = ("insider", "seeker")
CONFIRMS = ("seeker", "employer", "ats", "arbiter")
_PRICE = (prices.ONE_CURRENCY, prices.FREE_STAYS_FREE, prices.PRICE_CAP)
_CONFIRM = (rules.STAFF_REASON, rules.START_ON)
_MESSAGE = no_contact_data("message")
_STANDS = (rules.LISTING_LIVES, places.CONSENT_STANDS, places.NOT_MOVED)
_ACCEPT = (*_STANDS, rules.NOT_ONE_PERSON, rules.RESERVED)
_TOOK_MONEY = ("escrow.refunded", "escrow.split", "escrow.charged_back")

_BEGUN_AT_ONCE = (Emit("offer.activated", "active"), Emit("offer.begun", "active"))
_SEE_EACH_OTHER = "from now on the two see how to reach each other, and the seeker sees the employer"

_AGREEMENT = (
    Row(
        ("new",), "propose", to="proposed", emits=("offer.made",), by=("maker",), act=acts.propose,
        guards=(rules.LISTING_PUBLISHED, rules.NO_SELF_DEALING, rules.HELP_OFFERED, *_PRICE,
                places.licensed("/listing_id"), places.DECLARED, rules.HOLDABLE, _MESSAGE),
    ),
    Row(
        OPEN, "counter", to="countered", emits=("offer.countered",), by=("other",), until=EXPIRE, act=acts.counter,
        guards=(*_STANDS, *_PRICE, places.licensed("/price/amount"), places.DECLARED, rules.ROUNDS, _MESSAGE),
    ),
    Row(
        OPEN, "accept", to="active", by=("other",), when=FREE, until=EXPIRE, guards=_ACCEPT, act=acts.accept_free,
        emits=(Emit("offer.accepted", "accepted"), *_BEGUN_AT_ONCE), note="no money: active at once, and begun",
    ),
    Row(
        OPEN, "accept", to="accepted", emits=("offer.accepted",), by=("other",), when=PAID, until=EXPIRE,
        guards=(*_ACCEPT, places.licensed()), act=acts.accept, note="the seeker pays next; we hold the money",
    ),
    Row(OPEN, "decline", to="declined", emits=("offer.declined",), by=("other",), until=EXPIRE, act=acts.decline),
    Row(OPEN, "withdraw", to="withdrawn", emits=("offer.withdrawn",), by=("maker",), until=EXPIRE, act=acts.decline),
    Row(OPEN, "timer:expire", to="expired", emits=("offer.expired",), act=acts.expire),
    Row(
        ("accepted",), "escrow.held", to="active", emits=_BEGUN_AT_ONCE, when=BEGINS_WITH_PAYMENT,
        act=beginning.activate_begun, note=_SEE_EACH_OTHER,
    ),
    Row(("accepted",), "escrow.held", to="active", emits=("offer.activated",), act=beginning.activate),
    Row(
        HIRING, "begin", emits=("offer.begun",), by=("seeker",), when=MAY_BEGIN, guards=(rules.NOT_BEGUN,),
        act=beginning.begin, note=_SEE_EACH_OTHER,
    ),
    Row(
        HIRING, f"timer:{BEGIN}", emits=("offer.begun",), when=MAY_BEGIN, act=beginning.begin, note=_SEE_EACH_OTHER
    ),
    Row(("accepted",), "escrow.lapsed", to="lapsed", emits=("offer.lapsed",), act=acts.lapse, note="never paid for"),
)  # fmt: skip

_CANCELLED = ("offer.cancelled",)
_CALLED_OFF = (
    Row(
        ("accepted", "active"), "cancel", to="cancelled", emits=_CANCELLED, by=PARTIES, when=MAY_CANCEL_ALONE,
        guards=(UNREACHED,), act=acts.cancel_alone,
        note="either of the two, alone; a seeker who pays only before the help has begun",
    ),
    Row(
        AGREED, "cancel", to="cancelled", emits=_CANCELLED, by=PARTIES, when=OTHER_ASKED,
        guards=(UNREACHED,), act=acts.cancel_agreed,
        note="agrees to what the other has asked, and has not taken back by going on since",
    ),
    Row(
        AGREED, "cancel", emits=("offer.cancel_asked",), by=PARTIES, guards=(rules.ASKED_ONCE, UNREACHED),
        act=acts.ask_cancel, note="asks the other; who goes on with the offer takes it back, and may ask again",
    ),
    Row(
        AGREED, "cancel", to="cancelled", emits=_CANCELLED, by=STAFF, guards=(rules.STAFF_REASON,),
        act=acts.cancel_by_staff,
    ),
    Row(OPEN, "listing.ended", to="cancelled", emits=_CANCELLED, act=closing.listing_ended),
    Row(
        ("accepted", "active"), "listing.ended", to="cancelled", emits=_CANCELLED, when=rules.TAKEN_TOO,
        act=closing.listing_ended,
    ),
    Row(AGREED, "listing.ended", when=rules.TAKEN_LATER, act=closing.remember_closing),
    Row(("accepted", "active"), f"timer:{CLOSING}", to="cancelled", emits=_CANCELLED, act=closing.closing_due),
    Row(OPEN, "consent.ended", to="cancelled", emits=_CANCELLED, act=closing.consent_ended),
    Row(
        ("accepted", "active"), "consent.ended", to="cancelled", emits=_CANCELLED, when=places.CONSENT_ENDED_BEFORE,
        act=closing.consent_ended, note="the money goes back",
    ),
    Row(
        AGREED, "consent.ended", emits=("offer.consent_ended",), when=places.CONSENT_ENDED_WAITS,
        act=closing.remember_consent,
        note="the help does not begin; both are told, and it ends if the dispute or the claim comes to nothing",
    ),
    Row(
        AGREED, "consent.ended", emits=("offer.consent_ended",), when=places.CONSENT_ENDED,
        note="help that has begun goes on; both are told, and may call it off together",
    ),
    Row(OPEN, "person.erased", to="cancelled", emits=_CANCELLED, act=closing.person_left),
    Row(
        AGREED, "person.erased", to="cancelled", emits=_CANCELLED, when=FREE, act=closing.person_left,
        note="nobody is forgotten while money of theirs is open",
    ),
    Row(OPEN, "checked", to="cancelled", emits=_CANCELLED, when=CHECK_FAILS, act=closing.check_failed),
    Row(
        AGREED, "checked", to="cancelled", emits=_CANCELLED, when=CHECK_FAILS_ACCEPTED,
        act=closing.check_failed,
    ),
    Row(STATES[1:], "checked", act=closing.checked),
)  # fmt: skip

_HIRED_FREE = (Emit("hire.confirmed", "hired"), Emit("offer.completed", "completed"))
_HIRE = (
    Row(
        HIRING, "record_help", emits=("help.given",), by=("insider",), act=acts.help_given,
        guards=(rules.HELP_AGREED, rules.HELP_ON, rules.HELP_ONCE, rules.HELP_BOUND),
    ),
    Row(
        HIRING, "answer_help", emits=("help.given",), by=("seeker",), act=acts.help_answered,
        guards=(rules.HELP_RECORDED, rules.HELP_ANSWERED_ONCE),
    ),
    Row(
        LIVE, "name_application", by=("seeker",), guards=(rules.APPLICATIONS,), act=acts.name_application,
        note="what the employer's system says of it is about this offer", recorded=True,
    ),
    Row(
        ("active",), "claim_hire", to="hire_claimed", emits=("hire.claimed",), by=("insider",), until=LAPSE,
        guards=(rules.START_ON, rules.CLAIMS, rules.CLAIMED_LATE), act=acts.claim,
    ),
    Row(
        ("hire_claimed",), "reject_hire", to="active", emits=("hire.rejected",), by=("seeker",), until=SILENCE,
        act=acts.reject_claim, note="after good proof nothing ends by itself for {after_dispute}",
    ),
    Row(
        HIRING, "confirm_hire", to="completed", emits=_HIRED_FREE, by=CONFIRMS, when=FREE, until=LAPSE,
        guards=_CONFIRM, act=acts.confirm, note="no money: completed at once",
    ),
    Row(
        HIRING, "confirm_hire", to="hired", emits=("hire.confirmed",), by=CONFIRMS, when=PAID, until=LAPSE,
        guards=_CONFIRM, act=acts.confirm, note="the money is paid out as agreed",
    ),
    Row(
        ("hire_claimed",), f"timer:{SILENCE}", to="completed", emits=_HIRED_FREE, when=FREE, act=acts.confirm,
        note="there is good proof (grade 2 or more), and the seeker did not answer",
    ),
    Row(
        ("hire_claimed",), f"timer:{SILENCE}", to="hired", emits=("hire.confirmed",), when=PAID, act=acts.confirm,
        note="there is good proof (grade 2 or more), and the seeker did not answer",
    ),
    Row(HIRING, f"timer:{LAPSE}", to="lapsed", emits=("offer.lapsed",), act=acts.lapse, note="no hire in time"),
    Row(
        ("hired",), "end", to="ended", emits=("hire.ended",), by=(*PARTIES, "employer"), guards=(rules.ENDED_ON,),
        act=acts.end,
    ),
    Row(
        ("ended",), "end", emits=("hire.ended",), by=("insider",), guards=(rules.AGREES_WITH_SEEKER, rules.ENDED_ON),
        act=acts.end, note="agrees with the seeker; what fell due after that day is given up as well",
    ),
    Row(
        ("closed",), "end", emits=("hire.ended",), by=(*PARTIES, "employer"), when=rules.HIRE_OF_CHARGEBACK,
        guards=(rules.ENDED_ONCE_OR_AGREES, rules.ENDED_ON), act=acts.end,
        note="should the bank give the payment back, it ends there too",
    ),
    Row(
        ("completed",), "end", emits=("hire.ended",), by=(*PARTIES, "employer"),
        guards=(rules.ENDED_ONCE, rules.ENDED_ON), act=acts.end, note="for the record only",
    ),
    Row(("hired",), "escrow.settled", to="completed", emits=("offer.completed",)),
    Row(("closed",), "escrow.settled", to="completed", emits=("offer.completed",), note="the payment is back"),
    *(
        Row(("closed",), event, when=rules.WENT_OTHERWISE, act=acts.close_otherwise, note="nothing of it can end now")
        for event in ("escrow.refunded", "escrow.split")
    ),
    *(Row((*HIRING, "hired"), event, to="closed", emits=("offer.closed",), act=acts.close) for event in _TOOK_MONEY),
)  # fmt: skip

_HIRED = ("hired", "ended", "completed", "closed")
_REVIEWS = (
    Row(
        _HIRED, "review", emits=("offer.reviewed",), by=PARTIES, when=reviews.MAY_REVIEW, act=reviews.write_review,
        guards=(no_contact_data("text"),),
        note="neither sees the other's before both are in, or its time is over",
    ),
    Row(
        _HIRED, "remove_review_text", by=("moderator",), guards=(rules.STAFF_REASON, rules.HAS_TEXT),
        act=reviews.remove_text, note="the stars stay", recorded=True,
    ),
)  # fmt: skip

_NEVER_ACCEPTED = ("new", *OPEN, *UNACCEPTED_ENDS)
_UNTIL_HELD = Park(timedelta(days=7))
"""The money went before the news that it was held came here: that news is on its way."""

OFFER = Lifecycle(
    "offer",
    states=STATES,
    rows=(*_AGREEMENT, *_CALLED_OFF, *_HIRE, *_REVIEWS),
    public=acts.public,
    events=(
        "escrow.held",
        "escrow.lapsed",
        "escrow.settled",
        *_TOOK_MONEY,
        "listing.ended",
        "consent.ended",
        "person.erased",
    ),
    outcomes=("checked",),
    answers=cells(
        ignore={
            "escrow.held": (*HIRING, *_HIRED, "cancelled", "lapsed"),
            "escrow.lapsed": ("cancelled", "lapsed"),
            "escrow.settled": ("ended", "completed"),
            **dict.fromkeys(_TOOK_MONEY, ("ended", "completed", "closed", "cancelled", "lapsed")),
            **dict.fromkeys(("listing.ended", "consent.ended", "person.erased"), (*AGREED, "hired", *ENDED)),
        },
        park={event: {"accepted": _UNTIL_HELD} for event in _TOOK_MONEY},
        reject={
            "escrow.held": _NEVER_ACCEPTED,
            "escrow.lapsed": (*_NEVER_ACCEPTED, *HIRING, *_HIRED),
            "escrow.settled": (*_NEVER_ACCEPTED, *AGREED, "cancelled", "lapsed"),
            **dict.fromkeys(_TOOK_MONEY, _NEVER_ACCEPTED),
            **dict.fromkeys(("listing.ended", "consent.ended", "person.erased"), ("new",)),
            "checked": ("new",),
        },
    ),
    final=ENDED,
    keeps_steps=True,
    latest_try=lambda offer, terms, now: now + max(terms.offer_check, LONGEST_PAUSE),
    role_words={
        "maker": "the one who made the last proposal",
        "other": "the one who did not make the last proposal",
        "ats": "the employer's system",
    },
)
