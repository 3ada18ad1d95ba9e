"""What the code imports is named in requirements/, not only there because something else needs it."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"services", "shared", "deploy", "tests", "bench"}
DISTRIBUTIONS = packages_distributions()
OF_DEVELOPERS = "deploy/kubernetes/"
"""Writes the manifests, where the tests are run."""


@pytest.mark.parametrize(
    ("folder", "requirements"),
    [
        ("services", "services.in"),
        ("shared", "services.in"),
        ("deploy", "stack.in"),
        ("deploy/cli", "operator.in"),
        ("deploy/kubernetes", "dev.in"),
        ("tests", "dev.in"),
        ("bench", "dev.in"),
    ],
)
def test_what_is_imported_is_named(folder: str, requirements: str) -> None:
    """Each distribution that a file of the folder imports from stands in the list that is installed for it."""
    known = named(ROOT / "requirements" / requirements)

    unnamed = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in (ROOT / folder).rglob("*.py")
        if not (folder == "deploy" and str(path.relative_to(ROOT)).startswith(OF_DEVELOPERS))
        for module in outside(path)
        if not owners(module) & known
    }

    assert unnamed == set()


def named(path: Path) -> set[str]:
    """The distributions of a list and of those that it includes."""
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    below = [named(path.with_name(line.removeprefix("-r "))) for line in lines if line.startswith("-r ")]
    own = {canonical(re.split(r"[\[=<>~!; ]", line)[0]) for line in lines if line and not line.startswith("-")}
    return own.union(*below)


def outside(path: Path) -> Iterator[str]:
    """The modules that a file imports and that are neither ours nor Python's."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            modules = [node.module]
        yield from (each for each in modules if each.partition(".")[0] not in OURS | sys.stdlib_module_names)


def owners(module: str) -> set[str]:
    """The distributions that a module may come from; of a package that several share, those that have the module."""
    found = DISTRIBUTIONS.get(module.partition(".")[0], [])
    place = module.replace(".", "/")
    if len(set(found)) > 1:
        found = [each for each in found if any(str(file).startswith(place) for file in distribution(each).files or ())]
    return {canonical(each) for each in found}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
