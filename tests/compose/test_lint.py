"""Dockerfile, compose files, Caddyfile and dashboard, each by the tool that knows it."""

import json
import subprocess
import sysconfig
from pathlib import Path

import pytest

from deploy import ROOT

SCRIPTS = Path(sysconfig.get_path("scripts"))


def passes(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile() -> None:
    """hadolint. Left out: no digest can be pinned for what is built on whatever python:3.13-slim is today."""
    passes(SCRIPTS / "hadolint", "--failure-threshold", "info", "deploy/Dockerfile")


def test_the_compose_files() -> None:
    """The schema of the Compose Specification; who fails is named."""
    files = ["docker-compose.yml", *sorted(ROOT.glob("deploy/compose.*.yml"))]
    passes(SCRIPTS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", *files)


def test_the_caddyfile() -> None:
    """It adapts, its modules accept it, and it is formatted as Caddy does."""
    passes(SCRIPTS / "caddy", "validate", "--config", "deploy/gateway/Caddyfile", "--adapter", "caddyfile")
    passes(SCRIPTS / "caddy", "fmt", "deploy/gateway/Caddyfile")


@pytest.mark.parametrize("script", ["deploy/secrets", "deploy/digests", ".ci/compose", ".ci/locks", ".ci/run"])
def test_a_shell_script_parses(script: str) -> None:
    passes("sh" if script.startswith("deploy/") else "bash", "-n", script)


def test_the_dashboard_is_json_that_grafana_reads() -> None:
    """Each panel has a title, a place and a query; ids are unique."""
    dashboard = json.loads((ROOT / "deploy/observability/grafana/golem.json").read_text())
    panels = dashboard["panels"]

    assert len({panel["id"] for panel in panels}) == len(panels) > 10
    assert all(panel["title"] and panel["gridPos"] and panel["targets"] for panel in panels)
