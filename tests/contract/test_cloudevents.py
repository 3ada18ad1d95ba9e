"""Events on the wire: what goes out comes back, and no bytes whatever bring a consumer down."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event, to_binary_event
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.events import Event, Poison, Reason, decode, emit_data, encode

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
HIRE = Event(
    id="0b7c1e6f-52aa-4d0f-9a4e-5b8f0c2d7e11",
    type="hire.confirmed",
    version=1,
    source="/good-golem/matching",
    subject="o-1",
    sequence=7,
    time=datetime(2027, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC),
    data=emit_data(
        "hire.confirmed",
        {
            "offer_id": "o-1",
            "listing_id": "l-1",
            "insider": "p_" + "a" * 32,
            "seeker": "p_" + "b" * 32,
            "status": "hired",
            "start_on": "2027-02-01",
            "confirmed_by": "seeker",
            "evidence_grade": 0,
            "confirmed_at": "2027-01-31T12:00:00.250Z",
        },
    ),
    traceparent=TRACE,
)
KEY, VALUE, HEADERS = encode(HIRE)
NAMES = [name for name, _ in HEADERS]
bounded = settings(max_examples=200, deadline=None)


def headers(**changed: bytes | None) -> list[tuple[str, bytes | None]]:
    """The headers of the record with some changed (`ce_id=b"…"`); None leaves one out."""
    said: dict[str, bytes | None] = dict(HEADERS)
    said |= {name.replace("content_", "content-"): value for name, value in changed.items()}
    return [(name, value) for name, value in said.items() if value is not None]


def reason(key: bytes | None, value: bytes | None, said: Sequence[tuple[str, bytes | None]]) -> Reason:
    with pytest.raises(Poison) as poison:
        decode(key, value, said)
    assert len(str(poison.value)) < 1_000
    return poison.value.reason_code


def test_the_record_is_as_documented() -> None:
    """Key, value and headers, letter by letter."""
    assert KEY == b"o-1"
    assert json.loads(VALUE) == HIRE.data
    assert [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"0b7c1e6f-52aa-4d0f-9a4e-5b8f0c2d7e11"),
        ("ce_source", b"/good-golem/matching"),
        ("ce_type", b"hire.confirmed"),
        ("ce_time", b"2027-01-31T12:00:00.250Z"),
        ("ce_subject", b"o-1"),
        ("ce_partitionkey", b"o-1"),
        ("ce_sequence", b"0000000007"),
        ("ce_dataschema", b"https://goodgolem.example/schemas/hire.confirmed/1"),
        ("content-type", b"application/json"),
        ("traceparent", TRACE.encode()),
    ] == HEADERS


def test_another_implementation_of_cloudevents_reads_it() -> None:
    """The package of the CloudEvents authors finds every attribute where the Kafka binding has it."""
    seen = from_binary_event(KafkaMessage(headers=dict(HEADERS), key=KEY, value=VALUE))

    assert seen.get_specversion() == "1.0"
    assert (seen.get_id(), seen.get_source(), seen.get_type()) == (HIRE.id, HIRE.source, HIRE.type)
    assert (seen.get_subject(), seen.get_time()) == (HIRE.subject, HIRE.time)
    assert seen.get_dataschema() == "https://goodgolem.example/schemas/hire.confirmed/1"
    assert seen.get_datacontenttype() == "application/json"
    assert (seen.get_extension("partitionkey"), seen.get_extension("sequence")) == (HIRE.subject, "0000000007")
    assert seen.get_data() == HIRE.data


def test_what_another_implementation_writes_is_read() -> None:
    """The same event, made and bound to Kafka by that package."""
    seen = from_binary_event(KafkaMessage(headers=dict(HEADERS), key=KEY, value=VALUE))
    written = to_binary_event(seen)

    assert decode(KEY, written.value, [*written.headers.items(), ("traceparent", TRACE.encode())]) == HIRE


@pytest.mark.parametrize("traceparent", [TRACE, None])
def test_an_event_comes_back_as_it_went(traceparent: str | None) -> None:
    """Encoding and decoding is the identity, with a trace and without."""
    event = replace(HIRE, traceparent=traceparent)

    assert decode(*encode(event)) == event


def test_what_is_not_known_is_left_out() -> None:
    """Headers and fields of a later release, and a broken trace, do not stop a hire."""
    value = json.dumps(HIRE.data | {"later": {"deep": [1.5]}}).encode()
    said = [*headers(traceparent=b"00-broken", content_type=b"application/json; charset=utf-8"), ("ce_later", b"\xff")]

    assert decode(KEY, value, said) == replace(HIRE, traceparent=None)


@pytest.mark.parametrize(
    "wrong",
    [{"sequence": 0}, {"sequence": 10**10}, {"time": datetime(2027, 1, 1)}, {"id": ""}, {"subject": "ö"}],  # noqa: DTZ001
    ids=str,
)
def test_an_event_that_cannot_be_said_is_not_encoded(wrong: dict[str, object]) -> None:
    """The relay hears of it before the broker does."""
    with pytest.raises(ValueError, match=r"outside|zone|visible"):
        encode(replace(HIRE, **wrong))  # type: ignore[arg-type]


def test_a_broken_trace_is_not_sent_on() -> None:
    """A traceparent may come from a client's request; only a well-formed one goes out."""
    assert "traceparent" not in dict(encode(replace(HIRE, traceparent="00-x"))[2])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, Reason.NOT_JSON),
        (b"", Reason.NOT_JSON),
        (b"hello", Reason.NOT_JSON),
        (b"\xff\xfe", Reason.NOT_JSON),
        (b"\xef\xbb\xbf{}", Reason.NOT_JSON),
        (b'{"price":NaN}', Reason.NOT_JSON),
        (b'{"price":-Infinity}', Reason.NOT_JSON),
        (b'{"status":"a","status":"b"}', Reason.NOT_JSON),
        (b'{"later":{"a":1,"a":1}}', Reason.NOT_JSON),
        (b'{"a":' * 150_000, Reason.NOT_JSON),
        (b"[" * 400_000 + b"]" * 400_000, Reason.NOT_JSON),
        (b"9" * 5_000, Reason.NOT_JSON),
        (b'"' + b"a" * 1_000_000 + b'"', Reason.TOO_BIG),
        (b"[]", Reason.BAD_DATA),
        (b"null", Reason.BAD_DATA),
        (b"{}", Reason.BAD_DATA),
        (json.dumps(HIRE.data | {"evidence_grade": "1"}).encode(), Reason.BAD_DATA),
        (json.dumps(HIRE.data | {"seeker": None}).encode(), Reason.BAD_DATA),
        (json.dumps(HIRE.data | {"status": {"$gt": ""}}).encode(), Reason.BAD_DATA),
        (json.dumps(HIRE.data | {"help": ["X"] * 100_000}).encode(), Reason.BAD_DATA),
        (json.dumps(HIRE.data | {"offer_id": "o-2"}).encode(), Reason.BAD_DATA),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_bad_value_is_poison(value: bytes | None, expected: Reason) -> None:
    """Each defect of the value has its reason, and the message stays short."""
    assert reason(KEY, value, HEADERS) is expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        *(({name.replace("-", "_"): None}, Reason.MISSING_HEADER) for name, _ in HEADERS if name != "traceparent"),
        *(({name.replace("-", "_"): b"\xff"}, Reason.BAD_HEADER) for name, _ in HEADERS),
        *(
            ({name.replace("-", "_"): b""}, Reason.BAD_HEADER)
            for name in ("ce_id", "ce_source", "ce_type", "ce_subject")
        ),
        ({"ce_specversion": b"0.3"}, Reason.BAD_HEADER),
        ({"ce_time": b"yesterday"}, Reason.BAD_HEADER),
        ({"ce_time": b"2027-01-31T12:00:00"}, Reason.BAD_HEADER),
        ({"ce_time": b"0001-01-01T00:00:00+14:00"}, Reason.BAD_HEADER),
        ({"ce_sequence": b"7"}, Reason.BAD_HEADER),
        ({"ce_sequence": b"0000000000"}, Reason.BAD_HEADER),
        ({"ce_sequence": "٠٠٠٠٠٠٠٠٠٧".encode()}, Reason.BAD_HEADER),
        ({"content_type": b"text/plain"}, Reason.BAD_HEADER),
        ({"ce_dataschema": b"hire.confirmed"}, Reason.BAD_HEADER),
        ({"ce_dataschema": b"https://goodgolem.example/schemas/hire.ended/1"}, Reason.BAD_HEADER),
        ({"ce_dataschema": b"https://goodgolem.example/schemas/hire.confirmed/2"}, Reason.UNKNOWN_VERSION),
        (
            {"ce_type": b"hire.dreamt", "ce_dataschema": b"https://goodgolem.example/schemas/hire.dreamt/1"},
            Reason.UNKNOWN_TYPE,
        ),
        ({"ce_partitionkey": b"o-2"}, Reason.WRONG_KEY),
        ({"ce_subject": b"o-2"}, Reason.WRONG_KEY),
    ],
    ids=str,
)
def test_a_bad_header_is_poison(changed: dict[str, bytes | None], expected: Reason) -> None:
    """Missing, ill-formed, not UTF-8, unknown, at odds with another: each has its reason."""
    assert reason(KEY, VALUE, headers(**changed)) is expected


