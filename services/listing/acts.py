"""What the rows of the listing's lifecycle do to the document, and what its events carry. Pure.

The document is `documents.ListingDocument`.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.listing.rules import Rules
from services.listing.search import index
from shared import codes
from shared.aggregate import Breach, Change, Trigger
from shared.clock import format_time
from shared.places import place_of

Act = Callable[[Change, Trigger], None]
EXPIRY, REVIEW, LICENCE, DRAFT = "expiry", "review", "licence", "draft"
_DAY = timedelta(days=1)
ONE_PAYOUT = [{"due_day": 0, "bps": 10_000}]


def public(change: Change) -> dict[str, Any]:
    """What every `listing.*` event carries: codes and amounts, no text of the insider's, no employer's name."""
    pay = change["pay"]
    return {
        "listing_id": change.id,
        "insider": change["insider"],
        "status": change.state,
        **({"subdivision": change["subdivision"]} if change.get("subdivision") else {}),
        **{name: change[name] for name in ("licence", "seeker_asked") if change.get(name)},
        **({"price_cap": change["price_cap"]} if change.get("price_cap") is not None else {}),
        **{name: change[name] for name in ("country", "industry", "occupation", "seats", "tranches", "leaving_on")},
        "region": change.get("region"),
        "skills": change.get("skills", []),
        **({"skill_codes": found} if (found := codes.coded("ESCO", change.get("skills", []))) else {}),
        "pay": {"min": pay["min"], "max": pay["max"], "per": pay["per"]},
        "help": [{"kind": each["kind"], "price": each["price"]["amount"]} for each in change["help"]],
        "currency": pay["currency"],
        "published_at": change.get("published_at"),
        "insider_verified": change.get("insider_verified", False),
        **({"workplace_mark": change["workplace_mark"]} if change.get("workplace_mark") else {}),
    }


# -- acts


def create(rules: Rules) -> Act:
    def act(change: Change, trigger: Trigger) -> None:
        change.set(**{"tranches": ONE_PAYOUT, "seats": 1, **trigger.data})
        change.set(insider=trigger.by, created_at=change.now, hired=0, edits=0)
        change.set(unsubmitted=unsubmitted(str(trigger.by), change.now))
        draft_ends(change)
        under_licence(rules, change)
        index(change)

    return act


def unsubmitted(person: str, written: datetime) -> str:
    """What a listing has until it is handed in: by these those of a person are counted (`drafts`)."""
    return f"{person} {format_time(written)}"


def draft_ends(change: Change) -> None:
    """A draft that nobody touches is withdrawn by itself; what is none has no such end. One that an older version wrote
    gets it when it is touched.
    """
    change.schedule(DRAFT, change.now + change.terms.draft_expiry if change.state == "draft" else None)


def revise(rules: Rules) -> Act:
    def act(change: Change, trigger: Trigger) -> None:
        change.set(**trigger.data)
        under_licence(rules, change)
        edited(change, trigger)

    return act


def under_licence(rules: Rules, change: Change) -> None:
    """The licence that a price stands under is shown wherever the price is."""
    licence = rules.licence(change.doc, change.now.date())
    shown = licence and licence.shown()
    if shown != change.get("licence"):
        change.set(licence=shown)


def licence_ends(change: Change) -> None:
    """The day after its last day it is looked for the one that follows."""
    licence = change.get("licence")
    change.schedule(LICENCE, licence and _midnight(date.fromisoformat(licence["valid_until"]) + _DAY))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def renew_licence(rules: Rules) -> Act:
    """The act of standing under the licence that holds now."""

    def act(change: Change, trigger: Trigger) -> None:
        under_licence(rules, change)
        licence_ends(change)

    return act


def wait_for_licence(change: Change, trigger: Trigger) -> None:
    """The one that has ended stays, so that offers with a price are refused by it."""
    change.schedule(LICENCE, change.now + _DAY)


def edited(change: Change, trigger: Trigger) -> None:
    change.set(edits=change["edits"] + 1)
    draft_ends(change)
    index(change)


def verify_insider(change: Change, trigger: Trigger) -> None:
    change.set(insider_verified=True)


def unverify_insider(change: Change, trigger: Trigger) -> None:
    change.set(insider_verified=False)


def submit(change: Change, trigger: Trigger) -> None:
    change.schedule(REVIEW, change.now)
    change.set(review=None, rested=None, unsubmitted=None)
    edited(change, trigger)


def publish(change: Change, rules: Rules, by: str) -> None:
    """From now on it is found, for as long as the terms say."""
    change.schedule(REVIEW, None)
    change.schedule(EXPIRY, change.now + change.terms.listing_expiry)
    change.set(published_at=change.now)
    under_licence(rules, change)
    licence_ends(change)
    decided(rules, change)
    decide(change, "published", by, rules=rules.applied(change.doc))
    index(change)


def decided(rules: Rules, change: Change) -> None:
    """What the place decided for this listing, for whoever holds an offer to it."""
    pay, help_kinds = change["pay"], [each["kind"] for each in change["help"]]
    found = rules.places.questions_of(place_of(change.doc), help_kinds)
    change.set(
        price_cap=rules.places.cap.of(pay["min"], pay["per"], pay["currency"]),
        seeker_asked=[{"rule": each.id, "asks": each.asks, "help": list(each.help)} for each in found] or None,
    )


def publish_clean(rules: Rules) -> Act:
    """The act of publishing what keeps every rule."""
    return lambda change, trigger: publish(change, rules, by="rules")


def publish_anyway(rules: Rules) -> Act:
    """The act of a moderator who publishes what the rules held."""
    return lambda change, trigger: publish(change, rules, by=str(trigger.by))


def hold_for_moderator(rules: Rules) -> Act:
    return lambda change, trigger: decide(change, "held", "rules", reasons=rules.all(change.doc, change.now.date()))


def revise_published(rules: Rules) -> Act:
    def act(change: Change, trigger: Trigger) -> None:
        revise(rules)(change, trigger)
        licence_ends(change)
        decided(rules, change)
        decide(change, "revised", "rules", rules=rules.applied(change.doc))

    return act


def rest_from(state: str) -> Act:
    """The search does not find it; its time goes on, and so do its offers."""

    def act(change: Change, trigger: Trigger) -> None:
        change.set(rested={"was": state, "at": change.now})
        decide(change, "rested", "reports")
        index(change)

    return act


def keep(change: Change, trigger: Trigger) -> None:
    change.set(rested=None)
    decide(change, "kept", str(trigger.by))
    index(change)


def close(change: Change, trigger: Trigger) -> None:
    """No timer counts any more, and the search does not find it."""
    change.set(rested=None)
    rest_timers(change)
    index(change)


def rest_timers(change: Change) -> None:
    for timer in (REVIEW, EXPIRY, LICENCE, DRAFT):
        change.schedule(timer, None)


def count_hire(change: Change, trigger: Trigger) -> None:
    change.set(hired=change["hired"] + 1)
    if change.state == "filled":
        close(change, trigger)


def send_back(change: Change, trigger: Trigger) -> dict[str, Any]:
    change.schedule(REVIEW, None)
    draft_ends(change)
    decide(change, "returned", str(trigger.by), reason=trigger.data["reason"], note=trigger.data.get("note"))
    index(change)
    return {"listing.returned": {"reason": trigger.data["reason"]}}


def remove(change: Change, trigger: Trigger) -> dict[str, Any]:
    close(change, trigger)
    decide(change, "removed", str(trigger.by), reason=trigger.data["reason"], note=trigger.data.get("note"))
    return {"listing.removed": {"reason": trigger.data["reason"]}}


def decide(
    change: Change,
    outcome: str,
    by: str,
    *,
    rules: list[str] | None = None,
    reasons: list[Breach] | None = None,
    reason: str | None = None,
    note: str | None = None,
) -> None:
    """Record a decision, for its insider and for the audit. `by` is `rules` or a moderator's person_id."""
    decision: dict[str, Any] = {"outcome": outcome, "by": by, "at": change.now, "rules": rules or []}
    decision["reasons"] = [{"rule": r.rule, "pointer": r.pointer, "message": r.message} for r in reasons or ()]
    decision |= {name: value for name, value in (("reason", reason), ("note", note)) if value}
    change.set(review=decision)
    change.push("audit", decision)
