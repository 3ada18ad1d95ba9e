"""The port's types, and that the page about the sandbox tells of every source."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.escrow.provider.port import Instruction
from services.escrow.provider.sandbox import ledger as ledgers
from services.escrow.provider.sandbox.sources import ACCOUNTS, SOURCES

NOW, SECOND = datetime(2027, 1, 1, tzinfo=UTC), timedelta(seconds=1)
FITTING: dict[str, dict[str, Any]] = {
    "hold": {"kind": "hold", "source": "tok_visa"},
    "release": {"kind": "release", "payee": "p_1", "fee": 100, "hold_id": "i-0"},
    "refund": {"kind": "refund"},
    "split": {"kind": "split", "payee": "p_1", "fee": 100, "refund": 400},
}


def make(kind: str, /, **other: Any) -> Instruction:
    return Instruction(**({"id": "i", "offer_id": "o", "amount": 1_000, "currency": "EUR"} | FITTING[kind] | other))


@pytest.mark.parametrize(("kind", "to_payee"), [("hold", 0), ("release", 900), ("refund", 0), ("split", 500)])
def test_what_the_payee_gets(kind: str, to_payee: int) -> None:
    """The amount less the fee and what goes back."""
    assert make(kind).to_payee == to_payee


@pytest.mark.parametrize(
    ("kind", "other", "named"),
    [
        ("hold", {"id": ""}, "id"),
        ("hold", {"offer_id": ""}, "offer_id"),
        ("hold", {"amount": 0}, "amount"),
        ("hold", {"amount": 10**9 + 1}, "amount"),
        ("hold", {"amount": 1.5}, "amount"),
        ("hold", {"amount": True}, "amount"),
        ("hold", {"currency": "eur"}, "currency"),
        ("hold", {"currency": "EURO"}, "currency"),
        ("hold", {"source": None}, "source"),
        ("hold", {"payee": "p_1"}, "payee"),
        ("hold", {"fee": 1}, "fee"),
        ("hold", {"hold_id": "i-0"}, "hold_id"),
        ("release", {"payee": None}, "payee"),
        ("release", {"source": "tok_visa"}, "source"),
        ("release", {"fee": 1_001}, "fee"),
        ("release", {"fee": -1}, "fee"),
        ("release", {"refund": 1}, "refund"),
        ("refund", {"payee": "p_1"}, "payee"),
        ("refund", {"fee": 1}, "fee"),
        ("split", {"fee": 601}, "fee"),
        ("split", {"refund": -1}, "refund"),
        ("hold", {"kind": "pay"}, "kind"),
    ],
)
def test_an_instruction_that_does_not_fit_its_kind(kind: str, other: dict[str, Any], named: str) -> None:
    """It cannot be made; the message names the field."""
    with pytest.raises(ValueError, match=named):
        make(kind, **other)


def test_the_page_lists_every_source_and_account() -> None:
    """docs/provider.md and the tables of sources and accounts name the same tokens."""
    page = (Path(__file__).parents[2] / "docs" / "provider.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `(tok_\w+)`", page, re.MULTILINE)) == set(SOURCES)
    assert set(re.findall(r"^\| `(acct_\w+)`", page, re.MULTILINE)) == set(ACCOUNTS)


def test_a_late_chargeback_is_the_platforms_loss() -> None:
    """Six weeks after the hold, when all of it has been paid out: not before, and what was paid stays paid."""
    weeks = SOURCES["tok_chargeback_late"].after
    hold = make("hold", id="h", source="tok_chargeback_late", amount=50_000)
    release = make("release", id="r", hold_id="h", amount=50_000, fee=2_500)
    ledger = ledgers.take(ledgers.opened_for(hold), hold, NOW, SECOND)
    ledger = ledgers.take(ledger, release, NOW + SECOND, SECOND)
    early = ledgers.advance(ledger, NOW + weeks, SECOND)
    late = ledgers.advance(ledger, NOW + weeks + SECOND, SECOND)

    assert weeks == timedelta(weeks=6)
    assert early is ledger
    assert (late.balance.loss, late.balance.paid_out, late.balance.charged_back) == (50_000, 47_500, 0)
