"""The sandbox's group commit: many instructions at once take few reads and writes, and each has its own answer."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest

from services.escrow.provider.port import Conflict, Instruction, Outcome
from services.escrow.provider.sandbox.ledger import Ledger
from services.escrow.provider.sandbox.together import Together
from tests.support.clock import ManualClock
from tests.support.sandbox import MemoryStore, Sandbox

MANY = 32


class Slow(MemoryStore):
    """Its first write waits until `go_on`; `writes` are the sizes of all."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[int] = []
        self.began, self.go_on = Event(), Event()

    def save(self, ledgers: Sequence[Ledger]) -> bool:
        self.writes.append(len(ledgers))
        self.began.set()
        assert self.go_on.wait(10)
        return super().save(ledgers)


def hold(number: int, offer: int | None = None, amount: int = 100) -> Instruction:
    offer_id = f"offer-{number if offer is None else offer}"
    return Instruction(
        id=f"hold-{number}", kind="hold", offer_id=offer_id, amount=amount, currency="EUR", source="tok_visa"
    )


def all_at_once(store: Slow, instructions: Sequence[Instruction]) -> "list[Future[Outcome | None]]":
    """The first is under way when the others come, and they come together."""
    sandbox = Sandbox(store, ManualClock(), lambda body, signature: 204, "a secret")
    with ThreadPoolExecutor(MANY) as pool:
        asked = [pool.submit(sandbox.carry_out, instructions[0])]
        assert store.began.wait(10)
        asked += [pool.submit(sandbox.carry_out, each) for each in instructions[1:]]
        while len(sandbox._together._waiting) < len(instructions) - 1:
            pass
        store.go_on.set()
    return asked


def test_what_comes_while_a_write_is_under_way_is_written_together() -> None:
    store = Slow()
    asked = all_at_once(store, [hold(number) for number in range(MANY)])

    assert store.writes == [1, MANY - 1]
    assert [(o.instruction_id, o.status) for each in asked if (o := each.result())] == [
        (f"hold-{number}", "succeeded") for number in range(MANY)
    ]


def test_each_of_a_round_has_an_answer_of_its_own() -> None:
    """The same id twice, with other content, for another offer, and a second hold of one offer: one round, in order."""
    store = Slow()
    same, other, foreign, second = hold(1), hold(1, amount=7), hold(1, offer=9), hold(2, offer=1)
    first, same_, again, other_, foreign_, second_, free = all_at_once(
        store, [hold(0), same, same, other, foreign, second, hold(3)]
    )

    assert first.result() and free.result()
    assert same_.result() == again.result()
    for refused in (other_, foreign_):
        with pytest.raises(Conflict):
            refused.result()
    answer = second_.result()
    assert answer is not None and (answer.status, answer.reason) == ("refused", "already_held")
    assert store.load("offer-9") is None


def test_an_error_of_a_round_is_the_answer_of_all_who_have_none() -> None:
    def work(asked: "Sequence[tuple[int, Future[int]]]") -> None:
        for number, answer in asked:
            if number == 0:
                answer.set_result(1)
        raise OSError("gone")

    together: Together[int, int] = Together(work)

    assert together(0) == 1
    with pytest.raises(OSError, match="gone"):
        together(2)
    assert together(0) == 1
