"""That this process has been asked to end: for what would run on inside a request, as a stream does."""

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
