"""Where the insider is paid: looked up when an instruction goes out, told the provider beside it, in no event."""

from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.escrow.payments import Payments
from services.escrow.provider.port import Outcome, Unavailable
from services.escrow.provider.sandbox.party import Sandbox
from services.escrow.provider.sandbox.store import MemoryStore
from services.notify.templates import phrase
from shared.clock import ManualClock
from tests.support.escrow import AT_ONCE, INSIDER, SECRET, THREE, Escrow

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
    """It waits as a whole, is tried again daily, and is shared once."""
    given = Escrow(tranches=[{"due_day": 30, "bps": 10_000}]).confirmed()
    given.accounts[INSIDER] = CLOSED
    given.command("dispute", "seeker", reason="help_not_given")
    given.command("resolve", "arbiter", decision="split", reason="A half.", insider_bps=5_000)
    given.work()

    assert (given.state, given.emitted[-1]) == ("splitting", "escrow.release_refused")
    del given.accounts[INSIDER]
    given.wait(days=1)
    assert given.state == "split"
    assert given.sums == {"funded": 50_000, "released": 23_750, "fees": 1_250, "refunded": 25_000}
    given.check()
    given.check_provider()


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
