"""Records: what a verifier and reconciliation read, page by page, and what they hold it against."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from services.escrow.provider.port import ACCOUNT_ID, SOURCE_ID, Page, Provider, every
from tests.provider.harness import Known
from tests.provider.instructions import hold, release

OFFERS = [f"offer-{number}" for number in range(7)]


@pytest.fixture
def offers(provider: Provider, known: Known) -> list[str]:
    """Seven offers: one instruction for each, two more for the third, one for the last."""
    for number, offer_id in enumerate(OFFERS):
        provider.carry_out(hold(known.source, f"i-{number}", offer_id=offer_id))
    for number, offer_id in ((7, OFFERS[2]), (8, OFFERS[2]), (9, OFFERS[6])):
        provider.carry_out(release(f"i-{number}", offer_id=offer_id, amount=10_000))
    return OFFERS


def pages(read: Callable[..., Page[Any]], limit: int, offer_ids: list[str] | None = None) -> list[Page[Any]]:
    """All pages: there is an end to them."""
    found = [read(offer_ids, limit=limit)]
    while found[-1].after is not None:
        found.append(read(offer_ids, after=found[-1].after, limit=limit))
        assert len(found) < 50
    return found


def test_of_many_offers(provider: Provider, offers: list[str]) -> None:
    """A verifier reads chosen accounts or all; an offer never heard of is left out."""
    assert {account.offer_id for account in every(provider.accounts)} == set(offers)
    assert [account.offer_id for account in every(provider.accounts, ["offer-2", "offer-9"])] == ["offer-2"]
    assert list(every(provider.accounts, [])) == []
    chosen = [transfer.instruction.id for transfer in every(provider.transfers, ["offer-2", "offer-9"])]
    assert chosen == ["i-2", "i-7", "i-8"]
    assert list(every(provider.transfers, [])) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 10, 200])
def test_accounts_in_pages(provider: Provider, offers: list[str], limit: int) -> None:
    """Each account is in exactly one page, and no page is longer than was asked for."""
    found = pages(provider.accounts, limit)

    assert all(len(page.items) <= limit for page in found)
    assert sorted(account.offer_id for page in found for account in page.items) == offers


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 10, 200])
def test_transfers_in_pages(provider: Provider, offers: list[str], limit: int) -> None:
    """Each instruction is in exactly one page; those of one offer in the order they were taken."""
    found = pages(provider.transfers, limit)
    ids = [transfer.instruction.id for page in found for transfer in page.items]

    assert all(len(page.items) <= limit for page in found)
    assert sorted(ids) == [f"i-{number}" for number in range(10)]
    assert [each for each in ids if each in ("i-2", "i-7", "i-8")] == ["i-2", "i-7", "i-8"]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_chosen_offers_in_pages(provider: Provider, offers: list[str], limit: int) -> None:
    """Also where some of them, the last too, were never heard of, and some were asked for twice."""
    chosen = ["offer-0", "offer-2", "offer-2", "offer-2x", "offer-6", "offer-8", "offer-9"]
    accounts, transfers = pages(provider.accounts, limit, chosen), pages(provider.transfers, limit, chosen)

    assert all(len(page.items) <= limit for page in [*accounts, *transfers])
    found = sorted(account.offer_id for page in accounts for account in page.items)
    assert found == ["offer-0", "offer-2", "offer-6"]
    ids = [transfer.instruction.id for page in transfers for transfer in page.items]
    assert sorted(ids) == ["i-0", "i-2", "i-6", "i-7", "i-8", "i-9"]
    assert sorted(ids, key=["i-2", "i-7", "i-8"].__contains__)[-3:] == ["i-2", "i-7", "i-8"]
    whole = [account.offer_id for page in pages(provider.accounts, limit, offers) for account in page.items]
    assert sorted(whole) == offers


def test_what_is_added_meanwhile(provider: Provider, known: Known, offers: list[str]) -> None:
    """New transfers and accounts between two pages hide none of those that were there, and repeat none."""
    page, number = provider.transfers(limit=2), 10
    seen = [transfer.instruction.id for transfer in page.items]
    while page.after is not None:
        for offer_id in (OFFERS[0], OFFERS[2], OFFERS[6], f"offer-{number}"):
            if number < 30:
                provider.carry_out(hold(known.source, f"i-{number}", offer_id=offer_id))
                number += 1
        page = provider.transfers(after=page.after, limit=2)
        seen += [transfer.instruction.id for transfer in page.items]

    assert len(set(seen)) == len(seen)
    assert {f"i-{number}" for number in range(10)} <= set(seen)


# -- what escrow may count on


def test_how_long_money_may_be_held(provider: Provider) -> None:
    """For each country and currency; where one is not named, as long as everywhere."""
    shortest = provider.max_hold()

    assert shortest.days >= 1
    for country in ("DE", "US", "CA", None):
        for currency in ("EUR", "USD", "CAD", "JPY", None):
            assert provider.max_hold(country, currency) >= shortest
        assert provider.max_hold(country) >= shortest


def test_what_ids_look_like(known: Known) -> None:
    """The API lets the provider's own ids pass."""
    for account in (known.account, known.closed_account):
        assert re.fullmatch(ACCOUNT_ID, account)
    for source in (known.source, known.declined, known.late):
        assert re.fullmatch(SOURCE_ID, source)
