"""A web process keeps a thread for `/livez`, whatever the others wait for."""

import threading
import time
from collections.abc import Iterable
from typing import Any

from shared.process.spare import STUCK, Spare


class Slow:
    """An app whose requests last until they are let go, but for the probes and what is refused."""

    def __init__(self) -> None:
        self.go, self.inside = threading.Event(), threading.Semaphore(0)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if STUCK in environ:
            return [b"refused"]
        if environ["PATH_INFO"] == "/v1/slow":
            self.inside.release()
            self.go.wait(10)
        return [b"served"]


def ask(spare: Spare, path: str) -> tuple[bytes, float]:
    start = time.monotonic()
    answer = spare({"PATH_INFO": path}, None)  # type: ignore[arg-type]  # nothing is started
    (body,) = answer
    if close := getattr(answer, "close", None):
        close()  # as a server does
    return body, time.monotonic() - start


def test_what_waits_holds_neither_probes_nor_the_next() -> None:
    """One waits for a free thread in vain, the next are refused at once; afterwards all are served."""
    app = Slow()
    spare = Spare(app, threads=2, patience=0.3)
    threads = [threading.Thread(target=ask, args=(spare, "/v1/slow")) for _ in range(2)]
    for thread in threads:
        thread.start()
        assert app.inside.acquire(timeout=5)

    first, second = ask(spare, "/v1/other"), ask(spare, "/v1/other")
    assert (first[0], second[0]) == (b"refused", b"refused")
    assert first[1] >= 0.3 > second[1]
    assert [ask(spare, path)[0] for path in ("/livez", "/readyz", "/metrics")] == [b"served"] * 3

    app.go.set()
    for thread in threads:
        thread.join(5)
    assert [ask(spare, "/v1/slow")[0] for _ in range(3)] == [b"served"] * 3


def test_a_request_that_fails_gives_its_thread_back() -> None:
    def fails(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if STUCK in environ:
            return [b"refused"]
        raise ValueError(environ)

    spare = Spare(fails, threads=1, patience=0.1)
    for _ in range(3):
        try:
            ask(spare, "/v1/other")
        except ValueError:
            continue
        raise AssertionError("it was refused")
