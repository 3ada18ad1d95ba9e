"""What the rows of the offer's lifecycle do to the document, and what its events carry. Pure.

The document is `documents.OfferDocument`.
"""

from collections.abc import Mapping
from typing import Any

from services.matching.offer import beginning, going_on, messages, places, prices, rules
from services.matching.offer.deadlines import BEGIN, CLOSING, EXPIRE, LAPSE, SILENCE, clear, deadline, leave_undisturbed
from shared.aggregate import Change, Trigger, close_task, open_task
from shared.clock import format_time

Extra = Mapping[str, Mapping[str, Any]]

STAFF = ("arbiter", "moderator")
_ACTORS = ("employer", "ats", "insider", "seeker", *STAFF)
_PUBLIC = ("listing_id", "insider", "seeker", "help", "price", "currency", "tranches", "fee_bps")


def public(change: Change) -> dict[str, Any]:
    """What every `offer.*`, `hire.*` and `help.given` carries: the parties, the status, the terms."""
    terms = {name: change[name] for name in _PUBLIC}
    return {"offer_id": change.id, "status": change.state, "accepted_at": change.get("accepted_at"), **terms}


def actor(trigger: Trigger) -> str:
    """Who does it: insider, seeker, employer, ats, staff, or system where nobody does."""
    found = next((role for role in _ACTORS if role in trigger.roles), "system")
    return "staff" if found in STAFF else found


def _by_actor(trigger: Trigger, *events: str, **more: Any) -> Extra:
    return {event: {"by": actor(trigger), **more} for event in events}


def record(change: Change, trigger: Trigger) -> None:
    """Record what staff do, with their reason."""
    if actor(trigger) == "staff":
        done = {"by": trigger.by, "at": change.now, "action": trigger.name}
        change.push("audit", done | {"reason": trigger.data.get("reason")})


def _check(change: Change, why: str) -> None:
    """In a moment the worker looks whether the listing is still open to it, and the seeker's reservation there."""
    open_task(change, f"{change.id}:check:{why}", "check", change.now + change.terms.offer_check)


def over(change: Change) -> None:
    """Nothing is left to happen by itself, and no listing's end concerns it any more."""
    clear(change, EXPIRE, LAPSE, SILENCE, CLOSING, BEGIN)
    close_task(change)
    change.set(live_on=None, cancel_asked=None, closing=None)


# -- the agreement


def propose(change: Change, trigger: Trigger) -> None:
    listing, help_kinds = trigger.data["listing"], trigger.data["help"]
    listed_price = prices.listed_price(listing, help_kinds)
    asked = trigger.data.get("price")
    change.set(
        listing_id=listing["listing_id"],
        insider=listing["insider"],
        seeker=trigger.by,
        help=list(help_kinds),
        price=asked["amount"] if asked else listed_price,
        currency=listing["currency"],
        tranches=listing["tranches"],
        fee_bps=change.terms.fee_bps,
        listed_price=listed_price,
        most=prices.most(listing, help_kinds),
        proposed_by="seeker",
        rounds=0,
        parties=[listing["insider"], trigger.by],
        position=f"{format_time(change.now)} {change.id}",
        live_on=listing["listing_id"],
        **places_of(listing, trigger),
    )
    messages.add_message(change, "seeker", trigger)
    change.schedule(EXPIRE, change.now + change.terms.offer_expiry)
    _check(change, "made")


def places_of(listing: Mapping[str, Any], trigger: Trigger) -> dict[str, Any]:
    """What the law of the place asks of this offer, and what the seeker declared."""
    found = {
        "seeker_asked": places.asked(listing, trigger.data["help"]),
        "declares": trigger.data.get("declares"),
        "licence": listing.get("licence"),
        "place": trigger.data.get("place"),
    }
    # A copy by an event of an older version does not say how often there was a no, only which was told last.
    times = max(beginning.times_of_no(listing), listing.get("consent_closed", 0))
    return {name: value for name, value in found.items() if value} | {"consent_times": times}


def under_licence(change: Change, trigger: Trigger) -> None:
    """Where the operator's licence was renewed since, the price stands under the new one."""
    licence = trigger.data.get("licence")
    if licence and licence != change.get("licence"):
        change.set(licence=licence)


def counter(change: Change, trigger: Trigger) -> Extra:
    change.set(price=trigger.data["price"]["amount"], proposed_by=actor(trigger), rounds=change["rounds"] + 1)
    if declares := trigger.data.get("declares"):
        change.set(declares={**(change.get("declares") or {}), **declares})
    under_licence(change, trigger)
    messages.add_message(change, actor(trigger), trigger)
    change.schedule(EXPIRE, change.now + change.terms.offer_expiry)
    return _by_actor(trigger, "offer.countered")


def accept(change: Change, trigger: Trigger) -> Extra:
    change.set(accepted_at=change.now, accepted_by=actor(trigger))
    under_licence(change, trigger)
    change.schedule(EXPIRE, None)
    _check(change, "accepted")
    return _by_actor(trigger, "offer.accepted")


def accept_free(change: Change, trigger: Trigger) -> Extra:
    """No money: it is active at once, and begins."""
    extra = accept(change, trigger)
    change.set(escrow_status="free")
    return {**extra, **beginning.activate_begun(change, trigger)}


def decline(change: Change, trigger: Trigger) -> Extra:
    over(change)
    return _by_actor(trigger, "offer.declined", "offer.withdrawn")


