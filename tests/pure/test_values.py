"""Clock, ids and money: the small values everything else is made of."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pycountry
import pytest

from shared.clock import SystemClock, to_milliseconds
from shared.fields.standards import COUNTRIES
from shared.ids import PERSON_ID, command_id, contact_mark, domain_mark, event_id, new_id, person_id, workplace_mark
from shared.money import CURRENCIES, format_amount, share
from tests.support.clock import ManualClock


def test_time_is_utc_in_whole_milliseconds() -> None:
    """What the clock says survives MongoDB unchanged."""
    assert SystemClock().now().microsecond % 1000 == 0
    east = datetime(2027, 1, 1, 2, 0, 0, 1999, tzinfo=timezone(timedelta(hours=2)))
    assert to_milliseconds(east) == datetime(2027, 1, 1, 0, 0, 0, 1000, tzinfo=UTC)
    with pytest.raises(ValueError, match="zone"):
        to_milliseconds(datetime(2027, 1, 1))  # noqa: DTZ001


def test_a_manual_clock_moves_only_when_told() -> None:
    """Both times advance together; the wall clock alone can be turned back."""
    clock = ManualClock()
    start = clock.now()

    assert clock.advance(timedelta(days=1)) - start == timedelta(days=1)
    clock.advance(0.5)
    assert clock.monotonic() == 86400.5
    clock.set(start)
    assert (clock.now(), clock.monotonic()) == (start, 86400.5)
    with pytest.raises(ValueError, match="forwards"):
        clock.advance(-1)


def test_a_persons_id_is_a_stable_pseudonym() -> None:
    """Fixed for ever: events hold it. Key, issuer and sub each matter."""
    assert person_id(b"k" * 32, "https://golem.local", "ida") == "p_89826c4510c835b9c79d8fd381a8e9ef"
    others = [person_id(b"k" * 32, "https://other", "ida"), person_id(b"q" * 32, "https://golem.local", "ida")]
    assert len({*others, person_id(b"k" * 32, "https://golem.local", "ida")}) == 3
    assert PERSON_ID.fullmatch(others[0])


def test_a_mark_is_the_same_for_the_same_and_says_nothing_else() -> None:
    """Fixed for ever: documents hold them. Case does not count; key, kind and listing do."""
    key = b"k" * 32
    assert contact_mark(key, "Ida@Example.org") == contact_mark(key, "ida@example.ORG")

    marks = {
        contact_mark(key, "example.org"),
        domain_mark(key, "example.org"),
        domain_mark(b"q" * 32, "example.org"),
        workplace_mark(key, "l-1", "example.org"),
        workplace_mark(key, "l-2", "example.org"),
    }
    assert len(marks) == 5
    assert all(re.fullmatch("m_[0-9a-f]{32}", mark) for mark in marks)


def test_a_commands_id_depends_on_who_what_where_and_key() -> None:
    """The same four parts give the same id, for ever; any other part another."""
    parts = ("p_1", "POST", "/v1/offers", "abc")

    assert command_id(*parts) == command_id(*parts) == "b6a39df3-91c4-5e07-9489-4a4c3a3badd2"
    changed = {command_id(*parts[:i], parts[i] + "x", *parts[i + 1 :]) for i in range(4)}
    assert len(changed | {command_id(*parts)}) == 5


def test_new_ids_sort_by_age_and_event_ids_are_random() -> None:
    """UUIDv7 and UUIDv4."""
    assert new_id()[14] == "7"
    assert event_id()[14] == "4"


@pytest.mark.parametrize(
    ("amount", "bps", "part"), [(50000, 500, 2500), (1, 9999, 0), (999, 3333, 332), (10**9, 10000, 10**9), (0, 1, 0)]
)
def test_a_share_is_rounded_down(amount: int, bps: int, part: int) -> None:
    """Integers only; the rest is the caller's to give to the last."""
    assert share(amount, bps) == part


@pytest.mark.parametrize(("amount", "bps"), [(1, 10_001), (1, -1), (-1, 1)])
def test_a_share_outside_its_bounds_is_refused(amount: int, bps: int) -> None:
    """Not more than the whole, and of no negative amount."""
    with pytest.raises(ValueError, match="share"):
        share(amount, bps)


def test_amounts_for_people_have_the_currencys_digits() -> None:
    """EUR has two, JPY none, KWD three."""
    said = [format_amount(a, c) for a, c in ((50000, "EUR"), (1234567, "JPY"), (1, "KWD"), (-5, "CAD"))]

    assert said == ["EUR 500.00", "JPY 1,234,567", "KWD 0.001", "CAD -0.05"]


def test_countries_and_currencies_are_those_of_the_standards() -> None:
    """As pycountry lists them: every country; every currency but metals, units of account and codes for tests."""
    countries = {country.alpha_2 for country in pycountry.countries}
    currencies = {currency.alpha_3 for currency in pycountry.currencies}
    not_paid_in = """BOV CHE CHW CLF COU MXV USN UYI UYW XAD XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA
        XXX"""

    assert countries == COUNTRIES
    assert currencies - set(not_paid_in.split()) == CURRENCIES
    assert len(CURRENCIES) > 150
