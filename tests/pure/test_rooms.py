"""The rooms of the house: the four services look alike inside, and files and functions stay of a size to be read."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from marshmallow import Schema

from shared.http.declare.operations import Operations

ROOT = Path(__file__).parents[2]
SERVICES = ("escrow", "listing", "matching", "notify")
SUBJECTS = ("employer", "matches", "offer", "people")
ROOMS = (*(name for name in SERVICES if name != "matching"), *(f"matching/{name}" for name in SUBJECTS))
"""Where something is answered over HTTP: a service, or a subject of matching."""
A_SERVICE = ("__init__", "api", "handlers", "main", "parts", "store")
A_ROOM = ("__init__", "api", "parts", "schemas", "views")
WITH_A_LIFECYCLE = ("escrow", "listing", "notify", "matching/offer", "matching/employer")
WITH_RULES = ("escrow", "listing", "notify", "matching/offer")
RULES = ("rules", "prices", "places", "consent_rules")
"""Where guards are made; the rules of an offer's price have a file of their own."""

OF_ANOTHER_STANDARD = "services/listing/jobposting.py"
"""schema.org's JobPosting: its schemas and its view stand together."""

MOST_LINES, MOST_LINES_OF_A_FUNCTION = 300, 50


def files(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """(path from the root, its tree) of each module below these folders."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".py")


@pytest.mark.parametrize(
    ("folders", "names"),
    [(SERVICES, A_SERVICE), (ROOMS, A_ROOM), (WITH_A_LIFECYCLE, ("lifecycle", "acts")), (WITH_RULES, ("rules",))],
)
def test_files_of_one_job_have_one_name(folders: tuple[str, ...], names: tuple[str, ...]) -> None:
    missing = [
        f"{folder}/{name}.py"
        for folder in folders
        for name in names
        if not (ROOT / f"services/{folder}/{name}.py").is_file()
    ]

    assert not missing


def test_each_room_says_what_lives_there() -> None:
    """And what does not."""
    rooms = [f"services/{name}" for name in (*SERVICES, *(f"matching/{subject}" for subject in SUBJECTS))]
    rooms += [f"shared/http/{name}" for name in ("declare", "answer", "request")]
    short = [room for room in rooms if len(_docstring(f"{room}/__init__.py").splitlines()) < 3]

    assert not short


def _docstring(path: str) -> str:
    return ast.get_docstring(ast.parse((ROOT / path).read_text("utf-8"))) or ""


def test_what_a_caller_is_and_sees_stands_in_views() -> None:
    elsewhere = [
        f"{path}: {node.name}"
        for path, tree in files("services")
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and (node.name in ("roles", "view") or node.name.endswith("_view"))
        and stem(path) != "views"
    ]

    assert not elsewhere


def test_guards_stand_in_rules() -> None:
    elsewhere = [
        f"{path}: {node.lineno}"
        for path, tree in files("services")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Guard" and stem(path) not in RULES
    ]

    assert not elsewhere, f"a guard stands in one of {RULES}: {elsewhere}"


def test_schemas_stand_beside_their_api() -> None:
    elsewhere = [
        f"{path}: {name}"
        for path, tree in files("services")
        if not stem(path).startswith("schemas") and path != OF_ANOTHER_STANDARD
        for name in _schemas(path, tree)
    ]

    assert not elsewhere


def _schemas(path: str, tree: ast.Module) -> list[str]:
    """Names of the marshmallow schemas that a module defines."""
    names = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    if not names:
        return []
    module = import_module(path.removesuffix(".py").replace("/", "."))
    return [name for name in names if issubclass(getattr(module, name), Schema)]


def test_operations_are_declared_in_api_files_and_all_of_them_are_answered() -> None:
    """Who adds `api_something.py` includes it in its service's `api.py`."""
    for service in SERVICES:
        declared: set[str] = set()
        for path, tree in files(f"services/{service}"):
            if "operations" in {target for node in tree.body for target in _targets(node)}:
                assert stem(path).startswith("api"), path
                module = import_module(path.removesuffix(".py").replace("/", "."))
                declared |= _ids(module.operations)

        assert _ids(import_module(f"services.{service}.api").operations) == declared


def _targets(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _ids(operations: Operations[object]) -> set[str]:
    return {operation.id for operation in operations.all}


def test_no_file_and_no_function_is_too_large() -> None:
    """A file is read at one sitting, a function fits on a screen."""
    larger = set()
    for path, tree in files("services", "shared"):
        if len((ROOT / path).read_text("utf-8").splitlines()) > MOST_LINES:
            larger.add(path)
        larger |= {
            f"{path}: {node.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or 0) - node.lineno >= MOST_LINES_OF_A_FUNCTION
        }

    assert not larger
