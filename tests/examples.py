"""`python -m tests.examples [--all] [what pytest is to run]`: take the contract's examples from tests that run.

Runs the tests over HTTP (in `tests/service` and a few of `tests/pure`) and some days of the simulator, or the tests
that are named; then writes `deploy/docs/examples.json`. An example that is there and fits its schema stays, unless
`--all` asks for new ones.
"""

import json
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any
from unittest import mock

import pytest

from deploy.docs import examples, openapi
from deploy.docs.examples import PATH
from shared.events import catalogue
from shared.events.catalogue import CATALOGUE
from shared.events.event_type import EventType
from tests.simulator.day import STEPS, play
from tests.support import described
from tests.support.described import Described
from tests.support.examples import Examples

_DAYS = 12
_TESTS = ("service", *(f"pure/test_{name}.py" for name in (
    "reports_whole", "consent_whole", "export", "histories", "staff_lists", "places", "escrow_lifecycle",
    "matching_lifecycle", "listing_lifecycle", "who_sees_what",
)))  # fmt: skip
_LOAD = catalogue._load


def main(arguments: list[str]) -> int:
    """The exit code is pytest's: nothing is written where a test failed."""
    named = [each for each in arguments if each != "--all"]
    seen = Examples()
    described.WATCHING.append(seen.see)

    def load(event: EventType, unknown: Any, data: Mapping[str, Any]) -> dict[str, Any]:
        loaded = _LOAD(event, unknown, data)
        if unknown == "raise":
            seen.emitted(event.name, event.version, loaded)
        return loaded

    with mock.patch.object(catalogue, "_load", load):
        for number in range(1, 1 if named else _DAYS + 1):
            play(number, STEPS)
        code = int(pytest.main([*(named or (f"tests/{each}" for each in _TESTS)), "-q"]))
    if code:
        return code
    known = {} if "--all" in arguments or not PATH.is_file() else examples.recorded()
    chosen = {**seen.best, **known}
    for key, schema in wanted().items():
        if key in known and not fits(key, schema, known[key]):
            chosen[key] = seen.best.get(key, known[key])
    chosen = {key: chosen[key] for key in wanted() if key in chosen}
    PATH.write_text(json.dumps(chosen, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    print(f"{PATH.name} is written; now `make generate`", *(f"nothing showed {key}" for key in missing()), sep="\n")
    return 0


def wanted() -> dict[str, Any]:
    """{key: the schema that an example is to fit}; of an event, its name."""
    of_http = {key: content["schema"] for key, content in examples.places(_document())}
    return of_http | {f"{each.name}.v{each.version}": each for each in CATALOGUE.values() if not each.internal}


@cache
def _document() -> dict[str, Any]:
    return openapi.described()


@cache
def _described() -> Described:
    return Described(_document())


def missing() -> list[str]:
    """The keys of what no test has shown yet."""
    known = json.loads(PATH.read_text("utf-8"))
    return [key for key in wanted() if key not in known]


def fits(key: str, schema: Any, example: Any) -> bool:
    """Whether it is as the contract says now."""
    try:
        if isinstance(schema, EventType):
            return catalogue.emit_data(schema.name, example) == example
        _described().fits(schema, example, key)
    except (AssertionError, catalogue.SchemaError):
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
