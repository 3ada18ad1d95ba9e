"""Says once that something is away, and once that it is back, however often it is asked for meanwhile."""

import logging
import threading


class Outage:
    """What is asked again and again: `failed` and `ended` may be called for every try, from any thread."""

    def __init__(self, log: logging.Logger, what: str) -> None:
        self._log, self._what = log, what
        self._away = False
        self._lock = threading.Lock()

    def failed(self, reason: str) -> None:
        """A try failed: a warning with the reason, unless it has been so since the last that did not."""
        if self._changes(True):
            self._log.warning("%s: %s", self._what, reason)

    def ended(self) -> None:
        """A try succeeded: a line where the one before had failed."""
        if self._changes(False):
            self._log.info("%s: no longer", self._what)

    def _changes(self, away: bool) -> bool:
        with self._lock:
            before, self._away = self._away, away
        return before != away
