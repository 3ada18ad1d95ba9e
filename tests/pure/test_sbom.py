"""The bill of materials that `make sbom` makes: valid CycloneDX, and exactly what the locks of the images hold."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.pure.test_requirements import ROOT, canonical, pinned


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """By the very command, on a copy of what it reads."""
    folder = tmp_path_factory.mktemp("sbom")
    for name in ("Makefile", "pyproject.toml", "requirements"):
        (folder / name).symlink_to(ROOT / name)
    done = subprocess.run(
        ["make", "sbom", f"BIN={ROOT / '.venv/bin'}", "--assume-old=.venv/.dev"],
        cwd=folder, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "build" / "sbom"


@pytest.mark.parametrize("lock", ["services", "operator"])
def test_it_is_valid(made: Path, lock: str) -> None:
    """Against the schema of CycloneDX 1.6, without unknown fields."""
    text = (made / f"{lock}.cdx.json").read_text()

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert json.loads(text)["metadata"]["component"]["name"] == "good-golem"


@pytest.mark.parametrize("lock", ["services", "operator"])
def test_it_lists_the_lock_with_its_hashes(made: Path, lock: str) -> None:
    components = json.loads((made / f"{lock}.cdx.json").read_text())["components"]

    assert {(canonical(each["name"]), each["version"], hashes(each)) for each in components} == {
        (pin.name, pin.version, pin.hashes) for pin in pinned(ROOT / "requirements" / f"{lock}.txt")
    }
    assert all(each["purl"].startswith("pkg:pypi/") for each in components)


def hashes(component: dict[str, Any]) -> frozenset[str]:
    return frozenset(
        each["content"] for reference in component["externalReferences"] for each in reference.get("hashes", ())
    )
