"""What the sandbox provider promises, as one suite over any store; here over memory."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.escrow.provider import (
    Absent,
    Balance,
    Conflict,
    Instruction,
    MemoryStore,
    Notice,
    Outcome,
    Provider,
    Sandbox,
    Unavailable,
    parse,
    verify,
)
from services.escrow.provider.sandbox.party import BATCH
from services.escrow.provider.sandbox.store import Store
from services.escrow.provider.sandbox.webhook import NoAnswer
from shared.clock import ManualClock

SECRET = "a secret between the provider and escrow"
DELAY = timedelta(seconds=1)


class Receiver:
    """Stands where escrow's web process stands: keeps the notices it was sent, answers as it is told."""

    def __init__(self, clock: ManualClock) -> None:
        self.notices: list[Notice] = []
        self.answers: list[int | None] = []  # taken one by one, then 204; None = no answer
        self.got_one = threading.Event()
        self._clock = clock

    def __call__(self, body: bytes, signature: str) -> int:
        verify(SECRET, signature, body, self._clock.now())
        self.notices.append(parse(body))
        self.got_one.set()
        answer = self.answers.pop(0) if self.answers else 204
        if answer is None:
            raise NoAnswer("timed out")
        return answer


def hold(instruction_id: str = "i-hold", source: str = "tok_visa", **other: Any) -> Instruction:
    content: dict[str, Any] = {"offer_id": "offer-1", "amount": 50_000, "currency": "EUR"} | other
    return Instruction(id=instruction_id, kind="hold", source=source, **content)


def release(instruction_id: str = "i-release", **other: Any) -> Instruction:
    content: dict[str, Any] = {
        "offer_id": "offer-1",
        "amount": 50_000,
        "currency": "EUR",
        "payee": "p_insider",
        "fee": 2_500,
    } | other
    return Instruction(id=instruction_id, kind="release", **content)


def refund(instruction_id: str = "i-refund", **other: Any) -> Instruction:
    content: dict[str, Any] = {"offer_id": "offer-1", "amount": 50_000, "currency": "EUR"} | other
    return Instruction(id=instruction_id, kind="refund", **content)


def split(instruction_id: str = "i-split") -> Instruction:
    return replace(release(instruction_id), kind="split", refund=20_000)


