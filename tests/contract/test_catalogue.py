"""The catalogue's promises: every event has a committed schema, what is emitted fits it, what is read is checked."""

import json
import re
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from marshmallow import Schema, fields

from shared import fields as own
from shared.events import EVENT_NAMES, dataschema_uri, emit_data, generate, latest
from shared.events.catalogue import (
    CATALOGUE,
    SchemaError,
    UnknownType,
    UnknownVersion,
    parse_dataschema,
    read_data,
)
from shared.events.event_type import EventType
from shared.events.jsonschemas import json_schema, path_of
from shared.events.reference import PATH as REFERENCE
from shared.events.schemas_listing import Tranche

DESIGNED = """
    listing.submitted listing.created listing.returned listing.revised listing.paused listing.resumed listing.filled
    listing.expired listing.withdrawn listing.removed listing.rested listing.kept
    listing.consent_given listing.consent_refused listing.consent_withdrawn listing.consent_asked offer.consent_ended
    offer.made offer.countered offer.accepted offer.declined offer.withdrawn offer.expired offer.cancelled
    offer.cancel_asked offer.activated offer.begun offer.lapsed offer.completed offer.closed offer.reviewed help.given
    hire.claimed hire.rejected hire.confirmed hire.ended
    escrow.opened escrow.held escrow.declined escrow.lapsed escrow.probation_started escrow.released escrow.settled
    escrow.postpone_proposed escrow.postponed escrow.postpone_declined escrow.release_refused escrow.refunded
    escrow.refund_refused escrow.split escrow.set_off_returned escrow.charged_back
    escrow.chargeback_reversed dispute.opened dispute.withdrawn dispute.resolved dispute.expired person.erased
    contact.verified contact.replaced payout.changed webhook.disabled work.verified matches.wanted matches.found
    employer.registered employer.removed
    report.decided insider_report.decided
"""
PROMISED = {
    "listing.created": "listing_id insider status country region industry occupation skills pay help currency seats "
    "tranches leaving_on published_at",
    "offer.accepted": "offer_id listing_id insider seeker status help price currency tranches fee_bps accepted_at",
    "hire.confirmed": "offer_id listing_id insider seeker status start_on confirmed_by evidence_grade confirmed_at",
}
INSIDER, SEEKER = "p_" + "a" * 32, "p_" + "b" * 32
HIRE = {
    "offer_id": "o-1",
    "listing_id": "l-1",
    "insider": INSIDER,
    "seeker": SEEKER,
    "status": "hired",
    "start_on": date(2027, 2, 1),
    "confirmed_by": "seeker",
    "evidence_grade": 1,
    "confirmed_at": datetime(2027, 1, 31, 12, tzinfo=UTC),
}

REACH = [datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (1970, 2199)]
every_event = pytest.mark.parametrize("event", CATALOGUE.values(), ids=lambda event: f"{event.name}.v{event.version}")
bounded = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


def shares() -> st.SearchStrategy[list[dict[str, int]]]:
    """Tranches whose shares sum to 10,000."""
    cuts = st.lists(st.integers(1, 9_999), max_size=11, unique=True).map(lambda inner: [0, *sorted(inner), 10_000])
    return cuts.flatmap(
        lambda at: st.tuples(*(st.integers(0, 180) for _ in at[1:])).map(
            lambda days: [
                {"due_day": day, "bps": end - start} for day, start, end in zip(days, at, at[1:], strict=False)
            ]
        )
    )


def values(field: fields.Field[Any]) -> st.SearchStrategy[Any]:
    """What `field` takes, as a service may give it: dates and times as objects."""
    found: st.SearchStrategy[Any]
    match field:
        case own.Time():
            found = st.datetimes(*REACH, timezones=st.just(UTC))
        case own.Date():
            found = st.dates() if field.any_year else st.dates(date(1970, 1, 1), date(2199, 12, 31))
        case own.Pattern():
            found = st.from_regex(re.compile(field.metadata["pattern"][1:-1]), fullmatch=True)
        case own.Choice():
            found = st.sampled_from(field.choices)
        case own.Flag():
            found = st.booleans()
        case own.Integer():
            found = st.integers(field.low, field.high)
        case own.Part():
            found = samples(type(field.schema))
        case own.Text():
            found = st.text("abcxyz019.-", min_size=field.low, max_size=field.high)
        case own.Several(inner=own.Part(nested=nested)) if nested is Tranche:
            found = shares()
        case own.Several():
            found = st.lists(values(field.inner), min_size=field.low, max_size=field.low + 2)
        case _:
            raise AssertionError(f"no samples for a {type(field).__name__}")
    return st.none() | found if field.allow_none else found


