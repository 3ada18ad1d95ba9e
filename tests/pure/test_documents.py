"""The documents' types name every field that is stored, and no other."""

from pathlib import Path
from typing import get_type_hints

import pytest

from shared.aggregate.documents import CoreDocument
from tests.pure.test_canaries import Story
from tests.support.documents import TYPES, undeclared


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    played = Story(tmp_path_factory.mktemp("documents"))
    played.play()
    return played


@pytest.mark.parametrize("service", TYPES)
def test_every_stored_field_is_declared(story: Story, service: str) -> None:
    documents = list(story.whole.stores[service].collection.find())

    assert set().union(*(undeclared(service, doc) for doc in documents)) == set()


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
