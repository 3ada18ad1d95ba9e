"""Instructions for one offer of 500 EUR, and what the tests ask about them."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from services.escrow.provider.port import Account, Balance, Instruction, Outcome, Provider, every

OFFER = "offer-1"
AMOUNT = 50_000


def hold(source: str, instruction_id: str = "i-hold", **other: Any) -> Instruction:
    return _make(instruction_id, "hold", other | {"source": source})


def release(instruction_id: str = "i-release", **other: Any) -> Instruction:
    return _make(instruction_id, "release", {"payee": "p_insider", "fee": 2_500} | other)


def refund(instruction_id: str = "i-refund", **other: Any) -> Instruction:
    return _make(instruction_id, "refund", other)


def split(instruction_id: str = "i-split") -> Instruction:
    return replace(release(instruction_id), kind="split", refund=20_000)


def repay(instruction_id: str = "i-repay", **other: Any) -> Instruction:
    return _make(instruction_id, "repay", {"payee": "p_insider", "amount": 2_000} | other)


def _make(instruction_id: str, kind: Any, other: dict[str, Any]) -> Instruction:
    content = {"offer_id": OFFER, "amount": AMOUNT, "currency": "EUR"} | other
    return Instruction(id=instruction_id, kind=kind, **content)


def account(provider: Provider, offer_id: str = OFFER) -> Account:
    """The one account of an offer; its sum is right whenever it is looked at."""
    (found,) = every(provider.accounts, [offer_id])
    assert conserved(found.balance), found
    return found


def balance(provider: Provider, offer_id: str = OFFER) -> Balance:
    return account(provider, offer_id).balance


def conserved(money: Balance) -> bool:
    parts = (money.held, money.paid_out, money.fees, money.refunded, money.charged_back)
    return money.funded == sum(parts) and min(*parts, money.loss) >= 0


def at_once(
    provider: Provider, instructions: Sequence[Instruction], accounts: Sequence[str | None] = (None,)
) -> list[Outcome | None]:
    """Carries all out in as many threads, started together; `accounts` are named in turn."""
    ready = threading.Barrier(len(instructions))

    def go(number: int) -> Outcome | None:
        ready.wait(10)
        return provider.carry_out(instructions[number], accounts[number % len(accounts)])

    with ThreadPoolExecutor(len(instructions)) as pool:
        return list(pool.map(go, range(len(instructions))))
