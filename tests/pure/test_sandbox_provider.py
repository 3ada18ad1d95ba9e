"""What the sandbox does beyond what every provider promises (tests/provider), as one suite over any store; here memory.

Its sources and accounts, when it delivers, and that its database may be away.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pymongo.database import Database

from services.escrow.provider.port import Absent, Balance, Instruction, Outcome, Provider, Unavailable
from services.escrow.provider.sandbox.ledger import Ledger
from services.escrow.provider.sandbox.party import BATCH
from services.escrow.provider.sandbox.store import MongoStore, PartyStore, _document
from tests.provider import instructions
from tests.provider.harness import Receiver
from tests.provider.instructions import balance, conserved, refund, release, split
from tests.provider.sandbox import DELAY, SandboxHarness
from tests.support.clock import ManualClock
from tests.support.sandbox import MemoryStore, Sandbox


def hold(instruction_id: str = "i-hold", source: str = "tok_visa", **other: Any) -> Instruction:
    return instructions.hold(source, instruction_id, **other)


class SandboxSuite:
    """The promises; a subclass gives the fixture `store`."""

    @pytest.fixture
    def harness(self, store: PartyStore) -> SandboxHarness:
        return SandboxHarness(store)

    @pytest.fixture
    def clock(self, harness: SandboxHarness) -> ManualClock:
        return harness.clock

    @pytest.fixture
    def receiver(self, harness: SandboxHarness) -> Receiver:
        return harness.receiver

    @pytest.fixture
    def sandbox(self, harness: SandboxHarness) -> Sandbox:
        return harness.provider

    def test_it_is_a_provider(self, sandbox: Sandbox) -> None:
        """The sandbox fits the port, and says how long it may hold."""
        provider: Provider = sandbox

        assert provider.max_hold() >= timedelta(days=180 + 75)

    @pytest.mark.parametrize(
        ("instruction", "reason"),
        [
            (hold("i-declined", "tok_declined", offer_id="offer-2"), "card_declined"),
            (hold("i-unknown", "tok_invented", offer_id="offer-2"), "unknown_source"),
        ],
        ids=lambda value: value if isinstance(value, str) else value.kind,
    )
    def test_a_refused_hold(self, sandbox: Sandbox, instruction: Instruction, reason: str) -> None:
        """A refusal names its reason, moves nothing, and is the answer to that id for ever."""
        sandbox.carry_out(hold())
        before = balance(sandbox)
        outcome = sandbox.carry_out(instruction)

        assert isinstance(outcome, Outcome)
        assert (outcome.status, outcome.reason, outcome.amount) == ("refused", reason, 0)
        assert sandbox.carry_out(instruction) == sandbox.find(instruction.id) == outcome
        assert balance(sandbox) == before

    def test_a_lost_answer(self, sandbox: Sandbox) -> None:
        """tok_timeout: the hold is in the books, its answer is lost once; find and the same id then tell it."""
        with pytest.raises(Unavailable):
            sandbox.carry_out(hold(source="tok_timeout"))
        found = sandbox.find("i-hold")

        assert isinstance(found, Outcome) and found.status == "succeeded"
        assert sandbox.carry_out(hold(source="tok_timeout")) == found
        assert balance(sandbox).held == balance(sandbox).funded == 50_000

    def test_a_late_answer(self, sandbox: Sandbox, clock: ManualClock, receiver: Receiver) -> None:
        """tok_late: accepted, decided a second later, pending until its webhook was taken."""
        late = hold(source="tok_late")
        receiver.answers = [500]

        assert sandbox.carry_out(late) is None and sandbox.carry_out(late) is None
        assert sandbox.deliver_due() == 0 and not receiver.received and balance(sandbox).held == 0
        clock.advance(DELAY)
        assert sandbox.deliver_due() == 0 and balance(sandbox).held == 50_000
        assert sandbox.find("i-hold") is Absent.PENDING and sandbox.carry_out(late) is None
        clock.advance(DELAY)
        assert sandbox.deliver_due() == 1
        assert sandbox.find("i-hold") == sandbox.carry_out(late) == receiver.received[-1].outcome

    @pytest.mark.parametrize(
        ("source", "reason", "make"),
        [("tok_transfer_refused", "transfer_refused", release), ("tok_refund_refused", "refund_refused", refund)],
    )
    def test_refused_twice_then_paid(
        self, sandbox: Sandbox, source: str, reason: str, make: Callable[[str], Instruction]
    ) -> None:
        """The first two instructions are refused, a third with its own id succeeds; the same id stays refused."""
        sandbox.carry_out(hold(source=source))
        answers = [sandbox.carry_out(make(id)) for id in ("i-1", "i-1", "i-2", "i-3")]

        reasons = [answer.reason for answer in answers if answer is not None]
        assert reasons == [reason, reason, reason, None] and balance(sandbox).held == 0

    @pytest.mark.parametrize("account", ["acct_test", "acct_nobody_knows", None])
    @pytest.mark.parametrize("paid", [release("i-out"), split("i-out")], ids=lambda each: each.kind)
    def test_an_account_that_works(
        self, sandbox: Sandbox, store: PartyStore, paid: Instruction, account: str | None
    ) -> None:
        """What was named, what nobody knows and nothing at all: it is paid, and the books keep where to."""
        sandbox.carry_out(hold())
        outcome = sandbox.carry_out(paid, account)

        assert outcome is not None and outcome.status == "succeeded"
        assert paid_to(store, "i-out") == account

    @pytest.mark.parametrize(
        ("first", "then"), [("acct_one", "acct_closed"), ("acct_closed", None), (None, "acct_two")]
    )
    def test_the_account_of_the_first_try_counts(
        self, sandbox: Sandbox, store: PartyStore, first: str | None, then: str | None
    ) -> None:
        """A repeat is answered by its id, whatever account it says: one outcome, paid once or never."""
        sandbox.carry_out(hold())
        outcome = sandbox.carry_out(release(), first)
        before = balance(sandbox)

        assert sandbox.carry_out(release(), then) == sandbox.find("i-release") == outcome
        assert balance(sandbox) == before and paid_to(store, "i-release") == first

    def test_a_webhook_is_sent_until_it_is_taken(
        self, sandbox: Sandbox, clock: ManualClock, receiver: Receiver
    ) -> None:
        """Refused, redirected or unanswered, it comes again with the same id, after growing pauses."""
        receiver.answers = [None, 503, 302, 400]
        sandbox.carry_out(hold())
        waits = []
        for wait in (0, 1, 2, 4, 8):
            clock.advance(wait)
            before = len(receiver.received)
            waits.append((sandbox.deliver_due(), len(receiver.received) - before, sandbox.deliver_due()))

        assert waits == [(0, 1, 0), (0, 1, 0), (0, 1, 0), (0, 1, 0), (1, 1, 0)]
        assert len({notice.id for notice in receiver.received}) == 1

    def test_the_pause_ends_at_an_hour(self, sandbox: Sandbox, clock: ManualClock, receiver: Receiver) -> None:
        """A receiver away for days is tried each hour, for ever."""
        receiver.answers = [None] * 30
        sandbox.carry_out(hold())
        for _ in range(30):
            assert sandbox.deliver_due() == 0
            clock.advance(timedelta(hours=1))

        assert sandbox.deliver_due() == 1 and len(receiver.received) == 31

    def test_a_turn_ends_where_nobody_answers(self, sandbox: Sandbox, clock: ManualClock, receiver: Receiver) -> None:
        """A receiver that hangs costs one time-out a turn; nothing is lost."""
        receiver.answers = [None]
        for n in range(5):
            sandbox.carry_out(hold(f"i-{n}", offer_id=f"offer-{n}"))

        assert sandbox.deliver_due() == 0 and len(receiver.received) == 1
        assert sandbox.deliver_due() == 4
        clock.advance(DELAY)
        assert sandbox.deliver_due() == 1

    def test_more_than_a_batch_is_delivered(self, sandbox: Sandbox, receiver: Receiver) -> None:
        """A backlog goes out turn by turn, each notice once."""
        for n in range(BATCH + 5):
            sandbox.carry_out(hold(f"i-{n}", offer_id=f"offer-{n}"))

        assert [sandbox.deliver_due() for _ in range(3)] == [BATCH, 5, 0]
        assert len({notice.id for notice in receiver.received}) == BATCH + 5

    def test_the_bank_acts_once(self, sandbox: Sandbox) -> None:
        """One chargeback at a time, and one reversal of it: each may be asked for again."""
        sandbox.carry_out(hold())
        taken = sandbox.charge_back("offer-1")

        assert (taken.amount, taken.from_held, taken.loss) == (50_000, 50_000, 0)
        assert sandbox.charge_back("offer-1") == taken, "one at a time"
        assert sandbox.reverse_chargeback("offer-1") == taken == sandbox.reverse_chargeback("offer-1")

    def test_no_chargeback_of_nothing(self, sandbox: Sandbox) -> None:
        """An offer that was never funded cannot be charged back."""
        sandbox.carry_out(hold(source="tok_declined"))

        for hook in (sandbox.charge_back, sandbox.reverse_chargeback):
            for offer_id in ("offer-1", "offer-never-heard-of"):
                with pytest.raises(LookupError):
                    hook(offer_id)

    @pytest.mark.parametrize(
        ("source", "ends"), [("tok_chargeback", ["opened"]), ("tok_chargeback_reversed", ["opened", "reversed"])]
    )
    def test_a_source_that_is_charged_back(
        self, sandbox: Sandbox, clock: ManualClock, receiver: Receiver, source: str, ends: list[str]
    ) -> None:
        """The bank acts by itself, a delay after the hold, so that it can be shown over HTTP alone."""
        sandbox.carry_out(hold(source=source))
        for _ in range(4):
            sandbox.deliver_due()
            clock.advance(DELAY)

        kinds = [notice.kind for notice in receiver.received]
        assert kinds == ["transfer.succeeded", *(f"chargeback.{end}" for end in ends)]
        assert balance(sandbox).held == (50_000 if "reversed" in ends else 0)

    def test_webhooks_while_money_moves(self, sandbox: Sandbox, store: PartyStore, receiver: Receiver) -> None:
        """Delivery and instructions change one account at once; neither loses the other's change."""
        sandbox.carry_out(hold())
        with ThreadPoolExecutor(8) as pool:
            moves = [pool.submit(sandbox.carry_out, refund(f"i-{n}", amount=1)) for n in range(20)]
            turns = [pool.submit(sandbox.deliver_due) for _ in range(10)]
            for each in [*moves, *turns]:
                each.result()
        sandbox.deliver_due()

        assert balance(sandbox).refunded == 20 and conserved(balance(sandbox))
        assert len({notice.id for notice in receiver.received}) == 21
        account = store.load("offer-1")
        assert account is not None and account.unsent == () and account.due_at is None


