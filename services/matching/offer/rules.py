"""The rules of an offer: which row is taken (conditions), what a command must keep (guards), and the data behind.
Pure.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from services.matching.offer import prices
from services.matching.offer.beginning import has_begun
from services.matching.offer.holding import longest_hold
from shared.aggregate import Change, Condition, Guard, Trigger, is_answered
from shared.clock import days_at
from shared.contact_rule import no_contact_data

LISTING_OVER = ("draft", "filled", "expired", "withdrawn", "removed")
"""A draft was published, and is not any more: its employer said no."""
TAKES_ACCEPTED_TOO = ("filled", "removed")
"""These ends of a listing also end offers that were accepted."""
EVIDENCE = {"word": 0, "offer_letter": 1, "contract": 1, "payslip": 1, "message": 1, "other": 1}
"""The kinds of evidence of a claim, and the grade that each is worth alone: 0 a word, 1 a document."""

MOST_ROUNDS, MOST_CLAIMS, MOST_HELP_RECORDS, MOST_APPLICATIONS = 5, 3, 30, 10
GRADE_FOR_SILENCE = 2
_OVER_PAID = ("settled", "split", "refunded")


# -- what is computed


def grade(evidence: Iterable[Mapping[str, Any]], insider_verified: bool = False) -> int:
    """0 a word, 1 a document, 2 a document of an insider who gets mail at that employer, whose domain staff have
    registered (the listing and the register say so, never the claim).
    """
    best = max((EVIDENCE[each["kind"]] for each in evidence), default=0)
    return best + 1 if best and insider_verified else best


def start_window(change: Change) -> tuple[str, str]:
    """First and last day that a job may start, as ISO dates; both wherever on earth it is."""
    first, last = days_at(change["accepted_at"])[0], days_at(change.now)[1]
    return (first - change.terms.start_on_before).isoformat(), (last + change.terms.start_on_after).isoformat()


# -- conditions


def undisturbed(change: Change) -> bool:
    """Whether no dispute is open, nor was lately, nor was a good proof rejected."""
    if change.get("escrow_status") == "disputed":
        return False
    return bool(change.now >= change.get("undisturbed_until", change.now))


def _asked_by(change: Change) -> frozenset[str]:
    asked = change.get("cancel_asked")
    return frozenset({asked["by"]} if asked else ())


def _both(change: Change, trigger: Trigger) -> bool:
    """The listing's end takes offers that were accepted, too."""
    return trigger.data["status"] in TAKES_ACCEPTED_TOO


def _by_chargeback(change: Change) -> bool:
    """What closed it; where nothing says that, its escrow's status alone goes for it."""
    return bool((change.get("closed") or {}).get("reason", "charged_back") == "charged_back")


FREE = Condition("its price is 0", lambda change, trigger: change["price"] == 0)
PAID = Condition("its price is not 0", lambda change, trigger: change["price"] > 0)
OTHER_ASKED = Condition("the other has asked for it", lambda change, trigger: bool(_asked_by(change) - trigger.roles))
HIRE_OF_CHARGEBACK = Condition(
    "it was hired, and the bank has the payment or gave it back",
    lambda change, trigger: (
        "hire" in change.doc and _by_chargeback(change) and change.get("escrow_status") not in _OVER_PAID
    ),
)
WENT_OTHERWISE = Condition(
    "a chargeback closed it, and an arbiter gave the payment another way",
    lambda change, trigger: _by_chargeback(change) and trigger.data["status"] in _OVER_PAID,
)
TAKEN_TOO = Condition(
    "the listing is filled or removed", lambda change, trigger: _both(change, trigger) and undisturbed(change)
)
TAKEN_LATER = Condition("the listing is filled or removed, and a dispute or a claim is in the way", _both)
CHECK_FAILS = Condition(
    "the listing has ended, or the seeker's reservation is gone",
    lambda change, trigger: (
        is_answered(change, trigger) and (trigger.data["status"] in LISTING_OVER or not trigger.data["reserved"])
    ),
)
CHECK_FAILS_ACCEPTED = Condition(
    "the seeker's reservation is gone, or the listing is filled or removed and no claim is in the way",
    lambda change, trigger: (
        is_answered(change, trigger)
        and undisturbed(change)
        and (not trigger.data["reserved"] or (_both(change, trigger) and change.state != "hire_claimed"))
    ),
)


