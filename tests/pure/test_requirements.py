"""What the code imports is named in requirements/, not only there because something else needs it."""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"services", "shared", "deploy", "tests", "bench", "good_golem", "good_golem_client"}
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
        ("bench", "dev.in bench.in"),
    ],
)
def test_what_is_imported_is_named(folder: str, requirements: str) -> None:
    """Each distribution that a file of the folder imports from stands in the lists that are installed for it."""
    known = set().union(*(named(ROOT / "requirements" / each) for each in requirements.split()))

    unnamed = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in (ROOT / folder).rglob("*.py")
        if not (folder == "deploy" and str(path.relative_to(ROOT)).startswith(OF_DEVELOPERS))
        for module in outside(path)
        if not owners(module) & known
    }

    assert unnamed == set()


LOCKS = ("services", "operator", "stack", "dev", "bench")


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_one_version_of_each_package_whatever_the_python(name: str) -> None:
    """So 3.11 and 3.13 run the same; `.ci/locks` asks the index, too. What only one platform needs is allowed."""
    pins = pinned(ROOT / "requirements" / f"{name}.txt")
    names = [pin.name for pin in pins]

    assert len(names) == len(set(names))
    assert [pin.name for pin in pins if "python_version" in pin.marker or "python_full_version" in pin.marker] == []
    assert named(ROOT / "requirements" / f"{name}.in") <= set(names)
    assert all(pin.version and pin.hashes for pin in pins)


def test_a_package_has_one_version_in_all_locks() -> None:
    """What the images run is what was tested."""
    versions: dict[str, set[str]] = {}
    for name in LOCKS:
        for pin in pinned(ROOT / "requirements" / f"{name}.txt"):
            versions.setdefault(pin.name, set()).add(pin.version)

    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_a_sample_names_the_versions_that_it_was_run_with() -> None:
    """The tests run samples/python-receiver with what is installed for them."""
    asked = (ROOT / "samples/python-receiver/requirements.txt").read_text("utf-8").split()

    assert asked and {*asked} <= {f"{pin.name}=={pin.version}" for pin in pinned(ROOT / "requirements/dev.txt")}


@dataclass(frozen=True)
class Pin:
    """One entry of a lock; `hashes` are SHA-256."""

    name: str
    version: str
    marker: str
    hashes: frozenset[str]


def pinned(path: Path) -> list[Pin]:
    """The entries of a lock."""
    entries = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"(?m)^ *#.*\n", "", path.read_text()))
    found = []
    for entry in filter(None, map(str.strip, entries)):
        first = entry.splitlines()[0].removesuffix("\\")
        requirement, _, marker = first.partition(";")
        name, _, version = requirement.partition("==")
        hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", entry)
        found.append(Pin(canonical(name.split("[")[0].strip()), version.strip(), marker.strip(), frozenset(hashes)))
    return found


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
