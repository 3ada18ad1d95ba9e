"""An event as a Kafka record and back: CloudEvents 1.0, Kafka protocol binding, binary mode.

`encode` trusts its event (the data came from `catalogue.emit_data`); `decode` trusts nothing, and whatever the bytes,
it gives an `Event` or raises `Poison`.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NoReturn

from shared.clock import format_time, in_reach, parse_time
from shared.events.catalogue import (
    SchemaError,
    UnknownType,
    UnknownVersion,
    dataschema_uri,
    find,
    latest,
    parse_dataschema,
    read_data,
)

MAX_BYTES = 1_000_000
MAX_SEQUENCE = 65_535
"""An aggregate is one document of at most 16 MB with all of its events, each of which takes more than 256 bytes."""

CONTENT_TYPE = "application/json"

Headers = list[tuple[str, bytes]]

_VISIBLE = re.compile(r"[!-~]{1,256}")
_SEQUENCE = re.compile(r"[0-9]{10}")
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_REQUIRED = (
    "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "ce_partitionkey", "ce_sequence",
    "ce_dataschema", "content-type",
)  # fmt: skip
_KNOWN = frozenset((*_REQUIRED, "traceparent"))


class Reason(StrEnum):
    """Why a record can never be read."""

    NOT_JSON = "not_json"
    TOO_BIG = "too_big"
    MISSING_HEADER = "missing_header"
    DUPLICATE_HEADER = "duplicate_header"
    BAD_HEADER = "bad_header"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_VERSION = "unknown_version"
    WRONG_KEY = "wrong_key"
    WRONG_SOURCE = "wrong_source"
    BAD_DATA = "bad_data"
    UNREADABLE = "unreadable"
    WRONG_TOPIC = "wrong_topic"
    NOT_READ_HERE = "not_read_here"


class Poison(Exception):
    """A record that no retry makes readable. `reason_code` is a `Reason`, `message` names the header or field."""

    def __init__(self, reason_code: Reason, message: str) -> None:
        super().__init__(f"{reason_code}: {message}")
        self.reason_code = reason_code
        self.message = message


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `subject` is the aggregate's id, `sequence` its number in it (from 1), `time` is aware,
    `data` is ready for JSON, `traceparent` is W3C Trace Context."""

    id: str
    type: str
    version: int
    source: str
    subject: str
    sequence: int
    time: datetime
    data: dict[str, Any]
    traceparent: str | None = None


def source_of(service: str) -> str:
    """The `ce_source` of what a service emits."""
    return f"urn:good-golem:{service}"


