"""What is away and comes back, said twice: a line when it is not reached any more, and one when it is reached again.

Every loop that fails because of it says `away`, as often as it tries, and `back` when it got through. Nothing more is
logged in between. Kafka's client says what happens to its connections several times a second: its lines are taken here,
and give the reason.
"""

import logging
import threading
import time
from collections.abc import Callable

from pymongo.errors import PyMongoError, _OperationCancelled
from pymongo.monitoring import (
    ServerHeartbeatFailedEvent,
    ServerHeartbeatListener,
    ServerHeartbeatStartedEvent,
    ServerHeartbeatSucceededEvent,
)

KAFKA, MONGODB, PROVIDER = "Kafka", "MongoDB", "the provider"
_QUIET = 15.0
"""Seconds. Who has not failed for so long has no trouble any more, whether or not it says so."""

_SAME_AGAIN = 60.0
"""Seconds until Kafka's client may say the same once more."""

log = logging.getLogger(__name__)


class Outages:
    """Of one process, of any number of things it reaches by name."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic, self._lock = monotonic, threading.Lock()
        self._began: dict[str, float] = {}
        self._failing: dict[str, dict[str, float]] = {}
        self._last: dict[str, float] = {}

    def away(self, what: str, part: str, error: BaseException | str, *, tries: bool = True) -> None:
        """`part` of this process did not reach `what`. One that `tries` no more on its own holds no end up."""
        with self._lock:
            now = self._last[what] = self._monotonic()
            if tries:
                self._failing.setdefault(what, {})[part] = now
            if what in self._began:
                return
            self._began[what] = now
        reason = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        log.warning("%s is not reached", what, extra={"part": part, "error": reason[:300]})

    def back(self, what: str, part: str) -> None:
        """`part` of this process reached `what`; the outage is over where no other part has failed lately."""
        if what not in self._began:
            return
        with self._lock:
            failing, now = self._failing.get(what, {}), self._monotonic()
            failing.pop(part, None)
            if what not in self._began or any(now - at < _QUIET for at in failing.values()):
                return
            failing.clear()
            seconds = round(self._last[what] - self._began.pop(what), 1)
        log.warning("%s is reached again", what, extra={"away_seconds": seconds})

    def is_away(self, what: str) -> bool:
        """Whether `what` is away now."""
        return what in self._began


OURS = Outages()
"""This process's."""

away, back, is_away = OURS.away, OURS.back, OURS.is_away


def tries_again(part: str, error: Exception) -> None:
    """A loop could not do its work in the database: it is away, or others changed the same documents all the time."""
    if isinstance(error, PyMongoError):
        away(MONGODB, part, error)
    else:
        log.warning("the %s loop tries again", part, extra={"error": type(error).__name__})


class Heartbeats(ServerHeartbeatListener):
    """What a client of the database finds, which asks its servers all the time."""

    def started(self, event: ServerHeartbeatStartedEvent) -> None:
        """Nothing is known yet."""

    def succeeded(self, event: ServerHeartbeatSucceededEvent) -> None:
        back(MONGODB, f"connection to {event.connection_id}")

    def failed(self, event: ServerHeartbeatFailedEvent) -> None:
        """What this process broke off itself, at its end, is no outage; where others met one, the next says so."""
        if isinstance(event.reply, _OperationCancelled):
            return
        away(MONGODB, f"connection to {event.connection_id}", event.reply)


class KafkasOwn(logging.Filter):
    """Of what Kafka's client logs, nothing of its connections is let through, for one that failed is an outage, and of
    the rest what was not said within a minute, and no outage explains.
    """

    def __init__(self, outages: Outages = OURS) -> None:
        super().__init__()
        self._outages = outages
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] != "kafka" or record.levelno < logging.WARNING:
            return True
        if record.name == "kafka.net.manager":
            self._outages.away(KAFKA, "connections", record.getMessage())
            return False
        if _of_a_connection(record):
            return False
        key, now = (record.name, str(record.msg)), time.monotonic()
        again = now - self._said.get(key, -_SAME_AGAIN) < _SAME_AGAIN
        self._said[key] = now
        return not again and not self._outages.is_away(KAFKA)


def _of_a_connection(record: logging.LogRecord) -> bool:
    if error := record.exc_info and record.exc_info[1]:
        return isinstance(error, OSError)
    return record.name.startswith(("kafka.net.", "kafka.cluster")) or "KafkaConnectionError" in record.getMessage()
