"""The end of a process: that it was asked for, which what runs on inside a request is to know, as a stream does; and
how it goes quickly.
"""

import atexit
import gc
import signal
import threading
from types import FrameType

ENDING = threading.Event()


def on_signal(number: signal.Signals) -> None:
    """Set `ENDING` once this signal comes, then do what was done on it before."""
    before = signal.getsignal(number)

    def handle(given: int, frame: FrameType | None) -> None:
        ENDING.set()
        if callable(before):
            before(given, frame)

    signal.signal(number, handle)


def quickly() -> None:
    """Look for no garbage once all is done: it goes with the process, and looking takes up to half a second of CPU."""
    atexit.register(gc.freeze)
