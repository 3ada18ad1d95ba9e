"""Where the insider is paid: looked up when an instruction goes out, told the provider beside it, in no event."""

from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.escrow.payments import Payments
from services.escrow.provider.port import Outcome, Unavailable
from services.escrow.provider.sandbox import ledger
from services.notify.templates import phrase
from shared.aggregate import Refusal
from tests.support.clock import ManualClock
from tests.support.escrow import AT_ONCE, INSIDER, SECRET, THREE, Escrow
from tests.support.sandbox import MemoryStore, Sandbox

NAMED, OTHER, CLOSED = "acct_named", "acct_other", "acct_closed"


def paid_by(given: Escrow) -> list[tuple[str, str | None, str | None]]:
    """(instruction, the account, why it was refused) of each instruction in the provider's books."""
    account = given.books.load(str((given.document or {})["_id"]))
    assert account is not None
    return [
        (entry.instruction.id.split(":", 1)[1], entry.pay_to, entry.outcome.reason if entry.outcome else "open")
        for entry in account.entries
    ]


def test_each_tranche_is_paid_to_the_account_of_its_day() -> None:
    """The hold has none; nobody named one at first; what is named later counts from then on."""
    given = Escrow(tranches=THREE).confirmed().work()
    given.accounts[INSIDER] = NAMED
    given.wait(days=40)
    given.accounts[INSIDER] = OTHER
    given.wait(days=60)

    assert given.state == "settled"
    assert paid_by(given) == [
        ("hold:1", None, None), ("release:0:1", None, None), ("release:1:1", NAMED, None), ("release:2:1", OTHER, None)
    ]  # fmt: skip
    assert "acct_" not in repr((given.document, given.events))


def test_a_closed_account_until_another_is_named() -> None:
    """Refused daily, with the reason, while the account is closed; then paid once, and the books are right."""
    given = Escrow(tranches=AT_ONCE)
    given.accounts[INSIDER] = CLOSED
    given.confirmed().work()

    assert given.state == "probation"
    assert given.data("escrow.release_refused")["reason"] == "account_closed"
    given.wait(days=2)
    assert given.emitted.count("escrow.release_refused") == 3
    given.accounts[INSIDER] = NAMED
    assert given.work().state == "probation"
    given.wait(days=1)

    assert given.state == "settled" and given.emitted.count("escrow.released") == 1
    assert given.sums == {"funded": 50_000, "released": 47_500, "fees": 2_500}
    closed = [(f"release:0:{n}", CLOSED, "account_closed") for n in (1, 2, 3)]
    assert paid_by(given) == [("hold:1", None, None), *closed, ("release:0:4", NAMED, None)]
    assert "acct_" not in repr((given.document, given.events))
    given.check()
    given.check_provider()


def test_a_split_to_a_closed_account() -> None:
    """The seeker has theirs at once, the insider's is tried again daily, and paid once."""
    given = shared(Escrow(tranches=[{"due_day": 30, "bps": 10_000}]).confirmed(), closed=True)

    assert given.emitted[-2:] == ["escrow.release_refused", "escrow.refunded"]
    assert (given.state, given.sums) == ("probation", {"funded": 50_000, "held": 25_000, "refunded": 25_000})
    for command, role in (("dispute", "insider"), ("postpone", "insider"), ("dispute", "seeker")):
        with pytest.raises(Refusal):
            given.command(command, role, reason="other", start_on="2027-02-01")
    given.wait(days=3)
    assert given.emitted.count("escrow.release_refused") == 4
    assert [event["data"].get("repeated") for event in given.events[-3:]] == [True, True, True]
    del given.accounts[INSIDER]
    given.wait(days=1)
    assert given.state == "refunded"
    assert given.sums == {"funded": 50_000, "released": 23_750, "fees": 1_250, "refunded": 25_000}
    given.check()
    given.check_provider()


def test_a_split_that_the_seekers_bank_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The insider is paid the next day, what is the seeker's is tried daily."""
    plan = [{"due_day": 0, "bps": 2_000}, {"due_day": 30, "bps": 4_000}, {"due_day": 90, "bps": 4_000}]
    given = Escrow(tranches=plan).confirmed().work()
    before = ledger._refusal

    def refusal(*about: Any) -> str | None:
        back = any(getattr(each, "kind", "") in ("refund", "split") for each in about)
        return "card_closed" if back else before(*about)

    with monkeypatch.context() as closed:
        closed.setattr(ledger, "_refusal", refusal)
        shared(given, bps=2_500)
        assert given.state == "probation" and given.sums["held"] == 40_000
        given.wait(days=1)
    assert given.sums == {"funded": 50_000, "held": 30_000, "released": 19_000, "fees": 1_000}
    assert given.emitted.count("escrow.refund_refused") == 2

    given.wait(days=1)

    assert given.state == "refunded"
    assert given.sums == {"funded": 50_000, "released": 19_000, "fees": 1_000, "refunded": 30_000}
    given.check()
    given.check_provider()


