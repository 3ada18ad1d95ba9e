"""Group commit: what is asked for by several threads at once is done at once, by one of them."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Together(Generic[Asked, Answer]):
    """A call waits for the one under way; whoever comes next does the work of all who wait, and nobody waits for more
    to come. `work` gives each its answer, or its error; what it raises is the answer to all who have none.
    """

    def __init__(self, work: "Callable[[Sequence[tuple[Asked, Future[Answer]]]], None]") -> None:
        self._work = work
        self._turn, self._lock = Lock(), Lock()
        self._waiting: list[tuple[Asked, Future[Answer]]] = []

    def __call__(self, asked: Asked) -> Answer:
        mine: Future[Answer] = Future()
        with self._lock:
            self._waiting.append((asked, mine))
        with self._turn:
            if not mine.done():
                self._all()
        return mine.result()

    def _all(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        try:
            self._work(waiting)
        except BaseException as error:
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
