"""`docs/problems.md`: every problem type and every rule's id, made from where the code has them."""

import sys
from collections.abc import Callable, Iterable
from typing import Any

from deploy.docs.lifecycles import LIFECYCLES
from deploy.docs.openapi import SERVICES
from deploy.docs.rules import ADVICE, ONLY, UNDER
from deploy.docs.rules_found import Found, found
from shared.aggregate import Lifecycle
from shared.http.declare.operations import Operation
from shared.http.declare.refusals import statuses_of
from shared.http.problems import CATALOGUE, TYPES

_HEAD = f"""\
# Problems and rules

Generated from the code by `python -m deploy.docs`; a test fails when this page is stale, or explains a rule not at all.

What is refused is answered as RFC 9457 problem details, `application/problem+json`: `type`, `title`, `status`,
`detail`, `request_id`, and `errors`, each with `pointer` (where), `rule` (which) and `message` (what was expected).
What the gateway refuses by itself has no `errors`. A type is `{TYPES}` and a word of the first
table; a rule's id is kebab-case. Neither changes its meaning within a version; programs go by them, not by the
words. `Retry-After` is there where the
same request can succeed later: ask again then, and stop when it is there no more.

An `Idempotency-Key` counts for one caller, method and path (with its ids): the same key on another operation is another
key.

## Types

| type | status | title | operations |
|---|---|---|---|
"""
_RULES = """
## Rules

"All": every operation that takes such a value. Where the lifecycle decides, the operations that give its command.

| rule | what it says | operations | what to do |
|---|---|---|---|
"""
_ANYWHERE = "All"
_MAY: dict[str, Callable[[Operation[Any]], bool]] = {
    "key-reused": lambda operation: operation.key,
    "busy": lambda operation: operation.command is not None,
    "refused-by-rule": lambda operation: operation.method != "GET",
    "malformed-json": lambda operation: operation.body is not None,
}
"""Which of the operations with its status may answer with a type."""


def page() -> str:
    """The whole page, in Markdown."""
    every = [operation for operations in SERVICES.values() for operation in operations.all]
    types = "".join(_type(slug, status, title, every) for slug, (status, title) in CATALOGUE.items())
    places: dict[str, list[Found]] = {}
    for place in [*found(), Found("null", "shared/fields/kind.py", "must not be null")]:
        places.setdefault(place.rule, []).append(place)
    return _HEAD + types + _RULES + "".join(_rule(rule, places[rule]) for rule in sorted(places))


def _type(slug: str, status: int, title: str, every: Iterable[Operation[Any]]) -> str:
    ids = [operation.id for operation in every]
    may = _MAY.get(slug)
    those = [each.id for each in every if status in statuses_of(each) and (may is None or may(each))]
    where = _ANYWHERE if len(those) == len(ids) else ", ".join(sorted(those)) or "none that is declared"
    return f"| `{slug}` | {status} | {title} | {where} |\n"


def _rule(rule: str, places: list[Found]) -> str:
    words = next((place.words for place in places if place.words), "")
    operations = sorted({each for place in places for each in _operations(rule, place.path)})
    where = _ANYWHERE if _ANYWHERE in operations else ", ".join(operations)
    cells = (f"`{rule}`", words.replace("|", "\\|"), where, ADVICE.get(rule, ""))
    return "| " + " | ".join(cells) + " |\n"


def _operations(rule: str, path: str) -> list[str]:
    """Those whose command the rule guards; else those of the part of the code that names the rule."""
    if rule in ONLY:
        return [*ONLY[rule]]
    if rule in UNDER:
        service = "matching" if UNDER[rule] == "seeker-declares" else "listing"
        return _guarded_by(UNDER[rule], SERVICES[service].all)
    if path.startswith("shared/"):
        return _guarded_by(rule, (each for service in SERVICES.values() for each in service.all)) or [_ANYWHERE]
    declared = SERVICES[path.split("/")[1]].all
    guarded = _guarded_by(rule, declared)
    module = path.rpartition(".")[0].replace("/", ".")
    near = [operation.id for operation in declared if _is_near(operation, module)]
    return guarded or near or [operation.id for operation in declared if operation.method != "GET"]


def _is_near(operation: Operation[Any], module: str) -> bool:
    """Whether its input is of this module, or its view stands there, or beside what was imported from there."""
    inputs = [type(schema).__module__ for schema in (operation.body, operation.query) if schema is not None]
    if module.rpartition(".")[2].startswith("schemas"):
        return module in inputs
    if operation.method == "GET":
        return False
    view = sys.modules[operation.view.__module__]
    origins = {getattr(value, "__module__", getattr(value, "__name__", "")) for value in vars(view).values()}
    return module in {view.__name__, *origins}


def _guarded_by(rule: str, operations: Iterable[Operation[Any]]) -> list[str]:
    commands = {command for lifecycle, _ in LIFECYCLES for command in _guarded(lifecycle, rule)}
    return [operation.id for operation in operations if operation.command in commands]


def _guarded(lifecycle: Lifecycle, rule: str) -> list[str]:
    return [row.trigger for row in lifecycle.rows for guard in row.guards if guard.rule == rule]
