"""What confirms a hire, who calls an offer off and when, stated once more: from the design (section 4), not from the
lifecycle's table. Each rule is about one step of one offer.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from tests.support.steps import Rules, Step

Doc = Mapping[str, Any]
OPEN = ("proposed", "countered")
HIRING = ("active", "hire_claimed")
STAFF = frozenset({"arbiter", "moderator"})
ALONE_WITHIN = timedelta(hours=48)
SILENCE = timedelta(days=14)
LAPSES_AFTER = timedelta(days=75)
AFTER_PROOF = timedelta(days=7)
START_BEFORE, START_AFTER = timedelta(days=30), timedelta(days=365)


def party(step: Step) -> str | None:
    """Which of the two it is by."""
    return next((role for role in ("insider", "seeker") if step.trigger.by == step.before.get(role)), None)


def disputed(doc: Doc) -> bool:
    return doc.get("escrow_status") == "disputed"


def proved_and_silent(step: Step) -> bool:
    """The insider's last claim has evidence of grade 2 or more, and the seeker had their time to answer."""
    claim = step.before["claims"][-1]
    return bool(claim["grade"] >= 2 and step.trigger.at >= claim["at"] + SILENCE and not disputed(step.before))


# -- the agreement


def proposed_by_a_seeker(step: Step) -> bool:
    if step.trigger.name != "propose":
        return True
    listing = step.trigger.data["listing"]
    return bool(step.trigger.by == step.after["seeker"] != step.after["insider"] == listing["insider"])


def answered_by_the_other(step: Step) -> bool:
    if step.trigger.name not in ("counter", "accept", "decline", "withdraw"):
        return True
    who, maker = party(step), step.before["proposed_by"]
    return step.before["state"] in OPEN and who is not None and (who == maker) == (step.trigger.name == "withdraw")


def accepted_by_accepting(step: Step) -> bool:
    return ("offer.accepted" in step.events) == (step.trigger.name == "accept")


def agreed_terms_stand(step: Step) -> bool:
    if not step.before.get("accepted_at"):
        return True
    names = ("insider", "seeker", "price", "currency", "tranches", "fee_bps", "help", "accepted_at")
    return all(step.before.get(name) == step.after.get(name) for name in names)


def active_once_paid_for(step: Step) -> bool:
    if "offer.activated" not in step.events:
        return True
    return step.trigger.name == "escrow.held" or (step.trigger.name == "accept" and step.before["price"] == 0)


def begun_as_it_may(step: Step) -> bool:
    if "offer.begun" not in step.events:
        return True
    if "begun_at" in step.before or step.before.get("closing") == "consent_ended":
        return False
    match step.trigger.name:
        case "begin":
            return party(step) == "seeker" and step.before["state"] in HIRING
        case "escrow.held":
            return bool(step.trigger.data.get("begin"))
        case "timer:begin":
            return step.trigger.at >= step.before["accepted_at"] + ALONE_WITHIN and not disputed(step.before)
        case name:
            return name == "accept" and step.before["price"] == 0


# -- the hire


def confirmed_by_who_may(step: Step) -> bool:
    if "hire.confirmed" not in step.events:
        return True
    if step.before["state"] not in HIRING or step.before.get("hire"):
        return False
    said, trigger = step.events["hire.confirmed"]["confirmed_by"], step.trigger
    if trigger.name == "timer:silence":
        return bool(said == "silence" and step.before["state"] == "hire_claimed" and proved_and_silent(step))
    may = {
        "seeker": party(step) == "seeker",
        "employer": "employer" in trigger.roles,
        "ats": "ats" in trigger.roles,
        "arbiter": "arbiter" in trigger.roles and party(step) is None and bool(trigger.data.get("reason")),
    }
    return trigger.name == "confirm_hire" and may.get(said, False)


def starts_within_the_window(step: Step) -> bool:
    if step.trigger.name not in ("confirm_hire", "claim_hire"):
        return True
    start, accepted = date.fromisoformat(step.trigger.data["start_on"]), step.before["accepted_at"].date()
    return bool(accepted - START_BEFORE <= start <= step.trigger.at.date() + START_AFTER)


def claimed_by_the_insider(step: Step) -> bool:
    who = {"claim_hire": "insider", "record_help": "insider", "reject_hire": "seeker", "answer_help": "seeker"}
    return party(step) == who.get(step.trigger.name, party(step))


def ended_after_the_hire(step: Step) -> bool:
    if "hire.ended" not in step.events:
        return True
    by = party(step) is not None or "employer" in step.trigger.roles
    if step.before["state"] == "ended":
        return party(step) == "insider" and step.before["ended"]["by"] == "seeker"
    if step.before["state"] == "closed" and step.before.get("ended"):
        return party(step) == "insider" and step.before["ended"]["by"] == "seeker"
    stands = step.before["state"] in ("hired", "completed", "closed") and bool(step.before.get("hire"))
    if step.before["state"] == "closed":  # a chargeback alone may be taken back
        stands = stands and step.before["closed"]["reason"] == "charged_back"
    return by and stands and not step.before.get("ended")


def ended_not_before_it_began(step: Step) -> bool:
    return "hire.ended" not in step.events or step.trigger.data["on"] >= step.before["hire"]["start_on"]


# -- calling it off


def cancelled_by_who_may(step: Step) -> bool:
    if "offer.cancelled" not in step.events:
        return True
    before, trigger = step.before, step.trigger
    if before["state"] not in (*OPEN, "accepted", *HIRING):
        return False
    if trigger.kind == "command":
        return before["state"] not in OPEN and trigger.name == "cancel" and _by_command(step)
    if trigger.name == "person.erased":
        return before["state"] in OPEN or before["price"] == 0
    if trigger.name == "consent.ended":
        concerned = before["price"] > 0 and bool({*before["help"]} & {*trigger.data["help"]})
        return before["state"] in OPEN or (concerned and not disputed(before) and not before.get("begun_at"))
    return trigger.name in ("listing.ended", "timer:closing", "checked") and _with_the_listing(step)


