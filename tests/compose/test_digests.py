"""`make digests`: every image of others by what its registry says, or nothing at all."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
DIGEST = "sha256:" + "ab" * 32
DOCKER = """#!/bin/sh
case "$1 $2" in
    "pull --quiet") [ "$3" != "$AWAY" ] ;;
    "image inspect") [ "$5" = "$LOCAL" ] || echo "${5%%:*}@DIGEST" ;;
esac
""".replace("DIGEST", DIGEST)


def written(folder: Path, **registry: str) -> subprocess.CompletedProcess[str]:
    """What the script says with an engine whose registry is `AWAY` for one image, or has made another one `LOCAL`ly."""
    docker = folder / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    environ = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "AWAY": "", "LOCAL": ""} | registry
    command = [str(ROOT / "deploy" / "digests"), str(folder / "made.yml")]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)


def test_each_image_of_others_is_named_by_its_digest(tmp_path: Path) -> None:
    """And each that is built here from others' gets theirs."""
    done = written(tmp_path)
    made = yaml.safe_load((tmp_path / "made.yml").read_text())["services"]

    assert done.returncode == 0, done.stderr
    others = {name: part["image"] for name, part in COMPOSE.items() if not part["image"].startswith("$")}
    assert {name: made[name]["image"] for name in others} == {
        name: f"{image.partition(':')[0]}@{DIGEST}" for name, image in others.items()
    }
    built = {name for name, part in COMPOSE.items() if "build" in part}
    assert {name for name, part in made.items() if "build" in part} == built
    for name in built:
        assert made[name]["build"]["args"] == {"PYTHON": f"python@{DIGEST}", "CADDY": f"caddy@{DIGEST}"}


@pytest.mark.parametrize("which", ["AWAY", "LOCAL"])
@pytest.mark.parametrize("image", ["python:3.13-slim", "apache/kafka:4.3.1", "axllent/mailpit"])
def test_without_a_registrys_word_nothing_is_written(tmp_path: Path, which: str, image: str) -> None:
    """It does not answer, or the image was made here and has no digest."""
    done = written(tmp_path, **{which: image})

    assert done.returncode != 0 and image in done.stderr
    assert not (tmp_path / "made.yml").exists()
