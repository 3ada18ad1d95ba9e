"""What the rows of the offer's lifecycle do to the document, and what its events carry. Pure.

The document is `documents.OfferDocument`.
"""

from collections.abc import Mapping
from typing import Any

from services.matching.offer import beginning, messages, places, prices, rules
from services.matching.offer.deadlines import BEGIN, CLOSING, EXPIRE, LAPSE, SILENCE, clear, deadline
from shared.aggregate import Change, Trigger, close_task, is_answered, open_task
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


def _over(change: Change) -> None:
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
    return {name: value for name, value in found.items() if value}


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
    _over(change)
    return _by_actor(trigger, "offer.declined", "offer.withdrawn")


def expire(change: Change, trigger: Trigger) -> None:
    _over(change)


# -- calling it off


def _cancel(change: Change, trigger: Trigger, code: str) -> Extra:
    _over(change)
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


def person_left(change: Change, trigger: Trigger) -> Extra:
    """One of the two asked to be forgotten."""
    _over(change)
    change.set(cancelled={"by": trigger.data["by"], "at": change.now, "code": "left"})
    return {"offer.cancelled": {"by": trigger.data["by"], "reason": "left"}}


def listing_ended(change: Change, trigger: Trigger) -> Extra:
    return _listing_over(change, trigger, trigger.data["status"])


def closing_due(change: Change, trigger: Trigger) -> Extra:
    return _listing_over(change, trigger, change["closing"])


def consent_ended(change: Change, trigger: Trigger) -> Extra:
    """The employer said no before the help began: what was paid goes back."""
    _over(change)
    change.set(cancelled={"by": "system", "at": change.now, "code": "consent_ended"})
    return {"offer.cancelled": {"by": "system", "reason": "consent_ended"}}


def remember_closing(change: Change, trigger: Trigger) -> None:
    """The listing is over, but a claim or a dispute is in the way: later, if that comes to nothing."""
    change.set(closing=trigger.data["status"], live_on=None)
    if change.state != "hire_claimed":
        deadline(change, CLOSING, change.now)


def _listing_over(change: Change, trigger: Trigger, status: str) -> Extra:
    _over(change)
    change.set(cancelled={"by": "system", "at": change.now, "code": f"listing_{status}"})
    return {"offer.cancelled": {"by": "system", "reason": f"listing_{status}"}}


def checked(change: Change, trigger: Trigger) -> None:
    """The worker looked. What it found of an older question is dropped."""
    if not is_answered(change, trigger):
        return
    close_task(change)
    if change.state in ("accepted", "active", "hire_claimed") and trigger.data["status"] in rules.TAKES_ACCEPTED_TOO:
        remember_closing(change, trigger)


def check_failed(change: Change, trigger: Trigger) -> Extra:
    if trigger.data["reserved"]:
        return _listing_over(change, trigger, trigger.data["status"])
    _over(change)
    change.set(cancelled={"by": "system", "at": change.now, "code": "no_reservation"})
    return {"offer.cancelled": {"by": "system", "reason": "no_reservation"}}


# -- help and hire


def help_given(change: Change, trigger: Trigger) -> Extra:
    given = {"kind": trigger.data["kind"], "on": trigger.data["on"], "at": change.now}
    change.set(given=[*change.get("given", []), given])
    return {"help.given": {"kind": given["kind"], "on": given["on"]}}


def help_answered(change: Change, trigger: Trigger) -> Extra:
    which, answer = (trigger.data["kind"], trigger.data["on"]), trigger.data["answer"]
    answered = [{**g, "answer": answer} if (g["kind"], g["on"]) == which else g for g in change["given"]]
    change.set(given=answered)
    return {"help.given": {"kind": which[0], "on": which[1], "answer": answer}}


def name_application(change: Change, trigger: Trigger) -> None:
    change.set(application=trigger.data["reference"], applications=change.get("applications", 0) + 1)


def claim(change: Change, trigger: Trigger) -> Extra:
    """An insider's claim. Well proved, it becomes the hire by silence, and nothing lapses before that."""
    grade = rules.grade(trigger.data["evidence"], trigger.data.get("insider_verified", False))
    made = {"at": change.now, "start_on": trigger.data["start_on"], "evidence": list(trigger.data["evidence"])}
    change.push("claims", made | {"grade": grade})
    clear(change, CLOSING)
    if grade >= rules.GRADE_FOR_SILENCE:
        clear(change, LAPSE)
        deadline(change, SILENCE, change.now + change.terms.silence)
    return {"hire.claimed": {"start_on": trigger.data["start_on"], "evidence_grade": grade}}


def reject_claim(change: Change, trigger: Trigger) -> None:
    clear(change, SILENCE)
    deadline(change, LAPSE, max(change["lapse_at"], change.now))
    if change.get("closing"):
        deadline(change, CLOSING, change.now)


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
    _over(change)
    record(change, trigger)
    change.set(hire=hire, hired_by=change["insider"], hired_at=f"{format_time(change.now)} {change.id}")
    return {"hire.confirmed": hire}


def end(change: Change, trigger: Trigger) -> Extra:
    who, on = actor(trigger), trigger.data["on"]
    change.set(ended={"by": who, "on": on, "at": change.now})
    return {"hire.ended": {"by": who, "on": on}}


def lapse(change: Change, trigger: Trigger) -> None:
    _over(change)


def close(change: Change, trigger: Trigger) -> Extra:
    reason = trigger.name.removeprefix("escrow.")
    _over(change)
    change.set(closed={"at": change.now, "reason": reason})
    return {"offer.closed": {"reason": reason}}
