"""How fast one person may ask: a moving window, and nobody is remembered who asks no more."""

import pytest

from shared.http.problems import Problem
from shared.http.request.limits import PersonLimit


class Limited:
    def __init__(self, per_second: int, burst: int) -> None:
        self.now = 1000.0
        self.limit = PersonLimit(per_second, burst, lambda: self.now)

    def taken(self, person: str = "ida") -> bool:
        try:
            self.limit.check(person)
        except Problem as refusal:
            self.retry_after = int(refusal.headers["Retry-After"])
            return False
        return True


def test_a_burst_in_any_window() -> None:
    """3 in any 3 seconds: each that is over makes room for one; what is refused takes none."""
    limited = Limited(1, 3)
    assert [limited.taken() for _ in range(5)] == [True, True, True, False, False]
    assert limited.retry_after == 3

    limited.now += 2.5
    assert not limited.taken()
    assert limited.retry_after == 1
    limited.now += 0.5
    assert [limited.taken() for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(("per_second", "burst", "at_once"), [(10, 5, 10), (1, 3, 3), (20, 60, 60)])
def test_a_burst_is_never_below_the_rate(per_second: int, burst: int, at_once: int) -> None:
    """Of one second at least."""
    limited = Limited(per_second, burst)

    assert [limited.taken() for _ in range(at_once + 1)] == [True] * at_once + [False]


@pytest.mark.parametrize(("per_second", "burst"), [(20, 28), (20, 200), (20, 31), (3, 10), (7, 5), (3, 4)])
def test_over_time_no_more_than_the_rate(per_second: int, burst: int) -> None:
    """Who asks on and on gets one burst, and then as many a second as the rate says; no fewer either."""
    limited = Limited(per_second, burst)
    seconds, taken = 60, 0
    for _ in range(seconds * 50):
        while limited.taken():
            taken += 1
        limited.now += 1 / 50

    most = max(burst, per_second)
    assert 0.95 * seconds * per_second <= taken <= seconds * per_second + most


def test_one_does_not_slow_another() -> None:
    """Each has a window of their own."""
    limited = Limited(1, 1)

    assert limited.taken("ida")
    assert not limited.taken("ida")
    assert limited.taken("udo")


def test_who_asks_no_more_is_forgotten() -> None:
    """What is remembered is of the last window alone."""
    limited = Limited(1, 3)
    for n in range(100):
        limited.taken(f"person {n}")
    limited.now += 2
    limited.taken("person 0")
    limited.now += 1
    limited.taken("person 100")

    assert list(limited.limit._taken) == ["person 0", "person 100"]
