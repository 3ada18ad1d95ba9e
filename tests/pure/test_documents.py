"""The documents' types name every field that is stored, and no other."""

from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, get_type_hints, is_typeddict

import pytest

from services.matching.employer.documents import InStaffList
from shared.aggregate.documents import CoreDocument
from shared.aggregate.erasure import KIND as ERASED
from tests.pure.test_canaries import Story
from tests.pure.test_composition import in_memory
from tests.pure.test_consent_whole import World
from tests.support.documents import NOT_AGGREGATES, TYPES, undeclared

SELDOM = {"escrow": {"debt"}, "listing": set[str](), "matching": {"alert", "telling"}, "notify": set[str]()}
"""Kinds that the story does not come to."""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """By service. Beside the story an employer is asked for consent, and a verified address is replaced."""
    played, world = Story(tmp_path_factory.mktemp("documents")), World(tmp_path_factory.mktemp("consent"))
    played.play()
    world.consented()
    world.whole.verified("anna", "another@example.org")
    stores = [played.whole.stores, world.whole.stores]
    return {service: [doc for each in stores for doc in each[service].collection.find()] for service in TYPES}


@pytest.mark.parametrize("service", TYPES)
def test_every_stored_field_is_declared(stored: dict[str, list[Any]], service: str) -> None:
    kinds = {doc["kind"] for doc in stored[service]} - {*NOT_AGGREGATES, ERASED}

    assert kinds == TYPES[service].keys() - SELDOM[service]
    assert set().union(*(undeclared(service, doc) for doc in stored[service])) == set()


@pytest.mark.parametrize("service", TYPES)
def test_every_kind_and_every_type_is_in_the_list(service: str) -> None:
    """Of those that the worker looks after, and of those that a `documents.py` has, but for what two of them share."""
    work = in_memory(service)
    package = import_module(f"services.{service}")
    modules = [each.name for each in walk_packages(package.__path__, f"{package.__name__}.")]
    declared = {
        shape
        for name in modules
        if name.endswith(".documents")
        for shape in vars(import_module(name)).values()
        if is_typeddict(shape) and shape.__module__ == name and _is_whole(shape)
    }

    assert {*(each.name for each in work.lifecycles), *work.timers} - {ERASED} <= TYPES[service].keys()
    assert declared - {InStaffList} == {*TYPES[service].values()}


def _is_whole(shape: Any) -> bool:
    """Whether it is a document's, not a part's."""
    return bool(get_type_hints(CoreDocument).keys() <= get_type_hints(shape).keys())


@pytest.mark.parametrize("service", TYPES)
def test_every_declared_field_is_named_in_the_code(service: str) -> None:
    core = get_type_hints(CoreDocument).keys()
    files = [
        file
        for folder in (f"services/{service}", "shared/aggregate", "shared/reports")
        for file in Path(folder).rglob("*.py")
    ]
    code = "\n".join(file.read_text("utf-8") for file in files if file.name != "documents.py")

    for kind, shape in TYPES[service].items():
        unknown = {name for name in get_type_hints(shape).keys() - core if not _stands_in(code, name)}
        assert unknown == set(), kind


def _stands_in(code: str, name: str) -> bool:
    return f"{name}=" in code or f'"{name}"' in code or (name.startswith("place_") and 'f"place_{kind}"' in code)
