"""The plan of an escrow: its price in tranches, and when each falls due. Pure functions on the list in the document.

A tranche is {due_day, amount, status}, and once the hire is known also due_at. `amount` is what leaves the escrow for
it, fee included. Its status: waiting; paid; struck (the hire ended before it; to be refunded); refunded; split.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from shared.money import share

Tranche = dict[str, Any]
Plan = Sequence[Tranche]


def planned(price: int, tranches: Iterable[Mapping[str, int]]) -> list[Tranche]:
    """The price cut into tranches {due_day, bps}, earliest first; the last takes what rounding left."""
    ordered = sorted(tranches, key=lambda tranche: tranche["due_day"])
    amounts = [share(price, tranche["bps"]) for tranche in ordered]
    amounts[-1] = price - sum(amounts[:-1])
    return [
        {"due_day": tranche["due_day"], "amount": amount, "status": "waiting"}
        for tranche, amount in zip(ordered, amounts, strict=True)
    ]


def dated(plan: Plan, start_on: str, confirmed_at: datetime, not_before: datetime | None = None) -> list[Tranche]:
    """The plan of a known hire: day 0 is due when the hire was confirmed, the others that many days from `start_on`;
    none is due before `not_before`.
    """
    days = [_day(start_on, tranche) if tranche["due_day"] else confirmed_at for tranche in plan]
    return [tranche | {"due_at": max(day, not_before or day)} for tranche, day in zip(plan, days, strict=True)]


def _day(start_on: str, tranche: Tranche) -> datetime:
    """The beginning of the day on which a tranche is earned, in UTC."""
    return datetime.combine(date.fromisoformat(start_on), time(), UTC) + timedelta(days=tranche["due_day"])


def not_before(plan: Plan, at: datetime) -> list[Tranche]:
    """The plan of which nothing more is due before `at`."""
    return [
        tranche | {"due_at": max(tranche["due_at"], at)} if tranche["status"] == "waiting" else tranche
        for tranche in plan
    ]


def is_to_come(tranche: Tranche, now: datetime) -> bool:
    """Whether it waits for a day after the first day of work, and that day has not come."""
    return tranche["status"] == "waiting" and tranche["due_day"] > 0 and bool(tranche["due_at"] > now)


def postponed(plan: Plan, start_on: str, now: datetime) -> list[Tranche]:
    """The plan of a hire that starts later: what is to come falls due by the new day, but never earlier than before;
    all else stays.
    """
    return [
        moved | {"due_at": max(moved["due_at"], tranche["due_at"])} if is_to_come(tranche, now) else tranche
        for tranche, moved in zip(plan, dated(plan, start_on, now), strict=True)
    ]


def brought_forward(plan: Plan, at: datetime) -> list[Tranche]:
    """The plan where all that is not paid out yet, struck or not, is due `at`."""
    return [
        tranche | {"status": "waiting", "due_at": at} if tranche["status"] in ("waiting", "struck") else tranche
        for tranche in plan
    ]


def shared(plan: Plan, insiders: int, at: datetime) -> list[Tranche]:
    """The plan where of all that is not paid out yet `insiders` is due `at`, and the rest is struck.

    A tranche of which each has a part is cut: the part that is struck is another tranche, at the end.
    """
    made, cut = list[Tranche](), list[Tranche]()
    for tranche in plan:
        if tranche["status"] not in ("waiting", "struck"):
            made.append(tranche)
            continue
        part = min(tranche["amount"], insiders)
        insiders -= part
        if 0 < part < tranche["amount"]:
            cut.append(tranche | {"amount": tranche["amount"] - part, "status": "struck"})
        made.append(tranche | ({"amount": part, "status": "waiting", "due_at": at} if part else {"status": "struck"}))
    return made + cut


def ended(plan: Plan, start_on: str, on: str, told_at: datetime | None = None) -> list[Tranche]:
    """The plan of a hire whose last day of work was `on`: what is earned after that day is struck.

    A tranche of that very day is earned, and one of day 0 always; so is one whose day had begun by `told_at`, if given.
    """

    def is_struck(tranche: Tranche) -> bool:
        day = min(_day(start_on, tranche), tranche["due_at"])
        earned = not tranche["due_day"] or day.date().isoformat() <= on or (told_at is not None and day <= told_at)
        return tranche["status"] == "waiting" and not earned

    return [tranche | {"status": "struck"} if is_struck(tranche) else tranche for tranche in plan]


def marked(plan: Plan, status: str, *, of: Iterable[str] = (), index: int | None = None) -> list[Tranche]:
    """The plan with a new status for one tranche, or for all whose status is one of `of`."""
    return [
        tranche | {"status": status} if number == index or tranche["status"] in of else tranche
        for number, tranche in enumerate(plan)
    ]


def next_waiting(plan: Plan) -> int | None:
    """Index of the tranche to be paid next; one of amount 0 is never paid."""
    return next((i for i, tranche in enumerate(plan) if tranche["status"] == "waiting" and tranche["amount"]), None)


def struck(plan: Plan) -> int:
    """What is to be refunded of a hire that ended."""
    return sum(tranche["amount"] for tranche in plan if tranche["status"] == "struck")