# -- guards


_OWN = "This listing is your own: nobody deals with themselves."
NO_SELF_DEALING = Guard(
    "no-self-dealing",
    lambda change, trigger: (
        trigger.by != trigger.data["listing"]["insider"] and not trigger.data.get("one_person", False)
    ),
    _OWN,
    "/listing_id",
)
NOT_ONE_PERSON = Guard("no-self-dealing", lambda change, trigger: not trigger.data.get("one_person", False), _OWN)
"""Two accounts may be seen to be one person only after the offer was made."""
LISTING_PUBLISHED = Guard(
    "listing-published",
    lambda change, trigger: trigger.data["listing"]["status"] == "published",
    lambda change, trigger: f"The listing is {trigger.data['listing']['status']}: it takes no new offers.",
    "/listing_id",
    refuses="state",
)
LISTING_LIVES = Guard(
    "listing-ended",
    lambda change, trigger: trigger.data["listing_status"] not in LISTING_OVER,
    lambda change, trigger: f"The listing is {trigger.data['listing_status']}: this offer ends with it.",
    refuses="state",
)


def _kinds(listing: Mapping[str, Any]) -> list[str]:
    return [each["kind"] for each in listing["help"]]


HELP_OFFERED = Guard(
    "help-offered",
    lambda change, trigger: set(trigger.data["help"]) <= set(_kinds(trigger.data["listing"])),
    lambda change, trigger: f"The listing offers {', '.join(_kinds(trigger.data['listing']))}.",
    "/help",
)

HOLDABLE = Guard(
    "max-hold",
    lambda change, trigger: (
        prices.listed_price(trigger.data["listing"], trigger.data["help"]) == 0
        or longest_hold(change.terms, trigger.data["listing"]["tranches"]) <= change.terms.max_hold
    ),
    lambda change, trigger: (
        f"Its payment could have to be held for {longest_hold(change.terms, trigger.data['listing']['tranches']).days} "
        f"days; {change.terms.max_hold.days} are possible. The insider can bring the last tranche forward."
    ),
    "/listing_id",
)


ROUNDS = Guard(
    "rounds-bound",
    lambda change, trigger: change["rounds"] < MOST_ROUNDS,
    f"New terms can be proposed {MOST_ROUNDS} times at most. Now accept, decline or withdraw.",
)
RESERVED = Guard(
    "exposure-reserved",
    lambda change, trigger: change["price"] == 0 or trigger.data.get("reserved") == change["price"],
    "The price changed while it was being accepted: read it again.",
    refuses="state",
)

UNREACHED = no_contact_data("reason", over=lambda change: has_begun(change.doc))
"""Why it is called off is for the other to read: no way to reach each other before the help begins."""
ASKED_ONCE = Guard(
    "cancel-asked-once",
    lambda change, trigger: not _asked_by(change),
    "You have asked already; the other can agree.",
    refuses="state",
)
STAFF_REASON = Guard(
    "staff-reason",
    lambda change, trigger: bool(
        trigger.roles & {"insider", "seeker", "employer", "ats"} or trigger.data.get("reason")
    ),
    "Staff say why.",
    "/reason",
)
START_ON = Guard(
    "start-on-window",
    lambda change, trigger: start_window(change)[0] <= trigger.data["start_on"] <= start_window(change)[1],
    lambda change, trigger: "Expected a day from {} to {}.".format(*start_window(change)),
    "/start_on",
)
APPLICATIONS = Guard(
    "applications-bound",
    lambda change, trigger: change.get("applications", 0) < MOST_APPLICATIONS,
    f"An application is named or taken away {MOST_APPLICATIONS} times at most.",
)
CLAIMS = Guard(
    "claims-bound",
    lambda change, trigger: len(change.get("claims", ())) < MOST_CLAIMS,
    f"A hire is claimed {MOST_CLAIMS} times at most.",
)
CLAIMED_LATE = Guard(
    "claimed-late",
    lambda change, trigger: not any(claim["at"] >= change["lapse_at"] for claim in change.get("claims", ())),
    "After the day on which the offer would have lapsed a hire is claimed once. Who has not disputed yet can do so.",
)


