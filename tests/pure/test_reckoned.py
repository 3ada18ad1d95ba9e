"""docs/scale.md's tables are what is reckoned, and what notify stores of a hire is as the page says."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import bson
import pytest

from bench import reckoned
from bench.reckoned import BUSY, LOG, NOTIFY, NOTIFY_KEPT, WORKER_MS, holder, load, most, needs, partitions, workers
from deploy import ROOT
from tests.support.whole import Whole

HIRES = 3


def test_the_page_has_the_tables() -> None:
    page = (ROOT / "docs" / "scale.md").read_text("utf-8")
    tables = [*reckoned.machines(), *reckoned.leases(), *reckoned.stores()]

    assert [line for line in tables if f"{line}\n" not in page] == []
    assert f"some {reckoned.at_most(reckoned.one_log() / 1e6)} million hires a day" in page


def test_the_busiest_worker_is_as_busy_as_it_may_be() -> None:
    """Eight workers share 12 partitions as 2, 2, 2, 2, 1, 1, 1, 1: the first are 73 % busy. 24 they share evenly."""
    notify = load(46.3, WORKER_MS["notify"])

    assert round(BUSY * holder(notify, 0, 8, 12), 2) == 0.73
    assert (workers(notify, 12), workers(notify, 24)) == (12, 8)


@pytest.mark.parametrize("a_day", [10**4, 10**6, 10**7, 10**8])
def test_so_many_workers_suffice_and_no_fewer(a_day: float) -> None:
    found = needs(a_day)
    loads = {name: load(reckoned.peak(a_day), ms) for name, ms in WORKER_MS.items()}

    assert found.partitions == partitions(loads)
    for name, count in found.workers.items():
        assert count is not None
        assert holder(loads[name], 0, count, found.partitions) <= 1
        assert count == 1 or holder(loads[name], 0, count - 1, found.partitions) > 1


@pytest.mark.parametrize("leased", [0.0, 0.01, 0.1, 0.3, 1.0])
def test_what_is_leased_no_number_of_workers_helps(leased: float) -> None:
    """Those found keep the holder within what it may be; where none are, as many as partitions are too few."""
    for load_ in (0.5, 2.0, 8.0, 40.0):
        count = workers(load_, 4800, leased)
        if count is None:
            assert holder(load_, leased, 4800, 4800) > 1
        else:
            assert holder(load_, leased, count, 4800) <= 1 + 1e-9
    assert load(most(95, 0.5), 95) * 0.5 == pytest.approx(1)


def test_what_notify_stores_of_a_hire(tmp_path: Path) -> None:
    """Counted in memory: at once, and when words and log are gone. Within a tenth, for texts and ids differ."""
    whole = Whole(tmp_path)
    listing_id = whole.published(seats=HIRES + 1)
    whole.hired(listing_id, "the-first")
    before, count_before = stored(whole), documents(whole)["notification"]
    for number in range(HIRES):
        whole.hired(listing_id, f"seeker-{number}")
    whole.settle(timedelta(minutes=2))
    after, count = stored(whole), documents(whole)["notification"]
    for _ in range(5):
        whole.settle(timedelta(days=20))
    kept = stored(whole)

    hire = {kind: (after[kind] - before[kind]) / HIRES for kind in after}
    assert sum(hire.values()) == pytest.approx(NOTIFY, rel=0.1)
    assert hire["event"] == pytest.approx(LOG, rel=0.1)
    emptied = kept["notification"] / documents(whole)["notification"] * (count - count_before) / HIRES
    assert emptied + hire["offer"] == pytest.approx(NOTIFY_KEPT, rel=0.1)
    assert kept["event"] < LOG


def documents(whole: Whole) -> Counter[str]:
    return Counter(doc["kind"] for doc in whole.stores["notify"].collection.find())


def stored(whole: Whole) -> Counter[str]:
    """Bytes by kind of document."""
    found: Counter[str] = Counter()
    for doc in whole.stores["notify"].collection.find():
        found[doc["kind"]] += len(bson.encode(doc))
    return found
