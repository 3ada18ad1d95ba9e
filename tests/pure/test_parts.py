"""How a run is parted, and what is said of tests that found no time."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.support import parts


def item(nodeid: str, *fixtures: str, alone: bool = False) -> Any:
    return SimpleNamespace(nodeid=nodeid, fixturenames=fixtures, get_closest_marker=lambda name: alone or None)


@pytest.mark.parametrize(
    ("part", "one"),
    [
        ("parallel", item("tests/pure/test_parts.py::test_it")),
        ("parallel", item("tests/service/test_store.py::test_it", "mongo_server")),
        ("processes", item("tests/service/test_cost.py::test_it", "kafka_server")),
        ("processes", item("tests/browser/test_walk.py::test_it", "visitor")),
        ("processes", item("tests/stack/test_up_gateway.py::test_it")),
        ("serial", item("tests/browser/test_walk.py::test_it", "visitor", alone=True)),
        ("serial", item("tests/stack/test_kills.py::test_it", "stack")),
        ("serial", item("tests/compose/running/test_alerts_caused.py::test_it")),
    ],
)
def test_what_is_timed_is_alone_and_what_has_servers_is_one_of_two(part: str, one: Any) -> None:
    assert parts.part_of(one) == part


def test_what_talks_to_a_server_is_known() -> None:
    """So that on another ground nothing is left out."""
    assert parts.has_server(item("tests/service/test_codes_http.py::test_it"))
    assert parts.has_server(item("tests/contract/test_sample.py::test_it", "kafka_server"))
    assert not parts.has_server(item("tests/pure/test_parts.py::test_it"))


def test_tests_that_found_no_time_are_named() -> None:
    """And not those that are skipped for another reason."""
    skipped = [
        SimpleNamespace(nodeid="tests/stack/test_a.py::test_it", longrepr=("conftest.py", 1, f"Skipped: {parts.OVER}")),
        SimpleNamespace(nodeid="tests/stack/test_b.py::test_it", longrepr=("test_b.py", 1, "Skipped: no chromium")),
    ]

    assert parts.over(SimpleNamespace(stats={"skipped": skipped})) == ["tests/stack/test_a.py"]
    assert parts.over(SimpleNamespace(stats={})) == []
