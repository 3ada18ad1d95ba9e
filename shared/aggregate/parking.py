"""Triggers that came too early: they stay in their document, and are offered to it again after each change.

Each is kept in `parked` as {id, name, kind, data, at, sequence, parked_at, then} and, where it applies, `until` (its
cell's limit), `offer_at` (it was left here to be folded at once), `reason` and `error` (it died, and waits to be sent
as a dead letter), `traceparent` and `record`. `then` is always "reject", for workers of the version before.
"""

import traceback
from collections.abc import Callable, Mapping
from typing import Any

from shared.aggregate.change import Change, Trigger
from shared.aggregate.table import Park
from shared.aggregate.verdict import PARKED, Verdict, rejected

PARKED_TIMER = "parked"
LEFT_TIMER = "left"
Parked = dict[str, Any]


def park(change: Change, trigger: Trigger, how: Park) -> None:
    """Keep the trigger until a state takes it, or the limit is over."""
    _add_parked(change, trigger, {"until": change.now + how.limit} if how.limit else {})


def leave(change: Change, trigger: Trigger) -> None:
    """Keep the trigger for the worker's poller, which folds it at once."""
    _add_parked(change, trigger, {"offer_at": change.now})


def unparked(parked: Mapping[str, Any]) -> Trigger:
    """The trigger that was parked."""
    return Trigger(
        name=parked["name"],
        id=parked["id"],
        kind=parked["kind"],
        at=parked["at"],
        data=parked["data"],
        sequence=parked["sequence"],
        traceparent=parked.get("traceparent"),
        record=parked.get("record"),
    )


def offer_again(change: Change, stays: Callable[[Trigger], Park | None], take: Callable[[Trigger], Verdict]) -> None:
    """Offer each parked trigger to the new state, oldest first, until none moves any more.

    `stays` says how it is parked in this state, None where the state has another answer, which `take` gives.
    """
    moved = True
    while moved:
        oldest_first = sorted(change.parked, key=lambda p: (p["at"], p["sequence"], p["id"]))
        moved = any(_offer(change, parked, stays, take) for parked in oldest_first if "reason" not in parked)


def drop_overdue(change: Change) -> None:
    """What was parked for longer than its cell allows leaves the document."""
    _drop(change, [p for p in change.parked if "until" in p and p["until"] <= change.now])


def drop_dead(change: Change) -> None:
    """What no state will ever take leaves the document."""
    _drop(change, [p for p in change.parked if "reason" in p])


# -- inside


def _add_parked(change: Change, trigger: Trigger, how: Mapping[str, Any]) -> None:
    parked: Parked = {
        "id": trigger.id,
        "name": trigger.name,
        "kind": trigger.kind,
        "data": dict(trigger.data),
        "at": trigger.at,
        "sequence": trigger.sequence,
        "parked_at": change.now,
        "then": "reject",
        **how,
    }
    if trigger.traceparent:
        parked["traceparent"] = trigger.traceparent
    if trigger.record:
        parked["record"] = dict(trigger.record)
    _set(change, [*change.parked, parked])


def _set(change: Change, all_parked: list[Parked]) -> None:
    """Two timers: when the first was parked too long (a deadline like any other: what it waits for may still be in
    Kafka), and when the first was left here to be folded, or died and is to be buried, which waits for nothing.
    """
    change.park(all_parked)
    for timer, field in ((PARKED_TIMER, "until"), (LEFT_TIMER, "offer_at")):
        change.schedule(timer, min((p[field] for p in all_parked if field in p), default=None))


def _offer(
    change: Change, parked: Parked, stays: Callable[[Trigger], Park | None], take: Callable[[Trigger], Verdict]
) -> bool:
    """Offer one parked trigger to the state; False if it stays parked. What it raises kills it alone."""
    saved = change.save()
    try:
        how = stays(unparked(parked))
        if how is not None:
            _renew(change, parked, how)
            return False
        _set(change, [p for p in change.parked if p["id"] != parked["id"]])
        verdict = take(unparked(parked))
    except Exception:
        verdict = rejected("error", traceback.format_exc())
    if verdict.outcome == "rejected":
        change.restore(saved)
        _die(change, parked, verdict)
    return verdict is not PARKED


def _renew(change: Change, parked: Parked, how: Park) -> None:
    fresh = {k: v for k, v in parked.items() if k not in ("until", "offer_at")}
    if how.limit is not None:
        fresh |= {"until": parked.get("until", change.now + how.limit)}
    if fresh != parked:
        _set(change, [fresh if p["id"] == parked["id"] else p for p in change.parked])


def _die(change: Change, parked: Parked, verdict: Verdict) -> None:
    """It leaves the document as a dead letter, which the poller sends at once."""
    over = {name: value for name, value in parked.items() if name != "until"}
    over |= {"offer_at": change.now, "reason": verdict.reason, "error": verdict.detail}
    _set(change, [over if p["id"] == parked["id"] else p for p in change.parked])


def _drop(change: Change, over: list[Parked]) -> None:
    """These leave the document, into `change.dead`, for their dead letters."""
    _set(change, [p for p in change.parked if p not in over])
    change.dead += [{"reason": "parked_too_long", **parked} for parked in over]