class SandboxSuite:
    """The promises; a subclass gives the fixture `store`."""

    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def receiver(self, clock: ManualClock) -> Receiver:
        return Receiver(clock)

    @pytest.fixture
    def sandbox(self, store: Store, clock: ManualClock, receiver: Receiver) -> Sandbox:
        return Sandbox(store, clock, receiver, SECRET, DELAY)

    def test_it_is_a_provider(self, sandbox: Sandbox) -> None:
        """The sandbox fits the port, and says how long it may hold."""
        provider: Provider = sandbox

        assert provider.max_hold >= timedelta(days=180 + 75)

    def test_a_hold_and_its_release(self, sandbox: Sandbox, clock: ManualClock) -> None:
        """What was held goes to the payee less the fee; the books keep both transfers."""
        held = sandbox.carry_out(hold())
        paid = sandbox.carry_out(release(hold_id="i-hold"))

        assert held == sandbox.find("i-hold") and paid == sandbox.find("i-release")
        assert isinstance(paid, Outcome) and (paid.status, paid.amount, paid.at) == ("succeeded", 50_000, clock.now())
        assert balance(sandbox) == Balance(
            offer_id="offer-1", currency="EUR", funded=50_000, paid_out=47_500, fees=2_500
        )
        assert [transfer.instruction.id for transfer in sandbox.transfers(["offer-1"])] == ["i-hold", "i-release"]

    def test_a_split(self, sandbox: Sandbox) -> None:
        """A split gives each their part out of what was held."""
        sandbox.carry_out(hold())
        sandbox.carry_out(split())

        assert balance(sandbox) == Balance(
            offer_id="offer-1", currency="EUR", funded=50_000, paid_out=27_500, fees=2_500, refunded=20_000
        )

    @pytest.mark.parametrize(
        ("instruction", "reason"),
        [
            (release(amount=50_001), "insufficient_funds"),
            (refund(amount=50_001), "insufficient_funds"),
            (refund(offer_id="offer-never-held"), "insufficient_funds"),
            (release(currency="USD"), "wrong_currency"),
            (release(hold_id="i-another"), "unknown_hold"),
            (hold("i-again"), "already_held"),
            (hold("i-late", "tok_late"), "already_held"),
            (hold("i-declined", "tok_declined", offer_id="offer-2"), "card_declined"),
            (hold("i-unknown", "tok_invented", offer_id="offer-2"), "unknown_source"),
        ],
        ids=lambda value: value if isinstance(value, str) else value.kind,
    )
    def test_refusals(self, sandbox: Sandbox, instruction: Instruction, reason: str) -> None:
        """A refusal names its reason, moves nothing, and is the answer to that id for ever."""
        sandbox.carry_out(hold())
        before = balance(sandbox)
        outcome = sandbox.carry_out(instruction)

        assert isinstance(outcome, Outcome)
        assert (outcome.status, outcome.reason, outcome.amount) == ("refused", reason, 0)
        assert sandbox.carry_out(instruction) == sandbox.find(instruction.id) == outcome
        assert balance(sandbox) == before

    def test_a_declined_card_can_be_followed_by_a_good_one(self, sandbox: Sandbox) -> None:
        """A refused hold leaves the offer free to be funded."""
        sandbox.carry_out(hold("i-1", "tok_declined"))
        sandbox.carry_out(hold("i-2"))

        assert balance(sandbox).held == 50_000

    def test_nothing_is_paid_twice(self, sandbox: Sandbox) -> None:
        """Another release after all was released finds nothing to take."""
        sandbox.carry_out(hold())
        sandbox.carry_out(release())
        again = sandbox.carry_out(release("i-release-2"))

        assert isinstance(again, Outcome) and again.reason == "insufficient_funds"

    def test_an_id_is_used_once(self, sandbox: Sandbox) -> None:
        """The same id with other content, for this offer or another, is refused loudly and moves nothing."""
        sandbox.carry_out(hold())

        for other in (hold(amount=1), hold(offer_id="offer-2"), refund("i-hold")):
            with pytest.raises(Conflict):
                sandbox.carry_out(other)
        assert [account.held for account in sandbox.accounts()] == [50_000]

    def test_find_tells_what_it_never_heard_of(self, sandbox: Sandbox) -> None:
        """Unknown is not pending: nothing moved."""
        assert sandbox.find("i-never") is Absent.UNKNOWN

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
        assert sandbox.deliver_due() == 0 and not receiver.notices and balance(sandbox).held == 0
        clock.advance(DELAY)
        assert sandbox.deliver_due() == 0 and balance(sandbox).held == 50_000
        assert sandbox.find("i-hold") is Absent.PENDING and sandbox.carry_out(late) is None
        clock.advance(DELAY)
        assert sandbox.deliver_due() == 1
        assert sandbox.find("i-hold") == sandbox.carry_out(late) == receiver.notices[-1].outcome

    def test_one_late_hold_keeps_others_out(self, sandbox: Sandbox, clock: ManualClock) -> None:
        """While a hold is undecided, a second one is refused; the first still succeeds."""
        sandbox.carry_out(hold(source="tok_late"))
        second = sandbox.carry_out(hold("i-2"))
        clock.advance(DELAY)
        sandbox.deliver_due()

        assert isinstance(second, Outcome) and second.reason == "already_held"
        assert balance(sandbox).held == 50_000

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
        self, sandbox: Sandbox, store: Store, paid: Instruction, account: str | None
    ) -> None:
        """What was named, what nobody knows and nothing at all: it is paid, and the books keep where to."""
        sandbox.carry_out(hold())
        outcome = sandbox.carry_out(paid, account)

        assert outcome is not None and outcome.status == "succeeded"
        assert paid_to(store, "i-out") == account

    @pytest.mark.parametrize("paid", [release("i-out"), split("i-out")], ids=lambda each: each.kind)
    def test_a_closed_account(self, sandbox: Sandbox, paid: Instruction) -> None:
        """The payout is refused with its reason and moves nothing, for good; a new instruction to another succeeds."""
        sandbox.carry_out(hold())
        refused = sandbox.carry_out(paid, "acct_closed")

        assert isinstance(refused, Outcome)
        assert (refused.status, refused.reason, refused.amount) == ("refused", "account_closed", 0)
        assert balance(sandbox).held == 50_000
        again = sandbox.carry_out(replace(paid, id="i-again"), "acct_other")
        assert again is not None and again.status == "succeeded" and balance(sandbox).held == 0

    def test_a_closed_account_matters_only_to_who_gets_something(self, sandbox: Sandbox) -> None:
        """Where the whole share is the fee, nothing goes to the account."""
        sandbox.carry_out(hold())
        outcome = sandbox.carry_out(release(fee=50_000), "acct_closed")

        assert outcome is not None and outcome.status == "succeeded" and balance(sandbox).fees == 50_000

    @pytest.mark.parametrize(
        ("first", "then"), [("acct_one", "acct_closed"), ("acct_closed", None), (None, "acct_two")]
    )
    def test_the_account_of_the_first_try_counts(
        self, sandbox: Sandbox, store: Store, first: str | None, then: str | None
    ) -> None:
        """A repeat is answered by its id, whatever account it says: one outcome, paid once or never."""
        sandbox.carry_out(hold())
        outcome = sandbox.carry_out(release(), first)
        before = balance(sandbox)

        assert sandbox.carry_out(release(), then) == sandbox.find("i-release") == outcome
        assert balance(sandbox) == before and paid_to(store, "i-release") == first

    def test_many_tries_at_once_with_accounts_of_their_own(self, sandbox: Sandbox) -> None:
        """Half say an account that is closed: all get the one answer, and the money moved once or not at all."""
        sandbox.carry_out(hold())
        accounts = ["acct_closed", "acct_test"] * 10
        ready = threading.Barrier(len(accounts))

        def go(account: str) -> Outcome | None:
            ready.wait(10)
            return sandbox.carry_out(release(), account)

        with ThreadPoolExecutor(len(accounts)) as pool:
            (outcome,) = {answer for answer in pool.map(go, accounts) if answer is not None}
        assert balance(sandbox).held == (0 if outcome.status == "succeeded" else 50_000)
        assert balance(sandbox).paid_out == (47_500 if outcome.status == "succeeded" else 0)

    def test_every_outcome_is_told_by_webhook(self, sandbox: Sandbox, receiver: Receiver) -> None:
        """Each decided instruction is answered once more, signed, with the outcome that was answered directly."""
        answers = [sandbox.carry_out(each) for each in (hold(), release(), refund())]

        assert sandbox.deliver_due() == 3 and sandbox.deliver_due() == 0
        assert [notice.outcome for notice in receiver.notices] == answers
        kinds = [notice.kind for notice in receiver.notices]
        assert kinds == ["transfer.succeeded", "transfer.succeeded", "transfer.refused"]

    def test_a_webhook_is_sent_until_it_is_taken(
        self, sandbox: Sandbox, clock: ManualClock, receiver: Receiver
    ) -> None:
        """Refused, redirected or unanswered, it comes again with the same id, after growing pauses."""
        receiver.answers = [None, 503, 302, 400]
        sandbox.carry_out(hold())
        waits = []
        for wait in (0, 1, 2, 4, 8):
            clock.advance(wait)
            before = len(receiver.notices)
            waits.append((sandbox.deliver_due(), len(receiver.notices) - before, sandbox.deliver_due()))

        assert waits == [(0, 1, 0), (0, 1, 0), (0, 1, 0), (0, 1, 0), (1, 1, 0)]
        assert len({notice.id for notice in receiver.notices}) == 1

    def test_the_pause_ends_at_an_hour(self, sandbox: Sandbox, clock: ManualClock, receiver: Receiver) -> None:
        """A receiver away for days is tried each hour, for ever."""
        receiver.answers = [None] * 30
        sandbox.carry_out(hold())
        for _ in range(30):
            assert sandbox.deliver_due() == 0
            clock.advance(timedelta(hours=1))

        assert sandbox.deliver_due() == 1 and len(receiver.notices) == 31

    def test_a_turn_ends_where_nobody_answers(self, sandbox: Sandbox, clock: ManualClock, receiver: Receiver) -> None:
        """A receiver that hangs costs one time-out a turn; nothing is lost."""
        receiver.answers = [None]
        for n in range(5):
            sandbox.carry_out(hold(f"i-{n}", offer_id=f"offer-{n}"))

        assert sandbox.deliver_due() == 0 and len(receiver.notices) == 1
        assert sandbox.deliver_due() == 4
        clock.advance(DELAY)
        assert sandbox.deliver_due() == 1

    def test_more_than_a_batch_is_delivered(self, sandbox: Sandbox, receiver: Receiver) -> None:
        """A backlog goes out turn by turn, each notice once."""
        for n in range(BATCH + 5):
            sandbox.carry_out(hold(f"i-{n}", offer_id=f"offer-{n}"))

        assert [sandbox.deliver_due() for _ in range(3)] == [BATCH, 5, 0]
        assert len({notice.id for notice in receiver.notices}) == BATCH + 5

    def test_a_chargeback_of_what_is_held(self, sandbox: Sandbox, receiver: Receiver) -> None:
        """The bank takes what was held; nothing moves meanwhile; reversed, it is held again."""
        sandbox.carry_out(hold())
        taken = sandbox.charge_back("offer-1")

        assert (taken.amount, taken.from_held, taken.loss) == (50_000, 50_000, 0)
        assert sandbox.charge_back("offer-1") == taken, "one at a time"
        assert balance(sandbox).charged_back == 50_000 and balance(sandbox).held == 0
        blocked = [sandbox.carry_out(each) for each in (release(), refund(), hold("i-2"))]
        assert [outcome.reason for outcome in blocked if outcome] == ["charged_back"] * 3
        assert sandbox.reverse_chargeback("offer-1") == taken == sandbox.reverse_chargeback("offer-1")
        assert balance(sandbox) == Balance(offer_id="offer-1", currency="EUR", funded=50_000, held=50_000)
        sandbox.deliver_due()
        told = [notice for notice in receiver.notices if notice.chargeback]
        assert [notice.kind for notice in told] == ["chargeback.opened", "chargeback.reversed"]
        assert {notice.chargeback for notice in told} == {taken}

    def test_a_chargeback_after_the_payout(self, sandbox: Sandbox, receiver: Receiver) -> None:
        """What was paid out stays paid out; the platform bears the loss. A second chargeback has its own ids."""
        sandbox.carry_out(hold())
        sandbox.carry_out(release(amount=30_000))
        taken = sandbox.charge_back("offer-1")

        assert (taken.amount, taken.from_held, taken.loss) == (50_000, 20_000, 30_000)
        assert (balance(sandbox).paid_out, balance(sandbox).loss) == (27_500, 30_000)
        sandbox.reverse_chargeback("offer-1")
        assert sandbox.charge_back("offer-1").id != taken.id
        sandbox.deliver_due()
        assert len({notice.id for notice in receiver.notices}) == len(receiver.notices) == 5

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

        kinds = [notice.kind for notice in receiver.notices]
        assert kinds == ["transfer.succeeded", *(f"chargeback.{end}" for end in ends)]
        assert balance(sandbox).held == (50_000 if "reversed" in ends else 0)

    def test_one_id_from_twenty_threads(self, sandbox: Sandbox, receiver: Receiver) -> None:
        """The same instruction sent at once moves money once and has one answer."""
        answers = at_once(sandbox, [hold()] * 20)

        assert len(set(answers)) == 1 and answers[0] is not None
        assert balance(sandbox).funded == 50_000 and len(list(sandbox.transfers())) == 1
        assert sandbox.deliver_due() == 1

    def test_two_holds_at_once(self, sandbox: Sandbox) -> None:
        """Of holds with different ids for one offer exactly one succeeds."""
        answers = at_once(sandbox, [hold(f"i-{n}") for n in range(20)])

        assert sorted(str(answer.reason) for answer in answers if answer) == ["None", *["already_held"] * 19]
        assert balance(sandbox).held == 50_000

    def test_release_and_refund_at_once(self, sandbox: Sandbox) -> None:
        """What is held leaves once."""
        sandbox.carry_out(hold())
        each = [release(f"i-{n}") if n % 2 else refund(f"i-{n}") for n in range(10)]
        answers = at_once(sandbox, each)

        assert sum(answer.status == "succeeded" for answer in answers if answer) == 1
        assert conserved(balance(sandbox))

    def test_webhooks_while_money_moves(self, sandbox: Sandbox, store: Store, receiver: Receiver) -> None:
        """Delivery and instructions change one account at once; neither loses the other's change."""
        sandbox.carry_out(hold())
        with ThreadPoolExecutor(8) as pool:
            moves = [pool.submit(sandbox.carry_out, refund(f"i-{n}", amount=1)) for n in range(20)]
            turns = [pool.submit(sandbox.deliver_due) for _ in range(10)]
            for each in [*moves, *turns]:
                each.result()
        sandbox.deliver_due()

        assert balance(sandbox).refunded == 20 and conserved(balance(sandbox))
        assert len({notice.id for notice in receiver.notices}) == 21
        account = store.load("offer-1")
        assert account is not None and account.unsent == () and account.due_at is None

    def test_the_loop_delivers_and_stops(self, sandbox: Sandbox, receiver: Receiver) -> None:
        """The loop is woken by an instruction, beats each turn and ends when told."""
        stop, beat = threading.Event(), threading.Event()
        loop = threading.Thread(target=sandbox.run_webhooks, args=(stop, beat.set))
        loop.start()
        try:
            sandbox.carry_out(hold())
            assert receiver.got_one.wait(10) and beat.is_set()
        finally:
            stop.set()
            loop.join(10)

        assert not loop.is_alive() and sandbox.find("i-hold") == receiver.notices[0].outcome

    def test_the_memory_of_many_offers(self, sandbox: Sandbox) -> None:
        """A verifier reads chosen accounts or all; an offer never heard of is left out."""
        for n in range(3):
            sandbox.carry_out(hold(f"i-{n}", offer_id=f"offer-{n}"))

        assert {account.offer_id for account in sandbox.accounts()} == {"offer-0", "offer-1", "offer-2"}
        assert [account.offer_id for account in sandbox.accounts(["offer-2", "offer-9"])] == ["offer-2"]
        assert list(sandbox.accounts([])) == []


