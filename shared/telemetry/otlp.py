"""Sends spans to a collector by OTLP over HTTP, where an endpoint is set; without one nothing of it is loaded.

The work never waits for the collector: spans go into a bounded queue, from which a thread of its own sends them; what
does not fit or cannot be sent is dropped. Started after the fork, for that thread would not live through it.
"""

import logging
import threading
from collections.abc import Callable

from shared.telemetry import traces

Stop = Callable[[], None]
_PATH = "/v1/traces"
_QUEUE, _BATCH, _EVERY_MS = 2048, 256, 1000
_SEND_WITHIN, _STOP_WITHIN = 3.0, 2.0


def start(endpoint: str | None, service: str, process: str) -> Stop:
    """Hand this process's spans to the collector at `endpoint` (a base URL; None: to nobody). What is returned ends it
    and waits two seconds at most. The exporter reads OTEL_EXPORTER_OTLP_HEADERS and _CERTIFICATE itself.
    """
    if endpoint is None:
        return lambda: None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # Full queues and repeated tries say so for every span and batch: only what was given up is worth a line.
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)
    exporter = OTLPSpanExporter(f"{endpoint}{_PATH}", timeout=_SEND_WITHIN)
    give_up: Stop = exporter.shutdown
    queue = BatchSpanProcessor(exporter, _QUEUE, _EVERY_MS, _BATCH)
    record = recorder(queue.on_end, service, process)
    traces.record_with(record)

    def stop() -> None:
        traces.record_with(None)
        ending = threading.Thread(target=queue.shutdown, daemon=True)
        ending.start()
        ending.join(_STOP_WITHIN)
        if ending.is_alive():
            give_up()  # the batch on its way may still end; those that wait are dropped, not tried for 30 s

    return stop


def recorder(take: Callable[..., None], service: str, process: str) -> Callable[[traces.Span], None]:
    """Gives our spans to `take` as those of OpenTelemetry; an error in it is logged and goes no further."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

    resource = Resource.create({"service.name": f"{service}-{process}", "service.namespace": "good-golem"})
    sampled = TraceFlags(TraceFlags.SAMPLED)

    def place(trace_id: str, span_id: str, remote: bool) -> SpanContext:
        return SpanContext(int(trace_id, 16), int(span_id, 16), remote, sampled)

    def record(span: traces.Span) -> None:
        try:
            trace_id = span.trace.trace_id
            take(
                ReadableSpan(
                    span.name,
                    context=place(trace_id, span.trace.span_id, False),
                    parent=place(trace_id, span.parent_id, True) if span.parent_id else None,
                    resource=resource,
                    attributes=span.attributes,
                    kind=SpanKind[span.kind.upper()],
                    status=Status(StatusCode.ERROR if span.failed else StatusCode.UNSET),
                    start_time=span.start_ns,
                    end_time=span.end_ns,
                )
            )
        except Exception:
            logging.getLogger(__name__).exception("a span could not be recorded")

    return record
