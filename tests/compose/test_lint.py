"""Dockerfile, compose files, Caddyfile and Kubernetes manifests, each by the tool that knows it; and no drift."""

import json
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy import ROOT, SERVICES
from deploy.kubernetes.manifests import files
from deploy.kubernetes.written import written

SCRIPTS = Path(sysconfig.get_path("scripts"))
MANIFESTS = files()
DOCUMENTS = [
    (name, each) for name, documents in MANIFESTS.items() for each in documents if name != "kustomization.yaml"
]
WITH_PODS = [(name, each) for name, each in DOCUMENTS if "template" in each.get("spec", {})]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def passes(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile() -> None:
    """hadolint. Left out: no digest can be pinned for what is built on whatever python:3.13-slim is today."""
    passes(SCRIPTS / "hadolint", "--failure-threshold", "info", "deploy/Dockerfile")


@pytest.mark.parametrize("file", ["docker-compose.yml", *sorted(str(f) for f in ROOT.glob("deploy/compose.*.yml"))])
def test_a_compose_file(file: str) -> None:
    """The schema of the Compose Specification."""
    passes(SCRIPTS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", file)


def test_the_caddyfile() -> None:
    """It adapts, its modules accept it, and it is formatted as Caddy does."""
    passes(SCRIPTS / "caddy", "validate", "--config", "deploy/gateway/Caddyfile", "--adapter", "caddyfile")
    passes(SCRIPTS / "caddy", "fmt", "deploy/gateway/Caddyfile")


@pytest.mark.parametrize("script", ["deploy/secrets", ".ci/compose", ".ci/run"])
def test_a_shell_script_parses(script: str) -> None:
    passes("sh" if script == "deploy/secrets" else "bash", "-n", script)


def test_the_manifests_are_the_generated_ones() -> None:
    """`python -m deploy.kubernetes` writes them; a file without a source is left over."""
    there = {file.name: file.read_text() for file in (ROOT / "deploy" / "kubernetes").glob("*.yaml")}

    assert there == {name: written(documents) for name, documents in MANIFESTS.items()}


@pytest.mark.parametrize("version", ["1.31", "1.34"])
@pytest.mark.parametrize(("name", "document"), DOCUMENTS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_manifest_is_valid(name: str, document: dict[str, Any], version: str) -> None:
    """Against the API's own schemas, without unknown fields."""
    kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize(("name", "document"), WITH_PODS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_pod_is_confined(name: str, document: dict[str, Any]) -> None:
    """As the restricted profile of Pod Security demands, which the namespace enforces, and no token of the cluster."""
    spec = document["spec"]["template"]["spec"]
    one = spec["containers"][0]

    assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["seccompProfile"]
    assert spec["automountServiceAccountToken"] is False
    assert one["securityContext"]["readOnlyRootFilesystem"] and not one["securityContext"]["allowPrivilegeEscalation"]
    assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert one["resources"]["limits"]["memory"] and one["resources"]["requests"]
    assert document["kind"] == "Job" or ("livenessProbe" in one and "readinessProbe" in one)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("kind", ["web", "worker"])
def test_a_pod_is_the_container_that_compose_runs(service: str, kind: str) -> None:
    """The same command, and of the secrets the same ones (tokens come from an identity provider there)."""
    name = f"{service}-{kind}"
    [spec] = [d["spec"]["template"]["spec"] for _, d in WITH_PODS if d["metadata"]["name"] == name]
    [secret] = [volume["secret"] for volume in spec["volumes"] if "secret" in volume]

    assert spec["containers"][0]["command"] == COMPOSE[name]["command"]
    assert {item["key"] for item in secret["items"]} == {*COMPOSE[name]["secrets"]} - {"jwks"}


def test_the_dashboard_is_json_that_grafana_reads() -> None:
    """Each panel has a title, a place and a query; ids are unique."""
    dashboard = json.loads((ROOT / "deploy/observability/grafana/golem.json").read_text())
    panels = dashboard["panels"]

    assert len({panel["id"] for panel in panels}) == len(panels) > 10
    assert all(panel["title"] and panel["gridPos"] and panel["targets"] for panel in panels)
