"""A clock that runs faster, for trying out: what it shows, what a data folder remembers, who may have it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.embedded.times import Times, read, write
from shared.clock import FastClock, SystemClock
from shared.settings import SettingsError, load

BEGAN = datetime(2027, 1, 1, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
TEN_A_DAY = FastClock(BEGAN, BEGAN, 8640)


def test_a_day_passes_in_ten_seconds() -> None:
    assert TEN_A_DAY.at(BEGAN) == BEGAN
    assert TEN_A_DAY.at(BEGAN + 10 * SECOND) == BEGAN + DAY
    assert TEN_A_DAY.at(BEGAN + 7 * 10 * SECOND) == BEGAN + 7 * DAY
    assert TEN_A_DAY.when(BEGAN + DAY) == BEGAN + 10 * SECOND


def test_it_stands_still_where_the_machines_clock_is_turned_back() -> None:
    assert TEN_A_DAY.at(BEGAN - DAY) == BEGAN


def test_it_shows_whole_milliseconds_and_waits_by_the_machines_clock() -> None:
    clock = FastClock(BEGAN, BEGAN, 3.3)

    assert clock.at(BEGAN + timedelta(microseconds=777)).microsecond % 1000 == 0
    assert abs(clock.monotonic() - SystemClock().monotonic()) < 1


@pytest.mark.parametrize("clock", [TEN_A_DAY, FastClock(BEGAN, BEGAN + 90 * DAY), FastClock(BEGAN, BEGAN, 86_400)])
def test_a_clock_as_text(clock: FastClock) -> None:
    """Every process is given the same text, and shows the same time."""
    assert FastClock.parse(str(clock)) == clock


@pytest.mark.parametrize(
    "text",
    ["", "8640", "now", f"{TEN_A_DAY}0000", "2027-01-01T00:00:00Z at 2027-01-01T00:00:00Z times 0.5",
     "2027-01-01T00:00:00Z at 2027-01-01T00:00:00Z times -1", "2027-01-01 at 2027-01-01 times 2",
     "2027-01-01T00:00:00Z at 2027-01-01T00:00:00Z times inf"],
)  # fmt: skip
def test_what_is_no_clock(text: str) -> None:
    with pytest.raises(ValueError):
        FastClock.parse(text)


@pytest.mark.parametrize("days_in", [None, 10 * SECOND, DAY])
def test_a_later_start_goes_on_from_what_was_shown(days_in: timedelta | None) -> None:
    """It ran for 10 s, was away for an hour: it goes on at the second day, at the new speed."""
    first = Times().begun(BEGAN, BEGAN, 10 * SECOND)
    ended, again = BEGAN + 10 * SECOND, BEGAN + timedelta(hours=1)
    second = first.begun(again, ended, days_in)

    assert second.shown(again) == BEGAN + DAY
    assert second.shown(again + SECOND) == BEGAN + DAY + (DAY / days_in if days_in else 1) * SECOND


def test_it_is_never_behind_the_machines_clock() -> None:
    """Once that has caught up, time is the machine's again; what was shown before is still known."""
    late = BEGAN + 30 * DAY
    times = Times().begun(BEGAN, BEGAN, 10 * SECOND).begun(late, BEGAN + 20 * SECOND, None)

    assert times.shown(late) == late
    assert times.shown(late + 5 * SECOND) == late + 5 * SECOND
    assert times.shown(BEGAN + 10 * SECOND) == BEGAN + DAY


def test_time_never_goes_back_over_many_starts() -> None:
    times, real, before = Times(), BEGAN, BEGAN
    for days_in in (None, 10 * SECOND, None, SECOND, timedelta(minutes=1), None, None):
        times = times.begun(real, real - SECOND, days_in)
        assert times.shown(real) >= before
        assert times.real(times.shown(real + SECOND)) == real + SECOND
        before, real = times.shown(real + 9 * SECOND), real + 10 * SECOND


def test_a_stack_that_never_ran_faster_has_the_machines_clock(tmp_path: Path) -> None:
    times = Times().begun(BEGAN, BEGAN, None)
    write(tmp_path / "clock.json", times)

    assert (times.fast, times.environment({}), str(times)) == (None, {}, "")
    assert isinstance(times.clock, SystemClock)
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_remembers(tmp_path: Path) -> None:
    times = Times().begun(BEGAN, BEGAN, 10 * SECOND).begun(BEGAN + DAY, BEGAN + 30 * SECOND, None)
    write(tmp_path / "clock.json", times)

    assert read(tmp_path / "clock.json").stretches == times.stretches


def test_what_people_race_against_lasts_as_long_by_their_own_watch() -> None:
    """Minutes to type a code would be a blink; who set such a term meant it."""
    times = Times().begun(BEGAN, BEGAN, 10 * SECOND)
    given = {"CODE_EXPIRY": "60"}

    assert times.environment({}) == {
        "STACK_CLOCK": str(TEN_A_DAY), "CODE_EXPIRY": f"{900 * 8640}", "WEBHOOK_TOLERANCE": f"{300 * 8640}"
    }  # fmt: skip
    assert "CODE_EXPIRY" not in times.environment(given)
    assert Times().begun(BEGAN, BEGAN, DAY).environment({}) == {"STACK_CLOCK": str(FastClock(BEGAN, BEGAN))}


@pytest.mark.parametrize("uri", ["mongodb://127.0.0.1:27017/?w=1", "mongodb://u:p@[::1]:1/x", "mongodb://localhost"])
def test_the_stacks_clock_is_a_setting(uri: str) -> None:
    assert load("listing", environ={"MONGODB_URI": uri, "STACK_CLOCK": str(TEN_A_DAY)}).clock == TEN_A_DAY
    assert isinstance(load("listing", environ={"MONGODB_URI": uri}).clock, SystemClock)


@pytest.mark.parametrize(
    "uri",
    ["mongodb://db:27017", "mongodb://10.0.0.7", "mongodb://127.0.0.1,db", "mongodb+srv://localhost",
     "mongodb://127.0.0.1@db/", "mongodb://127.0.0.1.example"],
)  # fmt: skip
def test_no_other_system_starts_with_it(uri: str) -> None:
    with pytest.raises(SettingsError, match="STACK_CLOCK: is for trying out"):
        load("listing", environ={"MONGODB_URI": uri, "STACK_CLOCK": str(TEN_A_DAY)})
