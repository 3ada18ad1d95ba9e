"""Hundreds of bad days: nothing is lost, nothing is done twice, and every offer and its money come to one end.

A failing seed says the command that plays it again; 10,000 are `python -m tests.simulator --seeds 10000`.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from services.escrow.lifecycle import ESCROW
from services.escrow.provider.port import Instruction, Outcome, Transfer
from services.listing.lifecycle import LISTING
from services.matching.offer.lifecycle import OFFER
from shared.aggregate import Change, parking
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay
from shared.poller.in_hand import InHand
from tests.simulator.checks import repeated, was_sent_again
from tests.simulator.day import play
from tests.simulator.people import ASIDE, IN_DISPUTE, LISTING_MOVES, LOSS_MOVES, ONWARDS

SEEDS, GROUPS = 120, 4
_ENDS = ("offer completed", "offer cancelled", "offer lapsed", "offer ended", "offer closed", "escrow settled",
         "escrow refunded", "escrow lapsed", "escrow free", "escrow charged_back", "listing filled")  # fmt: skip


@pytest.mark.parametrize("group", range(GROUPS))
def test_bad_days_end_well(group: int):
    ends: Counter[str] = Counter()
    for seed in range(group + 1, SEEDS + 1, GROUPS):
        day = play(seed)
        ends.update(day.ends)
        again = f"play it again: .venv/bin/python -m tests.simulator --seed {seed}"
        assert day.violations == [], f"{day.violations[0]}\n{again}"

    assert sum(ends[end] > 0 for end in _ENDS) >= len(_ENDS) - 3, f"the days are too tame: {ends}"


def _carried_out(what: str, kind: Any, amount: int) -> Transfer:
    terms = {"payee": "p_one"} if kind == "repay" else {"payee": "p_one", "fee": 0}
    instruction = Instruction(id=f"o:{what}", kind=kind, offer_id="o", amount=amount, currency="EUR", **terms)
    at = datetime(2027, 1, 1, tzinfo=UTC)
    outcome = Outcome(
        instruction_id=f"o:{what}", status="succeeded", reason=None, provider_reference="r", amount=amount, at=at
    )
    return Transfer(instruction=instruction, outcome=outcome)


@pytest.mark.parametrize(
    ("carried_out", "wrong"),
    [
        ([("repay:1", "repay", 40), ("repay:2", "repay", 50)], []),
        ([("repay:1", "repay", 40), ("repay:2", "repay", 51)],
         ["('p_one', 'EUR') was given back 91 for 90 that came back of their losses"]),
        ([("repay:1", "repay", 101)],
         ["escrow o gave back 101 of 100 that was set off",
          "('p_one', 'EUR') was given back 101 for 90 that came back of their losses"]),
        ([("release:0:1", "release", 5), ("release:0:2", "release", 5)], ["o:release:0 was carried out 2 times"]),
        ([("release:0:1", "release", 5), ("release:1:1", "release", 5)], []),
    ],
)  # fmt: skip
def test_what_was_carried_out_too_often_is_seen(carried_out: list[tuple[str, Any, int]], wrong: list[str]):
    kept = [{"account": "losses_set_off", "amount": 70}, {"account": "losses_set_off", "amount": 30}]
    lost = [{"account": "chargeback_loss", "amount": 100}, {"account": "chargeback_loss", "amount": -90}]
    whose = {"insider": "p_one", "currency": "EUR"}
    escrow = whose | {
        "_id": "o",
        "journal": [{"lines": kept}, {"lines": [{"account": "losses_set_off", "amount": -40}]}],
    }
    other = whose | {"_id": "of the loss", "journal": [{"lines": lost}]}

    assert list(repeated([_carried_out(*each) for each in carried_out], [escrow, other])) == wrong


def test_a_dead_letter_is_forgiven_only_where_its_relay_was_away_for_as_long_as_an_event_may_wait():
    at = datetime(2027, 1, 1, tzinfo=UTC)
    later = {"at once": 0, "days apart": 6, "weeks apart": 8}
    sent = {"once": [at]} | {name: [at, at + timedelta(days=days)] for name, days in later.items()}
    world: Any = SimpleNamespace(sent=sent)

    assert {name for name in (*sent, "never") if was_sent_again(world, {"ce_id": name})} == {"weeks apart"}


_BEGIN = {"create", "submit", "propose"}
_UNTRIED = {
    "publish": "the review does it", "return": "the review finds nothing",
    **dict.fromkeys(
        ("ask_consent", "give_consent", "refuse_consent", "withdraw_consent"),
        "the simulator's listings need no employer's consent; tests/pure/test_consent_whole.py plays it",
    ),
    "rest": "reports do it", "keep": "what is decided on reports does it",
    "answer_help": "moves nothing", "name_application": "moves nothing",
    "review": "moves nothing", "remove_review_text": "moves nothing",
}  # fmt: skip


def test_the_people_give_every_command():
    moves = {move for usual in (ONWARDS, ASIDE) for each in usual.values() for move in each}
    tried = {*moves, *IN_DISPUTE, *LISTING_MOVES, *LOSS_MOVES, *_BEGIN, *_UNTRIED}
    missing = {each for table in (LISTING, OFFER, ESCROW) for each in table.commands()} - tried

    assert not missing, f"nobody gives {sorted(missing)}: a move of tests/simulator/people.py, or a reason here"


def test_what_a_payment_that_begins_reads_of_its_listing_is_no_missing_event():
    """Its copy had an event of a lower number last: it is only read."""
    assert play(1796128007817).violations == []


def test_a_seed_gives_the_same_day_again():
    assert play(5) == play(5)
    assert play(5).said != play(6).said


def _marks_whatever_came_meanwhile() -> AbstractContextManager[Any]:
    """The relay's mark does not ask whether the document is still as it was read."""
    real = Relay._mark_of

    def mark_of(self: Relay, box: Any) -> Any:
        update = real(self, box)
        update._filter = {"_id": box.doc["_id"]}
        return update

    return patch.object(Relay, "_mark_of", mark_of)


