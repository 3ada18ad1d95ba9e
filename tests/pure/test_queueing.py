"""The queueing simulation says what can be reckoned by hand, and the same each time."""

from dataclasses import replace

import pytest

from bench.queueing import Plant, check, simulate

ONE = Plant(batch=100, worker_ms=1.0, database_ms=0.5, batch_ms=10.0, disk_ms=40.0)
"""Round: 110 ms of folding, 50 of writing, 40 of waiting: 100 hires in 200 ms."""


def rate(plant: Plant) -> float:
    return simulate(plant).hires_a_second


def test_one_worker_goes_round() -> None:
    found = simulate(ONE)

    assert found.hires_a_second == pytest.approx(500, rel=0.01)
    shares = {"fold": 0.55, "queue": 0.0, "write": 0.25, "disk": 0.2, "lease": 0.0, "leased": 0.0}
    assert found.waits == pytest.approx(shares, abs=0.01)
    assert simulate(ONE) == found


def test_workers_without_partitions_do_nothing() -> None:
    """More workers than partitions are no faster."""
    assert rate(replace(ONE, workers=4)) == rate(ONE)


def test_many_workers_wait_for_the_database() -> None:
    """It writes 100 hires in 50 ms, so 2,000 a second at most; a second shard has as much again."""
    many = replace(ONE, workers=40, partitions=40, machines=40)

    assert rate(replace(many, apart=True)) == pytest.approx(2000, rel=0.02)
    assert rate(replace(many, apart=True, shards=2)) == pytest.approx(4000, rel=0.02)
    assert rate(replace(many, apart=True, at_once=2)) == pytest.approx(4000, rel=0.02)
    assert simulate(replace(many, apart=True)).waits["queue"] > 0.8


def test_cores_bound_what_is_on_one_machine() -> None:
    """160 ms of cores for 100 hires: two cores do 1,250 a second, and with as many others half of that."""
    busy = replace(ONE, workers=16, partitions=16, shards=16, cores=2)

    assert rate(busy) == pytest.approx(1250, rel=0.06)
    assert rate(replace(busy, others=16.0)) == pytest.approx(625, rel=0.15)


@pytest.mark.parametrize("leased", [0.1, 0.5, 1.0])
def test_one_worker_holds_the_lease_itself(leased: float) -> None:
    """All is its own work, whichever share of it is leased."""
    assert rate(replace(ONE, leased=leased)) == pytest.approx(500, rel=0.01)


def test_what_is_leased_one_server_does_for_all() -> None:
    """55 of the 110 ms for 100 hires are leased, and the one that does them also folds its own batch, 55 ms a round of
    40: 4,000 hires in 2,255 ms, however many shards and machines there are. A tenth is leased: 440 + 99 ms."""
    many = replace(ONE, workers=40, partitions=40, machines=40, shards=40, apart=True)

    assert rate(replace(many, leased=0.5)) == pytest.approx(4000 / 2.255, rel=0.02)
    assert rate(replace(many, leased=0.1)) == pytest.approx(4000 / 0.539, rel=0.02)
    assert rate(replace(many, leased=0.5, workers=20)) == pytest.approx(2000 / 1.155, rel=0.02)
    assert rate(many) > 15_000
    assert simulate(replace(many, leased=0.5)).waits["lease"] > 0.8


def test_it_is_held_against_what_was_measured() -> None:
    rows = list(check(replace(ONE, partitions=4), {1: 500.0, 2: 900.0}))

    assert [workers for workers, *_ in rows] == [1, 2]
    assert abs(rows[0][3]) < 0.01
    assert rows[1][2] > 900


def test_it_agrees_with_the_run_that_the_page_tells_of() -> None:
    """1, 2 and 4 workers, each with a database and so a lease of its own: the means of two rounds, within a quarter."""
    page = Plant(batch=50, worker_ms=5.1, database_ms=27, at_once=2, others=18.0, partitions=4)

    assert [off for *_, off in check(page, {1: 3.4, 2: 4.95, 4: 7.45}) if abs(off) > 0.25] == []
