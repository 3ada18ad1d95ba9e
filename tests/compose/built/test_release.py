"""The manifests as kustomize builds them: one value names all images, and each version's jobs are jobs of their own."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
Build = Callable[[str, str], list[dict[str, Any]]]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """build(where the images are, version): what `kubectl apply -k` would send for such a site."""
    shutil.copytree(FOLDER, tmp_path / "kubernetes")
    release = tmp_path / "kubernetes" / "site" / "release.yaml"
    written = yaml.safe_load(release.read_text())

    def built(images: str, version: str) -> list[dict[str, Any]]:
        release.write_text(yaml.safe_dump(written | {"data": {"IMAGES": images, "VERSION": version}}))
        return kustomized(tmp_path / "kubernetes" / "site")

    return built


def kustomized(folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def jobs(documents: list[dict[str, Any]]) -> dict[str, Any]:
    return {each["metadata"]["name"]: each for each in documents if each["kind"] == "Job"}


@pytest.mark.parametrize(
    ("images", "version"),
    [("registry.example/good-golem", "0.2.0"), ("127.0.0.1:5000/a/b", "ci-7"), ("golem", "2026-11-28")],
)
def test_one_value_names_every_image(build: Build, images: str, version: str) -> None:
    for document in build(images, version):
        pod = document.get("spec", {}).get("template", {}).get("spec", {})
        for one in (*pod.get("containers", ()), *pod.get("initContainers", ())):
            place, _, tag = one["image"].rpartition(":")
            assert (place.rpartition("/")[0], tag) == (images, version), one["image"]


def test_another_version_has_jobs_of_its_own_and_everything_else_by_the_same_name(build: Build) -> None:
    """So a second apply changes no job that has run; the same version's are the very same."""
    first, again, second = build("golem", "0.1.0"), build("golem", "0.1.0"), build("golem", "0.2.0")

    assert first == again
    assert not set(jobs(first)) & set(jobs(second))
    assert {name.removesuffix("-0.1.0") for name in jobs(first)} == {
        name.removesuffix("-0.2.0") for name in jobs(second)
    }
    lasting = [
        {(each["kind"], each["metadata"]["name"]) for each in documents if each["kind"] != "Job"}
        for documents in (first, second)
    ]
    assert lasting[0] == lasting[1]


@pytest.mark.parametrize("version", ["1.31", "1.37"])
def test_what_is_applied_is_valid(build: Build, version: str) -> None:
    """Strictly, with everything in the namespace, which comes first."""
    documents = build("registry.example/good-golem", "0.2.0")

    assert documents[0]["kind"] == "Namespace"
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)
        assert document["kind"] == "Namespace" or document["metadata"]["namespace"] == "golem"


def test_a_site_takes_the_patches_that_the_example_shows(build: Build, tmp_path: Path) -> None:
    """They stand there as comments, and name jobs without the version."""
    site = tmp_path / "kubernetes" / "site" / "kustomization.yaml"
    before, _, shown = site.read_text().partition("# patches:")
    site.write_text(before + "patches:" + shown.replace("\n# ", "\n"))

    documents = build("golem", "0.1.0")

    assert "database-setup-0.1.0" not in jobs(documents)
    [broker] = [each for each in documents if (each["kind"], each["metadata"]["name"]) == ("NetworkPolicy", "broker")]
    assert broker["spec"]["egress"][0]["ports"][0]["port"] == 9096


def test_what_prometheus_operator_takes_is_built_apart() -> None:
    """A cluster without the operator refuses what it does not know."""
    kinds = [each["kind"] for each in kustomized(FOLDER / "monitoring")]

    assert sorted(kinds) == ["PodMonitor", "PrometheusRule", "PrometheusRule", "PrometheusRule"]
