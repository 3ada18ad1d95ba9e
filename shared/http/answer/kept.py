"""An answer that is the same for everybody and dear to make, kept in the process for a while."""

import time
from collections.abc import Callable
from threading import Lock

from shared.http.declare.etag import KEPT_SECONDS, content_tag


class KeptText:
    """The text that `make` makes, and the tag of its content; made anew after `KEPT_SECONDS`, by one at a time.

    Who asks while it is made gets the one of before; where there is none yet they wait, and look again.
    """

    def __init__(self, make: Callable[[], str], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._make, self._monotonic, self._making = make, monotonic, Lock()
        self._kept: tuple[str, str] | None = None
        self._until = float("-inf")

    def get(self) -> tuple[str, str]:
        """(text, tag). Raises what `make` raises; then the next who asks makes it."""
        kept = self._kept
        if kept is not None and self._monotonic() < self._until:
            return kept
        if not self._making.acquire(blocking=kept is None) and kept is not None:
            return kept
        try:
            if self._kept is None or self._monotonic() >= self._until:
                text = self._make()
                self._kept = text, content_tag(text.encode())
                self._until = self._monotonic() + KEPT_SECONDS
            return self._kept
        finally:
            self._making.release()
