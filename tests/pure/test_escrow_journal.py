"""The journal: the canonical form, the chain, and that no change of it goes unseen."""

import copy
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import jsoncanon
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.escrow.journal import GENESIS, balances, canonical, digest, faults, next_entry, seekers

AT = datetime(2027, 1, 1, 12, tzinfo=UTC)
HIRE = "7f7a1c1e-0000-4000-8000-000000000001"


def written() -> list[dict[str, Any]]:
    journal: list[dict[str, Any]] = []
    journal.append(next_entry(journal, "o:hold:1", AT, {"seeker_funds": -500, "escrow_held": 500}))
    paid = {"escrow_held": -500, "insider_paid": 475, "platform_fees": 25, "seeker_refunds": 0}
    journal.append(next_entry(journal, "o:release:0:1", AT, paid, HIRE))
    return journal


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        (-5, "-5"),
        ([], "[]"),
        ({"b": 1, "a": [{"c": "d"}]}, '{"a":[{"c":"d"}],"b":1}'),
        ('\u20ac$\u000f\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
        ({"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7},
         '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}'),
    ],
)  # fmt: skip
def test_canonical(value: Any, text: str) -> None:
    """RFC 8785: no blanks, keys by their UTF-16 code units, strings escaped as ECMAScript does (its own examples)."""
    assert canonical(value) == text
    assert json.loads(canonical(value)) == value


IN_THE_DOMAIN = st.recursive(
    st.text() | st.integers(1 - 2**53, 2**53 - 1),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(IN_THE_DOMAIN)
def test_canonical_as_another_writes_it(value: Any) -> None:
    """An implementation of RFC 8785 that is not ours writes the same bytes."""
    assert canonical(value).encode() == jsoncanon.canonicalize(value)


@pytest.mark.parametrize("value", [1.0, True, None, (1,), {1: "a"}, 2**53, -(2**53), {"a": [0.5]}, b"a", AT])
def test_outside_the_domain(value: Any) -> None:
    """What is not text, an exact integer, a list or a dict of these is refused, however deep."""
    with pytest.raises(TypeError):
        canonical(value)


def test_lone_surrogates_have_no_canonical_form() -> None:
    """UTF-8 cannot say them."""
    with pytest.raises(UnicodeEncodeError):
        canonical("\ud800")


def test_entries_are_chained() -> None:
    """Each entry carries the hash of its canonical form, in which the one before it stands."""
    first, second = written()

    assert first["previous"] == GENESIS
    assert second["previous"] == first["hash"]
    said = (
        f'{{"at":"2027-01-01T12:00:00.000Z","hire_event_id":"{HIRE}","lines":[{{"account":"escrow_held","amount":-500}},'
        '{"account":"insider_paid","amount":475},{"account":"platform_fees","amount":25}],'
        f'"previous":"{first["hash"]}","reference":"o:release:0:1","seq":2}}'
    )
    assert second["hash"] == hashlib.sha256(said.encode()).hexdigest() == digest(second)


def test_whole() -> None:
    """A journal as it was written has no fault, and its accounts sum to 0."""
    assert faults(written()) == []
    assert balances(written()) == {"seeker_funds": -500, "escrow_held": 0, "insider_paid": 475, "platform_fees": 25}


@pytest.mark.parametrize(
    "damage",
    [
        lambda j: j[0]["lines"][0].update(amount=-501),
        lambda j: j[1]["lines"].reverse(),
        lambda j: j[1].update(hire_event_id="other"),
        lambda j: j[1].pop("hire_event_id"),
        lambda j: j[0].update(reference="x"),
        lambda j: j[0].update(at="2027-01-01T12:00:00.001Z"),
        lambda j: j[0].update(hash="0" * 64),
        lambda j: j.pop(0),
        lambda j: j.reverse(),
        lambda j: j.append(copy.deepcopy(j[1])),
    ],
)
def test_damage_is_seen(damage: Any) -> None:
    """Whatever is changed, taken away or put in, is found by recomputing the chain."""
    journal = written()
    damage(journal)

    assert faults(journal)


@pytest.mark.parametrize(
    "lines",
    [
        {},
        {"escrow_held": 0},
        {"escrow_held": 1},
        {"escrow_held": 1, "fees": -1},
        {"escrow_held": 1, "seeker_funds": -2},
    ],
)
def test_no_entry(lines: dict[str, int]) -> None:
    """Lines that move nothing, do not sum to 0, or name another account."""
    with pytest.raises(ValueError, match="no entry"):
        next_entry([], "o:hold:1", AT, lines)


def test_a_reference_is_unique() -> None:
    """One entry an instruction."""
    with pytest.raises(ValueError, match="already"):
        next_entry(written(), "o:hold:1", AT, {"escrow_held": 1, "seeker_funds": -1})


def test_the_seeker_is_shown_a_chain_in_which_what_was_set_off_was_paid() -> None:
    """From the first such entry on; an entry that only gave it back is none, and all others are as they are."""
    moves = {
        "hold": {"seeker_funds": -900, "escrow_held": 900},
        "release:0": {"escrow_held": -300, "insider_paid": 285, "platform_fees": 15},
        "release:1": {"escrow_held": -300, "platform_fees": 15, "losses_set_off": 285},
        "repay": {"insider_paid": 285, "losses_set_off": -285},
        "release:2": {"escrow_held": -300, "insider_paid": 185, "platform_fees": 15, "losses_set_off": 100},
    }
    journal: list[dict[str, Any]] = []
    for reference, lines in moves.items():
        journal.append(next_entry(journal, reference, AT, lines, None if reference == "hold" else "hire"))

    shown = seekers(journal)

    assert seekers(journal[:2]) == journal[:2] == shown[:2]
    assert faults(shown) == []
    assert [(each["seq"], each["reference"]) for each in shown] == [
        (1, "hold"), (2, "release:0"), (3, "release:1"), (4, "release:2"),
    ]  # fmt: skip
    assert [each["lines"] for each in shown[2:]] == [shown[1]["lines"]] * 2, "like every other payout"
    assert {each["hire_event_id"] for each in shown[1:]} == {"hire"}
    assert shown[-1]["hash"] != journal[-1]["hash"]