@pytest.mark.parametrize("name", [name for name, _ in HEADERS])
def test_a_header_that_is_there_twice_is_poison(name: str) -> None:
    """Which of the two to believe is not ours to guess."""
    assert reason(KEY, VALUE, [*HEADERS, (name, dict(HEADERS)[name])]) is Reason.DUPLICATE_HEADER


@pytest.mark.parametrize("key", [None, b"", b"o-2", b"\xff"])
def test_a_record_under_another_key_is_poison(key: bytes | None) -> None:
    """The key decides the partition, and so the order."""
    assert reason(key, VALUE, HEADERS) is Reason.WRONG_KEY


@bounded
@given(
    key=st.none() | st.binary(max_size=20),
    value=st.none() | st.binary(max_size=200),
    said=st.lists(
        st.tuples(st.sampled_from([name for name, _ in HEADERS]) | st.text(), st.none() | st.binary()), max_size=14
    ),
)
def test_no_bytes_raise_anything_but_poison(
    key: bytes | None, value: bytes | None, said: list[tuple[str, bytes | None]]
) -> None:
    """Pure noise."""
    reason(key, value, said)


@bounded
@given(data=st.data())
def test_no_change_of_a_good_record_raises_anything_but_poison(data: st.DataObject) -> None:
    """A good record with one header, and the value, cut and overwritten anywhere: an event or poison."""
    said: list[tuple[str, bytes | None]] = list(HEADERS)
    at = data.draw(st.integers(0, len(said) - 1))
    said[at] = (said[at][0], mangled(data, said[at][1] or b""))
    value = mangled(data, VALUE) if data.draw(st.booleans()) else VALUE

    try:
        event = decode(KEY, value, said)
    except Poison as poison:
        assert poison.message
    else:
        assert decode(*encode(event)).data == event.data


def mangled(data: st.DataObject, raw: bytes) -> bytes:
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 8)))
    return (
        raw[:start] + data.draw(st.binary(max_size=6) | st.sampled_from([b"1e999", b'"\\ud800"', b"null"])) + raw[end:]
    )