class TestOverMemory(SandboxSuite):
    @pytest.fixture
    def store(self) -> PartyStore:
        return MemoryStore()

    def test_an_unreachable_store_does_not_end_the_loop(self) -> None:
        """The loop waits for its database and goes on when it is back."""
        store = Flaky()
        harness = SandboxHarness(store)
        harness.provider.carry_out(hold())
        stop = threading.Event()
        loop = threading.Thread(target=harness.provider.run_webhooks, args=(stop,))
        loop.start()
        try:
            assert harness.receiver.got_one.wait(10) and store.failures == 0
        finally:
            stop.set()
            loop.join(10)


class Flaky(MemoryStore):
    """Away for its first two reads of what is due."""

    failures = 2

    def due(self, now: datetime, limit: int) -> list[Any]:
        if self.failures:
            self.failures -= 1
            raise Unavailable("away")
        return super().due(now, limit)


def paid_to(store: PartyStore, instruction_id: str) -> str | None:
    account = store.holding(instruction_id)
    entry = account.entry(instruction_id) if account else None
    assert entry is not None
    return entry.pay_to


class Moving:
    """A collection in which one ledger moves forward in the index while the due ones are read."""

    def __init__(self, *found: Ledger) -> None:
        self._found = [_document(each) for each in found]

    def find(self, query: Any) -> "Moving":
        return self

    def limit(self, most: int) -> list[dict[str, Any]]:
        return self._found[:most]


def test_a_ledger_that_moves_while_the_due_are_read_is_due_once_as_it_was_read_last() -> None:
    """Else its notice would go out twice."""
    before = Ledger(balance=balance_of("o"), version=1)
    found = Moving(before, Ledger(balance=balance_of("another"), version=1), replace(before, version=2))
    store = MongoStore(cast(Database[dict[str, Any]], SimpleNamespace(get_collection=lambda name, **_: found)))

    due = store.due(ManualClock().now(), BATCH)

    assert [(ledger.offer_id, ledger.version) for ledger in due] == [("o", 2), ("another", 1)]


def balance_of(offer_id: str) -> Balance:
    return Balance(offer_id=offer_id, currency="EUR")