def keeps_the_employers_no(step: Step) -> bool:
    """Paid help that needs consent and has not begun ends by the employer's no, at once or later: it is not lost."""
    before, after = step.before, step.after
    if step.trigger.name == "consent.ended" and before["state"] in ("accepted", *HIRING):
        concerned = before["price"] > 0 and bool({*before["help"]} & {*step.trigger.data["help"]})
        kept = after["state"] == "cancelled" or after.get("closing") == "consent_ended"
        return kept or not concerned or "begun_at" in before
    if before.get("closing") != "consent_ended" or after["state"] not in ("accepted", *HIRING):
        return True
    ends = {*after.get("timers", {}), *after.get("waiting", {})}
    return after.get("closing") == "consent_ended" and (after["state"] == "hire_claimed" or "closing" in ends)


def _by_command(step: Step) -> bool:
    who, asked = party(step), step.before.get("cancel_asked")
    if who is None:
        return bool(step.trigger.roles & STAFF and step.trigger.data.get("reason"))
    alone = step.trigger.at < step.before["accepted_at"] + ALONE_WITHIN and step.before["state"] != "hire_claimed"
    alone = alone and not (who == "seeker" and step.before["price"] and "begun_at" in step.before)
    return alone or bool(asked and asked["by"] != who)


def _with_the_listing(step: Step) -> bool:
    before, data = step.before, step.trigger.data
    if step.trigger.name == "timer:closing" and before.get("closing") == "consent_ended":
        return before["price"] > 0 and "begun_at" not in before and not disputed(before)
    status = before.get("closing") if step.trigger.name == "timer:closing" else data["status"]
    unreserved = step.trigger.name == "checked" and not data["reserved"]
    if before["state"] in OPEN:
        return unreserved or status in ("draft", "filled", "expired", "withdrawn", "removed")
    if disputed(before):
        return False
    return unreserved or (status in ("filled", "removed") and before["state"] != "hire_claimed")


def asked_in_vain(step: Step) -> bool:
    """Later than 48 h one can only ask, and what is asked moves nothing."""
    if "offer.cancel_asked" not in step.events:
        return True
    return party(step) is not None and step.before["state"] == step.after["state"]


def takes_back_by_going_on(step: Step) -> bool:
    """An insider who claims the hire, a seeker who begins or pays: their own earlier request is agreed to no more."""
    who = {"claim_hire": "insider", "begin": "seeker", "escrow.held": "seeker"}.get(step.trigger.name)
    asked = step.after.get("cancel_asked")
    return not asked or asked["by"] != who or asked["at"] > step.trigger.at


def lapses_in_time(step: Step) -> bool:
    if "offer.lapsed" not in step.events or step.trigger.name == "escrow.lapsed":
        return True
    before, at = step.before, step.trigger.at
    waits = before["state"] == "hire_claimed" and before["claims"][-1]["grade"] >= 2
    return bool(
        before["state"] in HIRING and at >= before["activated_at"] + LAPSES_AFTER and not disputed(before) and not waits
    )


def leaves_days_after_a_proof(step: Step) -> bool:
    """Who proved a hire well and was told no has days to dispute that, or to claim again: nothing ends by itself."""
    if step.trigger.name != "reject_hire" or step.after["claims"][-1]["grade"] < 2:
        return True
    ends = [at for name, at in step.after.get("timers", {}).items() if name in ("lapse", "closing")]
    least = step.trigger.at + AFTER_PROOF
    return bool(min(ends, default=least) >= least and step.after.get("undisturbed_until", step.trigger.at) >= least)


def follows_the_money(step: Step) -> bool:
    """Completed, where it costs something, by a settled escrow alone; closed where the money went another way."""
    went = {
        "offer.completed": ("escrow.settled",),
        "offer.closed": ("escrow.refunded", "escrow.split", "escrow.charged_back"),
    }
    return all(
        name not in step.events or step.trigger.name in causes or step.before["price"] == 0
        for name, causes in went.items()
    )


HIRES: Rules = {
    "a seeker proposes, to another": proposed_by_a_seeker,
    "the other answers, who proposed withdraws": answered_by_the_other,
    "accepted is what was accepted": accepted_by_accepting,
    "what was agreed stands": agreed_terms_stand,
    "active once the money is held, at price 0 at once": active_once_paid_for,
    "a hire is confirmed by the seeker, the employer, its system, an arbiter with a reason, or silence after proof": (
        confirmed_by_who_may
    ),
    "a job starts within the window": starts_within_the_window,
    "the insider claims, the seeker answers": claimed_by_the_insider,
    "only a hire ends, once, and the insider may agree with the seeker": ended_after_the_hire,
    "an end is not before the first day": ended_not_before_it_began,
    "begun by the seeker, by itself after 48 h, at price 0 at once, and once": begun_as_it_may,
    "alone within 48 h, later together or by staff with a reason, with a listing that is filled or removed": (
        cancelled_by_who_may
    ),
    "the employer's no is not lost": keeps_the_employers_no,
    "asking moves nothing": asked_in_vain,
    "who goes on takes back what they asked": takes_back_by_going_on,
    "lapses after 75 days, not under a proof or a dispute": lapses_in_time,
    "a rejected proof leaves days to dispute it": leaves_days_after_a_proof,
    "its end is where the money went": follows_the_money,
}
