"""What becomes of measured figures: ratios, verdicts, pictures, the page."""

import json
import os
from typing import Any

import pytest

from bench import page, profiles, report
from bench.limits import limit
from bench.measure import Row, Target, in_turn
from bench.pictures import pictures
from bench.rows.memory import slope
from bench.spent import Spent, port_of
from deploy import ROOT


def row(ours: list[float], floor: list[float], target: Target, **more: object) -> dict[str, object]:
    return Row("a row", "hires/s", "a floor", target, ours, floor, **more).as_json()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ours", "floor", "target", "met"),
    [
        ([6, 6, 6], [10, 10, 10], Target("at least", 0.6), True),
        ([5, 5, 90], [10, 10, 10], Target("at least", 0.6), False),
        ([12, 12, 12], [2, 2, 2], Target("at most", 6), True),
        ([13, 13, 13], [2, 2, 2], Target("at most", 6), False),
        ([44], [20], Target("over by at most", 25), True),
        ([46], [20], Target("over by at most", 25), False),
    ],
)
def test_a_target_is_met_by_the_median(ours: list[float], floor: list[float], target: Target, met: bool) -> None:
    assert row(ours, floor, target)["met"] is met


def test_a_ratio_is_of_the_same_round() -> None:
    """What slows a whole round down strikes both, and leaves its ratio as it is."""
    found = row([10, 5, 1], [20, 10, 2], Target("at least", 0.5))

    assert found["ratio"] == {"median": 0.5, "low": 0.5, "high": 0.5}


def test_each_other_round_goes_the_other_way_about() -> None:
    order: list[str] = []

    def side(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = in_turn(2, {"ours": lambda: side("ours"), "floor": lambda: side("floor")})

    assert order == ["ours", "floor", "floor", "ours"]
    assert found == {"ours": [1.0, 4.0], "floor": [2.0, 3.0]}


def test_an_earlier_run_is_compared_by_ratios() -> None:
    """What lies apart from the earlier spread is a change, all else is said to be within it."""
    then = {"rows": [row([5, 5, 5], [10, 10, 10], Target("at least", 0.6))]}
    now = {"rows": [row([8, 8, 8], [10, 10, 10], Target("at least", 0.6))]}
    column = report.against(now, then).columns[4]

    assert list(column.cells) == ["+60%"]
    assert list(report.against(then, then).columns[4].cells) == ["+0% (within the spread)"]


def test_a_curve_is_drawn_of_the_rows_that_name_it() -> None:
    rows = [row([5], [10], Target("at least", 0.6), curve=("by clients", place)) for place in (8, 1, 32)]

    drawn = pictures(rows)

    assert list(drawn) == ["targets.svg", "by-clients.svg"]
    assert drawn["by-clients.svg"].index(">1</text>") < drawn["by-clients.svg"].index(">32</text>")


def test_memory_that_stays_has_no_slope() -> None:
    assert slope([5.0, 5.0, 5.0]) == 0
    assert slope([1.0, 3.0, 5.0]) == 2


def test_the_page_is_made_of_what_is_kept() -> None:
    """docs/performance.md and its pictures are what bench/results/ says: `python -m bench.page` makes them again."""
    stale = [path for path, text in page.files().items() if not path.is_file() or path.read_text("utf-8") != text]

    assert [str(path.relative_to(ROOT)) for path in stale] == []


def test_what_a_run_left_out_is_of_the_run_before() -> None:
    """Whole benchmarks only, and the page says of which commit they are; what was measured again is the new one's."""

    def run(commit: str, left_out: list[str], *benchmarks: str) -> dict[str, Any]:
        rows = [{"benchmark": each, "name": f"{each} of {commit}"} for each in benchmarks]
        return {"commit": commit, "at": "2026-11-30T06:00Z", "rows": rows, "left_out": left_out}

    first = run("a1", ["relay", "cold"], "memory", "paid")
    second = page.with_earlier(run("b2", ["memory", "cold"], "paid", "relay"), first)
    third = page.with_earlier(run("c3", ["memory", "paid", "relay"], "cold"), second)

    assert [row["name"] for row in third["rows"]] == ["memory of a1", "paid of b2", "relay of b2", "cold of c3"]
    assert (second["left_out"], third["left_out"]) == (["cold"], [])
    assert report.earlier(third["rows"]) == (
        "memory: of an earlier run, commit a1, 2026-11-30; paid, relay: of an earlier run, commit b2, 2026-11-30"
    )


def test_what_is_kept_was_measured_on_real_servers() -> None:
    """Figures of the embedded stack say little of speed, and are not kept."""
    grounds = {path.name: json.loads(path.read_text("utf-8"))["on"] for path in page.RESULTS.glob("*.json")}

    assert {name: on for name, on in grounds.items() if not on.startswith("Apache Kafka")} == {}


def test_a_floor_is_short() -> None:
    """Each is one file below 120 lines."""
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in (ROOT / "bench/floors").glob("*.py")}

    assert {name: length for name, length in lengths.items() if length >= 120} == {}


def test_what_is_kept_and_missed_its_target_says_why() -> None:
    """By the row's own name; one that nobody has looked into fails."""
    kept = [json.loads(path.read_text("utf-8")) for path in sorted(page.RESULTS.glob("*.json"))]
    missed = [each for result in kept for each in result["rows"] if not each["met"]]

    assert kept and [each["name"] for each in missed if not limit(each)] == []
    unknown = row([5], [10], Target("at least", 0.6))
    assert limit(unknown) == "" and report.misses([unknown]) == ["missed: a row / a floor: why is not known"]


def test_a_limit_of_the_machine_is_what_the_row_itself_saw_of_the_cores() -> None:
    """A run that did not take it says that it is not known."""
    spent = Spent(seconds=2.0, cpu={"workers": 1.5, "the benchmark": 0.5}, machine=3.0)
    unknown: dict[str, Any] = {
        "name": "hire → release, 4 waiting",
        "floor": "the same writes and sends in batches, no rules",
    }
    unknown |= {"beside": {}}
    seen = unknown | {"beside": spent.beside(100)}

    assert seen["beside"]["CPU within the clock, ms a hire"] == "20.0 (workers 15.0, the benchmark 5.0)"
    assert "was not taken in this run" in limit(unknown)
    assert f"busy within the row's own clock: 1.00 of {os.cpu_count()} (the whole machine: 1.50)" in limit(seen)
    assert Spent().beside(0) == {}


def test_a_profile_counts_by_package() -> None:
    found = profiles.measured(lambda: json.loads('{"a": [1]}'))

    assert found["calls"] >= 3 and found["shares"] and abs(sum(found["shares"].values()) - 1) < 0.2
    assert profiles.package("/x/site-packages/flask/app.py") == "flask"
    assert profiles.package(str(ROOT / "shared" / "ids.py")) == "ours"
    assert profiles.package(str(ROOT / "bench" / "floors" / "web.py")) == "bench"
    assert profiles.package("/mnt/shared/json/decoder.py") == "python"


@pytest.mark.parametrize(
    ("address", "port"),
    [("127.0.0.1:29092", "29092"), ("mongodb://127.0.0.1:27017/?w=majority", "27017"),
     ("mongodb://root:910737b134fa@127.0.0.1:26896/?authSource=admin", "26896"),
     ("mongodb://root:0@db.example:1/name", "1")],
)  # fmt: skip
def test_the_port_of_a_server_whose_cpu_is_counted(address: str, port: str) -> None:
    """A password may begin with digits."""
    assert port_of(address) == port
