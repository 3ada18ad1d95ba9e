"""W3C Trace Context: who asked first, carried from the HTTP request through outbox and topics to the last consumer.

No exporter is here (`otlp.py` is one): `record_with` takes what it needs, one finished span at a time.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

_HEADER = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
Kind = Literal["internal", "server", "client", "producer", "consumer"]
Attributes = Mapping[str, str | int]
"""What a span says of its work, by the names of OpenTelemetry: codes, ids and counts, nothing personal."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One place in a trace: 32 and 16 hex digits, and whether it is sampled."""

    trace_id: str
    span_id: str
    sampled: bool = True

    def header(self) -> str:
        """The `traceparent` to send on."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    def child(self) -> "Trace":
        """A new span of the same trace."""
        return Trace(self.trace_id, _span_id(), self.sampled)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of work that is done; times in nanoseconds since the epoch."""

    name: str
    trace: Trace
    parent_id: str | None
    start_ns: int
    end_ns: int
    failed: bool
    kind: Kind = "internal"
    attributes: Attributes = field(default_factory=dict)


def _span_id() -> str:
    return secrets.token_hex(8)


def make() -> Trace:
    """The beginning of a new trace."""
    return Trace(secrets.token_hex(16), _span_id())


def parse(traceparent: str | None) -> Trace | None:
    """The trace a `traceparent` names, or None where there is none or it is malformed (then a new one begins)."""
    match = _HEADER.fullmatch(traceparent or "")
    if match is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    if version == "ff" or (version == "00" and more) or not int(trace_id, 16) or not int(span_id, 16):
        return None
    return Trace(trace_id, span_id, bool(int(flags, 16) & 1))


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_record: Callable[[Span], None] | None = None


def current() -> Trace | None:
    """The trace of the work at hand."""
    return _current.get()


def traceparent() -> str | None:
    """The header of the work at hand, to be stored with an event that it causes."""
    trace = _current.get()
    return trace.header() if trace else None


def request_id() -> str | None:
    """The id of the HTTP request at hand."""
    return _request_id.get()


def record_with(record: Callable[[Span], None] | None) -> None:
    """Hand every finished, sampled span of this process to `record`, which must neither block nor raise."""
    global _record
    _record = record


@dataclass(slots=True)
class _OpenSpan:
    """The span of the work at hand, while it is open."""

    name: str
    failed: bool = False
    attributes: dict[str, str | int] = field(default_factory=dict)


_open_span: ContextVar[_OpenSpan | None] = ContextVar("open_span", default=None)


def describe(attributes: Attributes, name: str | None = None, failed: bool = False) -> None:
    """Describe the span of the work at hand: attributes, a better name, that it failed without raising."""
    open_span = _open_span.get()
    if open_span is not None:
        open_span.name, open_span.failed = name or open_span.name, open_span.failed or failed
        open_span.attributes.update(attributes)


@contextmanager
def span(
    name: str, parent: str | None = None, request: str | None = None, kind: Kind = "internal", recorded: bool = True
) -> Iterator[Trace]:
    """Do the work inside as a span: below the `traceparent` in `parent`, else the current one, else in a new trace."""
    above = parse(parent) or _current.get()
    trace = above.child() if above else make()
    open_span = _OpenSpan(name)
    tokens = _current.set(trace), _request_id.set(request or _request_id.get()), _open_span.set(open_span)
    start, raised = time.time_ns(), True
    try:
        yield trace
        raised = False
    finally:
        _current.reset(tokens[0])
        _request_id.reset(tokens[1])
        _open_span.reset(tokens[2])
        if _record and trace.sampled and recorded:
            above_id = above.span_id if above else None
            failed = raised or open_span.failed
            _record(Span(open_span.name, trace, above_id, start, time.time_ns(), failed, kind, open_span.attributes))


def done(name: str, parent: str | None, start: int, kind: Kind, attributes: Attributes, failed: bool = False) -> None:
    """Record work that is over, from `start` (ns), below the `traceparent` that came with it; without one, nothing."""
    above = parse(parent) if _record else None
    if _record and above and above.sampled:
        _record(Span(name, above.child(), above.span_id, start, time.time_ns(), failed, kind, attributes))
