"""Structured logs: one JSON object a line on stdout, and nothing personal in them.

    log.info("offer accepted", extra={"aggregate_id": offer_id, "event_id": event_id})

Extras become members of the object. Ids, codes and counts belong there; names, addresses, texts and tokens never do,
and what slips through is struck out here: tokens, credentials in URLs, addresses of clients, and whatever looks like
an e-mail address.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from shared.characters import printable
from shared.telemetry import traces
from shared.telemetry.outages import KafkasOwn

_ATOM = r"[^\s@<>\"'(),;:=]"
_STRIKE = (
    re.compile(r"\bBearer\s++\S++", re.IGNORECASE),
    re.compile(r"(?<=://)[^\s/@]++@"),
    re.compile(r"\bip=\S++"),
    re.compile(rf"(?<!{_ATOM}){_ATOM}++(?:@{_ATOM}++)++"),
)
"""Each begins where nothing of its kind stands before, and gives nothing back, so that the time is that of one reading:
what is logged may be long, and was written by others.
"""
_TOKENS = re.compile(r"[A-Za-z0-9_.-]++")
_TOKEN = re.compile(r"\beyJ[A-Za-z0-9_-]")
_REMOVED = "[removed]"
_SECRET_NAMES = re.compile(r"authorization|token|password|secret|cookie|e?mail|api_?key", re.IGNORECASE)
_OF_A_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def strike(text: str) -> str:
    """`text` without tokens, credentials and e-mail addresses."""
    if not ("@" in text or "eyJ" in text or "ip=" in text or "bearer" in text.lower()):
        return text  # as nearly all is: nothing of what follows could match
    for pattern in _STRIKE:
        text = pattern.sub(_REMOVED, text)
    return _TOKENS.sub(_without_token, text)


def _without_token(found: re.Match[str]) -> str:
    """A run of a JWT's characters without the JWT in it."""
    run = found.group()
    begins = _TOKEN.search(run)
    return run[: begins.start()] + _REMOVED if begins and "." in run[begins.end() :] else run


class NothingPersonal(logging.Filter):
    """Strikes out what no log may hold, in the message and in the extras. Drops nothing but those."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = strike(record.getMessage()), None
        for name, value in list(vars(record).items()):
            if name in _OF_A_RECORD:
                continue
            if _SECRET_NAMES.search(name):
                delattr(record, name)
            elif isinstance(value, str):
                setattr(record, name, strike(value))
        return True


class JsonLines(logging.Formatter):
    """time, level, service, process, logger, message, request_id, trace_id, then the extras; an exception last."""

    def __init__(self, service: str = "", process: str = "") -> None:
        super().__init__()
        self.service, self.process = service, process

    def format(self, record: logging.LogRecord) -> str:
        trace = traces.current()
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "service": self.service,
            "process": self.process,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := traces.request_id():
            line["request_id"] = request
        if trace:
            line["trace_id"] = trace.trace_id
        line |= {name: _plain(value) for name, value in vars(record).items() if name not in _OF_A_RECORD}
        if record.exc_info:
            line["exception"] = strike(self.formatException(record.exc_info))
        return printable(json.dumps(line, ensure_ascii=False, default=str))


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool) else strike(str(value))


def configure(service: str, process: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Make this process log JSON lines; once, at its start. `process` is web, worker or a command's name."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonLines(service, process))
    handler.addFilter(KafkasOwn())
    handler.addFilter(NothingPersonal())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("kafka", "pymongo", "urllib3", "werkzeug"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    logging.captureWarnings(True)
