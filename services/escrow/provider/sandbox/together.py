"""Group commit: what several threads ask for while one round is under way is done together in the next."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Together(Generic[Asked, Answer]):
    """Nobody waits for more to come: a call that finds no round under way begins one of its own.

    `work` gives each its answer, or its error; what it raises is the answer of all who have none yet.
    """

    def __init__(self, work: "Callable[[Sequence[tuple[Asked, Future[Answer]]]], None]") -> None:
        self._work = work
        self._waiting: deque[tuple[Asked, Future[Answer]]] = deque()
        self._rounds = ThreadPoolExecutor(1, thread_name_prefix="together")

    def __call__(self, asked: Asked) -> Answer:
        answer: Future[Answer] = Future()
        self._waiting.append((asked, answer))
        self._rounds.submit(self._round)
        return answer.result()

    def _round(self) -> None:
        waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not waiting:
            return
        try:
            self._work(waiting)
        except Exception as error:
            for _, answer in waiting:
                if not answer.done():
                    answer.set_exception(error)
