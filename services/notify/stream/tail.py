"""The end of the log, followed once for all streams of a process."""

import logging
import os
import threading
from collections import deque
from collections.abc import Sequence

from pymongo.errors import PyMongoError

from services.notify.log import reading
from services.notify.log.numbering import head
from services.notify.log.reading import Entry
from shared.aggregate import Store

_LATEST = 2_000
_AT_ONCE = 500
_PAUSE = 0.5
_STOPPED_BY_ITSELF = 1
log = logging.getLogger(__name__)


class Tail:
    """The latest events, read by one thread that begins with the first stream and goes with the process."""

    def __init__(self, store: Store, ending: threading.Event) -> None:
        self._store, self._ending = store, ending
        self._changed = threading.Condition()
        self._latest: deque[Entry] = deque(maxlen=_LATEST)
        self._number = -1
        self._thread: threading.Thread | None = None

    def start(self) -> int:
        """The number of the newest event that is known. Raises pymongo's errors."""
        with self._changed:
            if self._thread is None:
                self._number = head(self._store)
                self._thread = threading.Thread(target=self._follow, name="tail", daemon=True)
                self._thread.start()
            return self._number

    def after(self, number: int) -> Sequence[Entry] | None:
        """What came after this number; None where some of that is not at hand any more."""
        with self._changed:
            if number < self._number - len(self._latest):
                return None
            return [each for each in self._latest if each.number > number]

    def wait(self, number: int, seconds: float) -> None:
        """Until there is more than this number, the process ends, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > number or self._ending.is_set(), seconds)

    def _follow(self) -> None:
        try:
            while not self._ending.is_set():
                if self._read() < _AT_ONCE:
                    self._ending.wait(_PAUSE)
            with self._changed:
                self._changed.notify_all()
        except BaseException:
            log.exception("the tail of the log ended; so does this process")
            os._exit(_STOPPED_BY_ITSELF)

    def _read(self) -> int:
        try:
            found = reading.after(self._store, self._number, _AT_ONCE)
        except PyMongoError as error:
            if not self._ending.is_set():
                log.warning("the log could not be read: %s", type(error).__name__)
            return 0
        if found:
            with self._changed:
                self._latest.extend(found)
                self._number = found[-1].number
                self._changed.notify_all()
        return len(found)