def _end_window(change: Change) -> tuple[str, str]:
    """First and last day that a job may have ended on: a job that never began ends on the day that it was to."""
    start: str = change["hire"]["start_on"]
    return start, max(start, days_at(change.now)[1].isoformat())


ENDED_ON = Guard(
    "ended-on-window",
    lambda change, trigger: _end_window(change)[0] <= trigger.data["on"] <= _end_window(change)[1],
    lambda change, trigger: "Expected a day from {} (the first day of work) to {}.".format(*_end_window(change)),
    "/on",
)
ENDED_ONCE = Guard(
    "ended-once", lambda change, trigger: not change.get("ended"), "Its end is on record already.", refuses="state"
)
_ONLY_AGREED = "Its end is on record already: only what the seeker said of it can be agreed with."
AGREES_WITH_SEEKER = Guard(
    "end-of-seeker", lambda change, trigger: change["ended"]["by"] == "seeker", _ONLY_AGREED, refuses="state"
)
ENDED_ONCE_OR_AGREES = Guard(
    "end-of-seeker",
    lambda change, trigger: (
        not (ended := change.get("ended")) or (ended["by"] == "seeker" and "insider" in trigger.roles)
    ),
    _ONLY_AGREED,
    refuses="state",
)
HELP_AGREED = Guard(
    "help-agreed",
    lambda change, trigger: trigger.data["kind"] in change["help"],
    lambda change, trigger: f"This offer is for {', '.join(change['help'])}.",
    "/kind",
)


def _help_window(change: Change) -> tuple[str, str]:
    """First and last day that help may have been given on: from the acceptance to now, wherever on earth that was."""
    return days_at(change["accepted_at"])[0].isoformat(), days_at(change.now)[1].isoformat()


HELP_ON = Guard(
    "help-on-window",
    lambda change, trigger: _help_window(change)[0] <= trigger.data["on"] <= _help_window(change)[1],
    lambda change, trigger: "Expected a day from {} to {}.".format(*_help_window(change)),
    "/on",
)


def _record(change: Change, trigger: Trigger) -> Mapping[str, Any] | None:
    which = trigger.data["kind"], trigger.data["on"]
    return next((each for each in change.get("given", ()) if (each["kind"], each["on"]) == which), None)


HELP_ONCE = Guard(
    "help-once", lambda change, trigger: _record(change, trigger) is None, "That is on record already.", refuses="state"
)
HELP_BOUND = Guard(
    "help-bound",
    lambda change, trigger: len(change.get("given", ())) < MOST_HELP_RECORDS,
    f"An offer keeps {MOST_HELP_RECORDS} records of help at most.",
)
HELP_RECORDED = Guard(
    "help-recorded",
    lambda change, trigger: _record(change, trigger) is not None,
    "No such help is on record: the insider records it first.",
    refuses="state",
)
HELP_ANSWERED_ONCE = Guard(
    "help-answered",
    lambda change, trigger: "answer" not in (_record(change, trigger) or {}),
    "It is answered already.",
    refuses="state",
)
NOT_BEGUN = Guard(
    "begun-once", lambda change, trigger: not has_begun(change.doc), "The help has begun already.", refuses="state"
)
HAS_TEXT = Guard(
    "review-text",
    lambda change, trigger: "text" in change.get("reviews", {}).get(trigger.data["of"], {}),
    "There is no such review, or it has no text.",
    refuses="state",
)