@cache
def samples(schema: type[Schema]) -> st.SearchStrategy[dict[str, Any]]:
    """Data of that schema, optional fields now there and now not."""
    known = schema().fields
    required = {name: values(field) for name, field in known.items() if field.required}
    optional = {name: values(field) for name, field in known.items() if not field.required}
    return st.fixed_dictionaries(required, optional=optional)


@cache
def validator(event: EventType) -> Draft202012Validator:
    """By the committed file, as a subscriber has it."""
    return Draft202012Validator(
        json.loads(path_of(event).read_text(encoding="utf-8")), format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def test_every_event_of_the_design_is_there() -> None:
    """No event is missing and none is invented."""
    assert sorted(EVENT_NAMES) == sorted(DESIGNED.split())


def test_what_is_committed_is_what_the_catalogue_says() -> None:
    """The JSON Schema files and docs/events.md are generated, and no file is left of an event that is gone."""
    assert generate.stale(generate.generated()) == []


@pytest.mark.parametrize("name", PROMISED)
def test_the_promised_fields_are_exactly_those_required(name: str) -> None:
    """A promised event requires the fields of the promise, no fewer and no more."""
    event = latest(name)

    assert event.promised
    assert sorted(json_schema(event)["required"]) == sorted(PROMISED[name].split())


def test_nothing_else_is_promised() -> None:
    """The promise is kept small."""
    assert {event.name for event in CATALOGUE.values() if event.promised} == set(PROMISED)


@every_event
def test_the_committed_schema_is_json_schema_and_lets_unknown_fields_pass(event: EventType) -> None:
    """It is valid 2020-12, known by the dataschema it is sent under, and closed nowhere."""
    text = path_of(event).read_text(encoding="utf-8")
    schema = json.loads(text)

    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == dataschema_uri(event.name, event.version)
    assert "additionalProperties" not in text


@every_event
@bounded
@given(data=st.data())
def test_what_is_emitted_fits_the_committed_schema_and_is_read_back(event: EventType, data: st.DataObject) -> None:
    """Any sample passes marshmallow and, as JSON, the committed schema; reading gives it back unchanged."""
    emitted = emit_data(event.name, data.draw(samples(event.schema)))
    received = json.loads(json.dumps(emitted))

    validator(event).validate(received)
    assert received == emitted
    assert read_data(event.name, event.version, received) == emitted


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.just("2027-01-31T12:00:00+01:00"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@every_event
@bounded
@given(data=st.data())
def test_what_is_read_always_fits_the_schema(event: EventType, data: st.DataObject) -> None:
    """Whatever stands in a field: the reader refuses it as a SchemaError or gives data that the schema allows."""
    raw = emit_data(event.name, data.draw(samples(event.schema)))
    field = data.draw(st.sampled_from(sorted(event.schema().fields)))
    raw[field] = data.draw(JSON_VALUES)

    try:
        read = read_data(event.name, event.version, raw)
    except SchemaError as error:
        assert error.field.split(".")[0] == field
    else:
        validator(event).validate(read)


@every_event
@settings(bounded, max_examples=3)
@given(data=st.data())
def test_emitting_is_strict_and_reading_tolerant(event: EventType, data: st.DataObject) -> None:
    """An unknown field, at any depth, is refused when emitted and dropped when read; a missing one never passes."""
    emitted = emit_data(event.name, data.draw(samples(event.schema)))
    widened = {name: widen(value) for name, value in emitted.items()} | {"news": 1}

    assert read_data(event.name, event.version, widened) == emitted
    with pytest.raises(SchemaError, match="news: Unknown field"):
        emit_data(event.name, emitted | {"news": 1})
    for name in (name for name in emitted if widened[name] != emitted[name]):
        with pytest.raises(SchemaError, match="Unknown field"):
            emit_data(event.name, emitted | {name: widened[name]})
    for name in json_schema(event)["required"]:
        less = {kept: value for kept, value in emitted.items() if kept != name}
        with pytest.raises(SchemaError) as not_emitted:
            emit_data(event.name, less)
        with pytest.raises(SchemaError) as not_read:
            read_data(event.name, event.version, less)
        assert not_emitted.value.field == not_read.value.field == name


def widen(value: Any) -> Any:
    """`value` with an unknown field in each object in it."""
    if isinstance(value, dict):
        return {name: widen(inner) for name, inner in value.items()} | {"news": 1}
    return [widen(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("insider", "someone@example.org"),
        ("start_on", "2027-02-30"),
        ("start_on", datetime(2027, 2, 1, tzinfo=UTC)),
        ("confirmed_at", datetime(2027, 2, 1)),  # noqa: DTZ001
        ("confirmed_at", "2027-02-01T00:00:00"),
        ("confirmed_by", "platform"),
        ("evidence_grade", True),
        ("evidence_grade", 4),
        ("price", -1),
        ("price", 10**9 + 1),
        ("price", 5.0),
        ("currency", "eur"),
        ("tranches", [{"due_day": 0, "bps": 9_999}]),
        ("help", {"coaching": 1}),
        ("offer_id", "o-1\n"),
    ],
)
def test_a_wrong_value_is_refused_by_its_field(field: str, wrong: Any) -> None:
    """Neither a person who is no pseudonym, nor a wrong day, a zoneless time or a sum out of bounds goes out."""
    with pytest.raises(SchemaError) as refused:
        emit_data("hire.confirmed", HIRE | {field: wrong})

    assert refused.value.field == field
    assert "example.org" not in str(refused.value)


def test_times_come_out_in_one_form() -> None:
    """Objects and RFC 3339 text of any zone become text in UTC with milliseconds."""
    for given_as in (HIRE["confirmed_at"], "2027-01-31T12:00:00Z", "2027-01-31T13:00:00.000+01:00"):
        emitted = emit_data("hire.confirmed", HIRE | {"confirmed_at": given_as})

        assert emitted["confirmed_at"] == "2027-01-31T12:00:00.000Z"
        assert emitted["start_on"] == "2027-02-01"


def test_the_unknown_is_named() -> None:
    """An unknown event and an unknown version are different errors."""
    with pytest.raises(UnknownType, match="hire.dreamt"):
        emit_data("hire.dreamt", {})
    with pytest.raises(UnknownVersion, match="version 9"):
        read_data("hire.confirmed", 9, {})


@every_event
def test_no_field_smells_of_a_person(event: EventType) -> None:
    """Names, addresses and free text have no field to stand in, at any depth."""
    names: set[str] = set()

    def collect(node: dict[str, Any]) -> None:
        for name, below in node.get("properties", {}).items():
            names.add(name)
            collect(below.get("items", below))

    collect(json_schema(event))

    smells = re.compile(r"name|mail|phone|address|title|text|note|comment|message|birth|contact|url|employer")
    assert not [name for name in names if smells.search(name)]


@every_event
def test_a_dataschema_is_read_back(event: EventType) -> None:
    """The URI of a schema says its event and version."""
    assert parse_dataschema(dataschema_uri(event.name, event.version)) == (event.name, event.version)


@pytest.mark.parametrize(
    "suffix", ["", "hire.confirmed", "hire.confirmed/", "a/0", "a/01", "a/-1", "a/1/1", "a/²", "a/1 "]
)
def test_a_crooked_dataschema_is_refused(suffix: str) -> None:
    """Only the one form passes, on the project's own base."""
    for uri in (dataschema_uri("x", 1).removesuffix("x/1") + suffix, f"https://elsewhere.example/{suffix}"):
        with pytest.raises(ValueError, match="a dataschema has the form"):
            parse_dataschema(uri)


def test_the_example_consumer_is_python() -> None:
    """The code that the reference shows compiles."""
    (example,) = re.findall(r"```python\n(.*?)```", REFERENCE.read_text(encoding="utf-8"), re.DOTALL)

    compile(example, "docs/events.md", "exec")
