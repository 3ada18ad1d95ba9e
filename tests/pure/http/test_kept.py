"""An answer that is kept in the process: made by one at a time, and anew when its time has passed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from shared.http.answer.kept import KeptText
from shared.http.declare.etag import KEPT_SECONDS, content_tag

PATIENCE = 20


class Maker:
    """Counts what it makes; made to wait or fail."""

    def __init__(self) -> None:
        self.now, self.made, self.fails = 0.0, 0, False
        self.begun, self.go_on = Event(), Event()
        self.go_on.set()
        self.kept = KeptText(self.make, lambda: self.now)

    def make(self) -> str:
        self.made += 1
        self.begun.set()
        assert self.go_on.wait(PATIENCE)
        if self.fails:
            raise OSError("the database is away")
        return f"text {self.made}"


def test_it_is_made_anew_when_its_time_has_passed() -> None:
    maker = Maker()
    told = [maker.kept.get() for _ in range(3)]
    maker.now = KEPT_SECONDS - 1
    told.append(maker.kept.get())
    maker.now = KEPT_SECONDS

    assert told == [("text 1", content_tag(b"text 1"))] * 4
    assert maker.kept.get() == ("text 2", content_tag(b"text 2"))


@pytest.mark.parametrize("known", [True, False], ids=["one of before", "none yet"])
def test_one_makes_it_at_a_time(known: bool) -> None:
    """The others get the one of before; where there is none they wait for it, and make none."""
    maker = Maker()
    if known:
        maker.kept.get()
        maker.now = KEPT_SECONDS
    maker.begun.clear()
    maker.go_on.clear()

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(maker.kept.get)
        assert maker.begun.wait(PATIENCE)
        others = [pool.submit(maker.kept.get) for _ in range(7)]
        texts = [each.result(PATIENCE)[0] for each in others] if known else []
        maker.go_on.set()
        texts += [] if known else [each.result(PATIENCE)[0] for each in others]

    assert first.result()[0] == ("text 2" if known else "text 1")
    assert texts == ["text 1"] * 7
    assert maker.made == (2 if known else 1)


def asks(get: Callable[[], tuple[str, str]]) -> str:
    try:
        return get()[0]
    except OSError:
        return "refused"


def test_where_it_cannot_be_made_the_next_tries() -> None:
    maker = Maker()
    maker.fails = True

    assert [asks(maker.kept.get), asks(maker.kept.get)] == ["refused"] * 2
    maker.fails = False
    assert asks(maker.kept.get) == "text 3"