class TestOverMemory(SandboxSuite):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()

    def test_an_unreachable_store_does_not_end_the_loop(self, clock: ManualClock, receiver: Receiver) -> None:
        """The loop waits for its database and goes on when it is back."""
        store = Flaky()
        sandbox = Sandbox(store, clock, receiver, SECRET)
        sandbox.carry_out(hold())
        stop = threading.Event()
        loop = threading.Thread(target=sandbox.run_webhooks, args=(stop,))
        loop.start()
        try:
            assert receiver.got_one.wait(10) and store.failures == 0
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


def balance(sandbox: Sandbox, offer_id: str = "offer-1") -> Balance:
    """The one balance of an offer; its sum is right whenever it is looked at."""
    (found,) = sandbox.accounts([offer_id])
    assert conserved(found), found
    return found


def paid_to(store: Store, instruction_id: str) -> str | None:
    account = store.holding(instruction_id)
    entry = account.entry(instruction_id) if account else None
    assert entry is not None
    return entry.pay_to


def conserved(money: Balance) -> bool:
    parts = (money.held, money.paid_out, money.fees, money.refunded, money.charged_back)
    return money.funded == sum(parts) and min(*parts, money.loss) >= 0


def at_once(sandbox: Sandbox, instructions: list[Instruction]) -> list[Outcome | None]:
    """Carries all out in as many threads, started together."""
    ready = threading.Barrier(len(instructions))

    def go(instruction: Instruction) -> Outcome | None:
        ready.wait(10)
        return sandbox.carry_out(instruction)

    with ThreadPoolExecutor(len(instructions)) as pool:
        return list(pool.map(go, instructions))
