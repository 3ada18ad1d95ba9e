"""Which deaths of processes are too many."""

from deploy.embedded.deaths import MOST, SOON, Deaths
from tests.support.clock import ManualClock


def _dies(deaths: Deaths, clock: ManualClock, pid: int, after: float) -> bool:
    deaths.see({"web": pid})
    clock.advance(after)
    return deaths.too_many("web", pid)


def test_it_dies_as_often_as_it_is_started() -> None:
    """The fifth death in a row, each soon after the start."""
    clock = ManualClock()
    deaths = Deaths(clock.monotonic)

    assert [_dies(deaths, clock, pid, 0.5) for pid in range(MOST)] == [False] * (MOST - 1) + [True]


def test_who_lived_for_a_while_may_die_again() -> None:
    clock = ManualClock()
    deaths = Deaths(clock.monotonic)

    assert not any(_dies(deaths, clock, pid, SOON if pid % MOST == 3 else 0.5) for pid in range(50))


def test_what_we_killed_does_not_count() -> None:
    clock = ManualClock()
    deaths = Deaths(clock.monotonic)
    for pid in range(50):
        deaths.excuse(pid)

        assert not _dies(deaths, clock, pid, 0.1)


def test_others_deaths_do_not_count() -> None:
    clock = ManualClock()
    deaths = Deaths(clock.monotonic)

    assert not any(deaths.too_many(f"program-{pid % MOST}", pid) for pid in range(MOST * (MOST - 1)))