def expire(change: Change, trigger: Trigger) -> None:
    over(change)


# -- calling it off


def _cancel(change: Change, trigger: Trigger, code: str) -> Extra:
    over(change)
    record(change, trigger)
    done = {"by": actor(trigger), "at": change.now, "code": code, "reason": trigger.data.get("reason")}
    change.set(cancelled=done)
    return _by_actor(trigger, "offer.cancelled", reason=code)


def cancel_alone(change: Change, trigger: Trigger) -> Extra:
    return _cancel(change, trigger, "alone")


def cancel_agreed(change: Change, trigger: Trigger) -> Extra:
    return _cancel(change, trigger, "agreed")


def cancel_by_staff(change: Change, trigger: Trigger) -> Extra:
    return _cancel(change, trigger, "staff")


def ask_cancel(change: Change, trigger: Trigger) -> Extra:
    change.set(cancel_asked={"by": actor(trigger), "at": change.now, "reason": trigger.data.get("reason")})
    return _by_actor(trigger, "offer.cancel_asked")


# -- help and hire


def help_given(change: Change, trigger: Trigger) -> Extra:
    given = {"kind": trigger.data["kind"], "on": trigger.data["on"], "at": change.now}
    change.set(given=[*change.get("given", []), given])
    going_on.goes_on_helping(change, given["on"])
    return {"help.given": {"kind": given["kind"], "on": given["on"]}}


def help_answered(change: Change, trigger: Trigger) -> Extra:
    which, answer = (trigger.data["kind"], trigger.data["on"]), trigger.data["answer"]
    answered = [{**g, "answer": answer} if (g["kind"], g["on"]) == which else g for g in change["given"]]
    change.set(given=answered)
    return {"help.given": {"kind": which[0], "on": which[1], "answer": answer}}


def name_application(change: Change, trigger: Trigger) -> None:
    change.set(application=trigger.data["reference"], applications=change.get("applications", 0) + 1)
    if trigger.data["reference"]:
        going_on.goes_on(change, "seeker", change.now)


def claim(change: Change, trigger: Trigger) -> Extra:
    """An insider's claim. Well proved, it becomes the hire by silence, and nothing lapses before that."""
    grade = rules.grade(trigger.data["evidence"], trigger.data.get("insider_verified", False))
    made = {"at": change.now, "start_on": trigger.data["start_on"], "evidence": list(trigger.data["evidence"])}
    change.push("claims", made | {"grade": grade})
    going_on.goes_on(change, "insider", change.now)
    clear(change, CLOSING)
    if grade >= rules.GRADE_FOR_SILENCE:
        clear(change, LAPSE)
        deadline(change, SILENCE, change.now + change.terms.silence)
    return {"hire.claimed": {"start_on": trigger.data["start_on"], "evidence_grade": grade}}


def reject_claim(change: Change, trigger: Trigger) -> Extra:
    """After a well-proved one the insider has some days to dispute that or to claim again, before anything ends."""
    clear(change, SILENCE)
    if change["claims"][-1]["grade"] >= rules.GRADE_FOR_SILENCE:
        leave_undisturbed(change)
    deadline(change, LAPSE, max(change["lapse_at"], change.now))
    if change.get("closing"):
        deadline(change, CLOSING, change.now)
    return {"hire.rejected": {"again": _may_claim_again(change, trigger)}}


def _may_claim_again(change: Change, trigger: Trigger) -> bool:
    """Whether the rules let the insider claim once more, and the offer does not end in this moment."""
    ends = [at for name, at in change.timers.items() if name in (LAPSE, CLOSING)]
    allowed = all(guard.holds(change, trigger) for guard in (rules.CLAIMS, rules.CLAIMED_LATE))
    return allowed and all(at > change.now for at in ends)


def confirm(change: Change, trigger: Trigger) -> Extra:
    who = actor(trigger)
    confirmed_by = {"staff": "arbiter", "system": "silence"}.get(who, who)
    claims = change.get("claims", [])
    last = claims[-1] if claims else {}
    grade = 3 if who in ("employer", "ats") else int(last.get("grade", 0))
    hire = {
        "start_on": trigger.data.get("start_on") or last["start_on"],
        "confirmed_by": confirmed_by,
        "evidence_grade": grade,
        "confirmed_at": change.now,
    }
    over(change)
    record(change, trigger)
    change.set(hire=hire, hired_by=change["insider"], hired_at=f"{format_time(change.now)} {change.id}")
    return {"hire.confirmed": hire}


def end(change: Change, trigger: Trigger) -> Extra:
    who, on = actor(trigger), trigger.data["on"]
    change.set(ended={"by": who, "on": on, "at": change.now})
    return {"hire.ended": {"by": who, "on": on}}


def lapse(change: Change, trigger: Trigger) -> None:
    over(change)


def close(change: Change, trigger: Trigger) -> Extra:
    reason = trigger.name.removeprefix("escrow.")
    if reason == "refunded" and trigger.data["status"] == "probation":
        reason = "split"  # of which each is given theirs by itself
    over(change)
    change.set(closed={"at": change.now, "reason": reason})
    return {"offer.closed": {"reason": reason}}


def close_otherwise(change: Change, trigger: Trigger) -> None:
    """Its payment was charged back, but it went another way before that, or after the bank gave it back."""
    change.set(closed={**change.get("closed", {"at": change.now}), "reason": trigger.name.removeprefix("escrow.")})