def encode(event: Event) -> tuple[bytes, bytes, Headers]:
    """(key, value, headers) of the record. Time is cut to milliseconds; an ill-formed traceparent is left out.

    Raises ValueError where a field of the event has no form in a record: a naive time, a sequence outside 1..65535,
    an id, source or subject that is not 1..256 visible ASCII characters, data with NaN or above 1 MB.
    """
    if not 1 <= event.sequence <= MAX_SEQUENCE:
        raise ValueError(f"the sequence {event.sequence} is outside 1..{MAX_SEQUENCE}")
    for name, text in (("id", event.id), ("source", event.source), ("subject", event.subject)):
        if _VISIBLE.fullmatch(text) is None:
            raise ValueError(f"the {name} of a {event.type} is not 1..256 visible ASCII characters")
    value = json.dumps(event.data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    if len(value) > MAX_BYTES:
        raise ValueError(f"the data of a {event.type} is above {MAX_BYTES} bytes")
    headers = {
        "ce_specversion": "1.0",
        "ce_id": event.id,
        "ce_source": event.source,
        "ce_type": event.type,
        "ce_time": format_time(event.time),
        "ce_subject": event.subject,
        "ce_partitionkey": event.subject,
        "ce_sequence": f"{event.sequence:010}",
        "ce_dataschema": dataschema_uri(event.type, event.version),
        "content-type": CONTENT_TYPE,
    }
    if event.traceparent is not None and _TRACEPARENT.fullmatch(event.traceparent):
        headers["traceparent"] = event.traceparent
    return event.subject.encode(), value, [(name, text.encode()) for name, text in headers.items()]


def decode(key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> Event:
    """The event of a record; unknown headers and unknown fields are left out, an ill-formed traceparent is ignored.

    Raises Poison, and nothing else whatever the bytes.
    """
    attributes = _texts(headers)
    for name in ("ce_id", "ce_source", "ce_type", "ce_subject"):
        if _VISIBLE.fullmatch(attributes[name]) is None:
            _bad(name, "1..256 visible ASCII characters")
    if attributes["ce_specversion"] != "1.0":
        _bad("ce_specversion", "1.0")
    if attributes["content-type"].partition(";")[0].strip().lower() != CONTENT_TYPE:
        _bad("content-type", CONTENT_TYPE)
    if (
        _SEQUENCE.fullmatch(attributes["ce_sequence"]) is None
        or not 1 <= int(attributes["ce_sequence"]) <= MAX_SEQUENCE
    ):
        _bad("ce_sequence", f"a number from 1 to {MAX_SEQUENCE}, of ten digits")
    try:
        time = in_reach(parse_time(attributes["ce_time"]))
    except ValueError:
        _bad("ce_time", "an RFC 3339 time from 1970 to 2199")
    if key != attributes["ce_subject"].encode() or attributes["ce_partitionkey"] != attributes["ce_subject"]:
        raise Poison(Reason.WRONG_KEY, "the key, ce_partitionkey and ce_subject are not the same")
    version = _version(attributes["ce_type"], attributes["ce_dataschema"])
    return Event(
        id=attributes["ce_id"],
        type=attributes["ce_type"],
        version=version,
        source=attributes["ce_source"],
        subject=attributes["ce_subject"],
        sequence=int(attributes["ce_sequence"]),
        time=time,
        data=_data(attributes["ce_type"], version, attributes["ce_subject"], value),
        traceparent=attributes.get("traceparent"),
    )


def check_source(event: Event) -> None:
    """A service takes an event from its owner alone. Raises Poison."""
    owner = source_of(latest(event.type).owner)
    if event.source != owner:
        raise Poison(Reason.WRONG_SOURCE, f"only {owner} emits {event.type}")


def _bad(header: str, wanted: str) -> NoReturn:
    raise Poison(Reason.BAD_HEADER, f"{header} is not {wanted}")


def _texts(headers: Sequence[tuple[str, bytes | None]]) -> dict[str, str]:
    """The headers of the contract as text, each there exactly once (traceparent: only when it is well-formed)."""
    attributes: dict[str, str] = {}
    for name, raw in headers:
        if name not in _KNOWN:
            continue
        if name in attributes:
            raise Poison(Reason.DUPLICATE_HEADER, f"{name} is there twice")
        try:
            attributes[name] = (raw or b"").decode()
        except UnicodeDecodeError:
            _bad(name, "UTF-8")
    for name in _REQUIRED:
        if name not in attributes:
            raise Poison(Reason.MISSING_HEADER, f"{name} is missing")
    if _TRACEPARENT.fullmatch(attributes.get("traceparent", "")) is None:
        attributes.pop("traceparent", None)
    return attributes


def _version(name: str, dataschema: str) -> int:
    try:
        schema_name, version = parse_dataschema(dataschema)
    except ValueError as error:
        raise Poison(Reason.BAD_HEADER, f"ce_dataschema: {error}") from None
    if schema_name != name:
        _bad("ce_dataschema", "that of ce_type")
    try:
        return find(name, version).version
    except UnknownType as error:
        raise Poison(Reason.UNKNOWN_TYPE, str(error)) from None
    except UnknownVersion as error:
        raise Poison(Reason.UNKNOWN_VERSION, str(error)) from None


def _data(name: str, version: int, subject: str, value: bytes | None) -> dict[str, Any]:
    raw = _json(value)
    try:
        data = read_data(name, version, raw)
    except SchemaError as error:
        raise Poison(Reason.BAD_DATA, str(error)) from None
    own = find(name, version).subject_field
    if own is not None and data[own] != subject:
        raise Poison(Reason.BAD_DATA, f"{own} is not ce_subject")
    return data


def _json(value: bytes | None) -> Any:
    if value is None:
        raise Poison(Reason.NOT_JSON, "the record has no value")
    if len(value) > MAX_BYTES:
        raise Poison(Reason.TOO_BIG, f"{len(value)} bytes, above {MAX_BYTES}")
    try:
        return json.loads(value.decode(), object_pairs_hook=_object, parse_constant=_no_constant)
    except RecursionError:
        raise Poison(Reason.NOT_JSON, "nested too deep") from None
    except ValueError as error:
        says = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise Poison(Reason.NOT_JSON, says) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key is there twice in one object")
    return members


def _no_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
