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
    assert found.waits == pytest.approx({"fold": 0.55, "queue": 0.0, "write": 0.25, "disk": 0.2}, abs=0.01)
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


def test_it_is_held_against_what_was_measured() -> None:
    rows = list(check(replace(ONE, partitions=4), {1: 500.0, 2: 900.0}))

    assert [workers for workers, *_ in rows] == [1, 2]
    assert abs(rows[0][3]) < 0.01
    assert rows[1][2] > 900