def _skips_the_gap() -> AbstractContextManager[Any]:
    """The relay's watermark is the last event that was acknowledged."""
    return patch("shared.messaging.relay._Outbox.watermark", lambda box: max(box.sent, default=box.doc["published"]))


def _forgets_what_it_took() -> AbstractContextManager[Any]:
    """No inbox: a repeat is taken again."""
    return patch.object(Change, "knows", lambda self, trigger_id: False)


def _writes_over_others() -> AbstractContextManager[Any]:
    """No compare-and-set: the last writer wins."""
    real = Change.operation

    def operation(self: Change) -> Any:
        written = real(self)
        if not self.is_new:
            written._filter = {"_id": self.id}
        return written

    return patch.object(Change, "operation", operation)


def _commits_first() -> AbstractContextManager[Any]:
    """Offsets are committed before the batch is folded."""
    real = Consumer._take

    def take(self: Consumer, records: Any) -> None:
        self.source.commit(records)
        real(self, records)

    return patch.object(Consumer, "_take", take)


def _never_tries_what_is_parked_again() -> AbstractContextManager[Any]:
    """What parks is never tried again."""
    return patch.object(parking, "_offer", lambda *offered: False)


def _never_asks_twice() -> AbstractContextManager[Any]:
    """An instruction whose answer is unknown is taken for done."""
    real = InHand.begin

    def begin(self: InHand, doc: Any) -> int:
        return 0 if doc["instruction"].get("attempts") else real(self, doc)

    return patch.object(InHand, "begin", begin)


@pytest.mark.parametrize(
    "sabotage",
    [
        _marks_whatever_came_meanwhile,
        _skips_the_gap,
        _forgets_what_it_took,
        _writes_over_others,
        _commits_first,
        _never_tries_what_is_parked_again,
        _never_asks_twice,
    ],
)
def test_the_simulator_notices_a_mistake_in_the_core(sabotage: Callable[[], AbstractContextManager[Any]]):
    with sabotage():
        found = next((seed for seed in range(1, 401) if play(seed).violations), None)

    assert found is not None, "400 days, and nobody noticed"
