"""Text as it comes in: what is stored of it, what is refused, and times in every form of RFC 3339."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from shared.characters import is_empty, normal_form
from shared.clock import parse_time
from shared.fields import Domain, Instant, MailAddress, Text


def rule(field: Text, value: object) -> str:
    with pytest.raises(ValidationError) as refused:
        field.deserialize(value)
    violations: Any = refused.value.messages
    return str(violations[0].rule)


@pytest.mark.parametrize(
    "value",
    ["\u200b", "\u200b\u200d\ufeff", "\u3164", "\u2800", "\u00ad", "\u0301", "\U000e0041", "\u115f\u1160",
     "\ufe0f", "\ue000"],
)  # fmt: skip
def test_a_text_without_anything_to_see_is_empty(value: str) -> None:
    assert rule(Text(1, 120), value) == "length"
    assert rule(Text(1, 1000, lines=True), value * 3) == "length"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("Back\u200bend", "Backend"),
        ("\ufeffBackend\u00ad", "Backend"),
        ("Ｂackend – ①\u00a0€", "Ｂackend – ①\u00a0€"),
        ("Développeuse 👩\u200d💻", "Développeuse 👩\u200d💻"),
    ],
)
def test_a_text_is_stored_as_it_was_typed_without_what_deceives(value: str, kept: str) -> None:
    assert Text(1, 120).deserialize(value) == kept


@pytest.mark.parametrize(
    ("value", "broken"),
    [
        ("\u200b x", "blanks"),
        ("x\u00a0", "blanks"),
        ("x" * 10 + "\u200b", "length"),
        ("\ufdfa", "length"),
        ("½" * 5, "length"),
        ("\u200bx\u200b", None),
        ("x\u2028y", "characters"),
        ("x\u0085y", "characters"),
    ],
)
def test_a_text_is_measured_by_what_is_seen(value: str, broken: str | None) -> None:
    """And by what was sent: the published length holds for both."""
    if broken:
        assert rule(Text(1, 10), value) == broken
    else:
        assert Text(1, 10).deserialize(value) == "x"


@given(st.text(max_size=30))
def test_what_is_taken_is_taken_again(value: str) -> None:
    field = Text(1, 20, lines=True)
    try:
        kept = field.deserialize(value)
    except ValidationError:
        return
    assert field.deserialize(kept) == kept
    assert not is_empty(kept) and 1 <= len(normal_form(kept)) <= 20


def test_a_text_that_may_be_empty() -> None:
    assert Text(0, 10).deserialize("") == "" == Text(0, 10).deserialize("\u200b")


def test_domains_and_addresses_have_one_form() -> None:
    assert Domain().deserialize("straße.de") == "xn--strae-oqa.de" == Domain().deserialize("xn--strae-oqa.de")
    assert MailAddress().deserialize("o&m@пример.рф") == "o&m@xn--e1afmkfd.xn--p1ai"


NOON = datetime(2027, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-01-31T12:00:00Z", NOON),
        ("2027-01-31t12:00:00z", NOON),
        ("2027-01-31T12:00:00.123456789Z", NOON.replace(microsecond=123456)),
        ("2027-01-31t12:00:00.9z", NOON.replace(microsecond=900000)),
        ("2027-01-31T12:00:00.000000000001Z", NOON),
        ("2027-01-31T13:30:00.5+01:30", NOON.replace(microsecond=500000)),
        ("2027-01-31T12:00:00-00:00", NOON),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2016-12-31T18:59:60.75-05:00", datetime(2017, 1, 1, tzinfo=UTC)),
    ],
)
def test_every_time_of_rfc_3339(text: str, moment: datetime) -> None:
    assert parse_time(text) == moment
    assert Instant().deserialize(text) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@pytest.mark.parametrize(
    "text",
    ["", "2027-01-31", "2027-01-31 12:00:00Z", "2027-01-31T12:00Z", "2027-01-31T12:00:00", "2027-01-31T12:00:00.Z",
     "2027-02-30T12:00:00Z", "2027-01-31T24:00:00Z", "2027-01-31T12:00:61Z", "2027-01-31T12:00:60Z",
     "2027-01-31T12:00:00+24:00", "2027-01-31T12:00:00+01:60", "2027-01-31T12:00:00+0100", "0001-01-01T00:00:00+01:00",
     "9999-12-31T23:59:60Z", "２０２７-01-31T12:00:00Z", "2027-01-31T12:00:00Z\n", f"2027-01-31T12:00:00.{'1' * 31}Z"],
)  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_time(text)