@pytest.mark.parametrize("bps", [1, 3_333, 5_000, 6_000, 9_999])
@pytest.mark.parametrize("plan", [AT_ONCE, THREE, [{"due_day": 0, "bps": 1}, {"due_day": 30, "bps": 9_999}]])
def test_what_is_given_apart_is_what_a_split_gives(plan: list[dict[str, int]], bps: int) -> None:
    """To the minor unit, however the parts lie across the tranches."""
    given = shared(Escrow(tranches=plan).confirmed(), bps=bps, closed=True)
    del given.accounts[INSIDER]
    given.wait(days=1)

    assert given.state == "refunded"
    assert given.sums == shared(Escrow(tranches=plan).confirmed(), bps=bps).sums
    given.check()
    given.check_provider()


def test_a_share_that_rounds_to_nothing_leaves_nothing_behind() -> None:
    """All of it is the seeker's; no payout is refused any more, and staff have nothing to look at."""
    given = shared(Escrow(price=99, tranches=AT_ONCE).confirmed("tok_transfer_refused"), bps=1)

    assert (given.state, given.sums) == ("refunded", {"funded": 99, "refunded": 99}) and given.document
    assert "blocked" not in given.document and not given.timers


def shared(given: Escrow, bps: int = 5_000, closed: bool = False) -> Escrow:
    """An arbiter shares what is held; the account of the insider may be closed."""
    if closed:
        given.accounts[INSIDER] = CLOSED
    given.command("dispute", "seeker", reason="help_not_given")
    given.command("resolve", "arbiter", decision="split", reason="So it is.", insider_bps=bps)
    return given.work()


def test_a_refund_asks_for_no_account() -> None:
    """What goes back to the seeker has nothing to do with where the insider is paid."""
    given = Escrow()
    given.accounts[INSIDER] = CLOSED
    given.held().event("offer.cancelled")

    assert given.work().state == "refunded"


class Losing(Sandbox):
    """Its next answer is lost, before or after the instruction is carried out."""

    lost = ""

    def carry_out(self, instruction: Any, pay_to: str | None = None) -> Outcome | None:
        lost, self.lost = self.lost, ""
        if lost == "before":
            raise Unavailable("not sent")
        outcome = super().carry_out(instruction, pay_to)
        if lost == "after":
            raise Unavailable("not heard")
        return outcome


@pytest.mark.parametrize("first", [NAMED, CLOSED])
@pytest.mark.parametrize("lost", ["before", "after"])
def test_an_account_that_changes_while_the_answer_is_unknown(first: str, lost: str) -> None:
    """What was carried out stays as it was, to the first account; what never arrived goes to the second."""
    given = Escrow(tranches=AT_ONCE)
    given.accounts[INSIDER] = first
    given.provider = losing = Losing(given.books, given.clock, given.receive, SECRET)
    given.payments = Payments(losing, given.clock, given.accounts.get)
    given.confirmed()
    given.fire()
    losing.lost, given.lost = lost, 1000
    given.ask()
    given.accounts[INSIDER] = OTHER
    given.wait(minutes=30)

    why = "account_closed" if first == CLOSED and lost == "after" else None
    assert paid_by(given)[1] == ("release:0:1", first if lost == "after" else OTHER, why)
    given.lost = 0
    given.wait(days=2)
    assert given.state == "settled" and given.emitted.count("escrow.released") == 1
    assert given.sums == {"funded": 50_000, "released": 47_500, "fees": 2_500}
    given.check_provider()


def test_an_account_that_cannot_be_looked_up_sends_nothing() -> None:
    """The database is away: nothing goes out, rather than to nowhere."""
    clock = ManualClock()
    books = MemoryStore()
    given = Escrow(tranches=AT_ONCE).confirmed()
    given.fire()

    def away(person: str) -> str | None:
        raise ConnectionError("away")

    payments = Payments(Sandbox(books, clock, given.receive, SECRET), clock, away)
    with pytest.raises(ConnectionError):
        payments.carry_out(given.document or {})
    assert books.after("", 1) == []


def test_the_mail_says_why() -> None:
    assert phrase("account_closed", "en") == "the account is closed"
    assert phrase("account_closed", "fr") == "le compte est fermé"


def unanswered(kind: str) -> float | None:
    return REGISTRY.get_sample_value("golem_instructions_unanswered_total", {"kind": kind})


def test_what_is_pending_was_answered_and_what_was_lost_was_not() -> None:
    """The alert on it fires where the provider says nothing, not where it takes its time."""
    before = unanswered("hold"), unanswered("release")
    Escrow().held("tok_late")
    given = Escrow(tranches=AT_ONCE)
    given.provider = losing = Losing(given.books, given.clock, given.receive, SECRET)
    given.payments = Payments(losing, given.clock, given.accounts.get)
    given.confirmed()
    given.fire()
    assert (unanswered("hold"), unanswered("release")) == before

    losing.lost = "before"
    given.ask()

    assert (unanswered("hold"), unanswered("release")) == (before[0], (before[1] or 0) + 1)
