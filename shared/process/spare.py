"""Keeps one thread of a web process free, so that it answers for itself while everything else waits for something slow.

A database that hangs, or clients that send a byte a second, would else use up all threads, and then `/livez` as well:
the process would be ended for what is not its fault.
"""

import threading
from collections.abc import Iterable
from typing import Any

from werkzeug.wsgi import ClosingIterator

from shared.http.request.edge import PROBES, StartResponse, Wsgi

STUCK = "golem.stuck"
"""In the environ of a request that is to be refused, for no thread came free."""

_PATIENCE_SECONDS = 1.0


class Spare:
    """WSGI middleware of a process with `threads` threads for requests and one more, which this keeps from them.

    A request has its thread until its answer is sent. It waits a second for one of the `threads`; once in vain,
    the next do not wait until one is free.
    """

    def __init__(self, app: Wsgi, threads: int, patience: float = _PATIENCE_SECONDS) -> None:
        self._app, self._patience = app, patience
        self._free = threading.Semaphore(threads)
        self._stuck = False

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") in PROBES:
            return self._app(environ, start_response)
        if not self._taken():
            environ[STUCK] = True
            return self._app(environ, start_response)
        try:
            answer = self._app(environ, start_response)
        except BaseException:
            self._give_back()
            raise
        return ClosingIterator(answer, self._give_back)

    def _give_back(self) -> None:
        self._stuck = False
        self._free.release()

    def _taken(self) -> bool:
        if self._free.acquire(blocking=False):
            return True
        if self._stuck or not self._free.acquire(timeout=self._patience):
            self._stuck = True
            return False
        return True
