"""Which images run: one name and one version, from the ConfigMap `release`, for all images and in the jobs' names.

What a job was made of cannot be changed. With the version in its name another version is another job, so that the same
apply makes the first installation and each upgrade.
"""

from typing import Any

from deploy import SERVICES
from deploy.kubernetes.parts import Json

_DEPLOYMENTS, _JOBS = {"kind": "Deployment"}, {"kind": "Job"}
_WAIT = {"kind": "Deployment", "labelSelector": "app.kubernetes.io/component in (web, worker)"}
_INDEXES = {
    "kind": "Job",
    "labelSelector": f"app.kubernetes.io/name in ({', '.join(f'{s}-indexes' for s in SERVICES)})",
}
_AT_THE_END = 99


def component() -> Json:
    replaced = [
        _replaced("VERSION", _images(":", 1)),
        _replaced("IMAGES", _images("/", 0)),
        _replaced("VERSION", [_target(_JOBS, "metadata.name", "-", _AT_THE_END)]),
    ]
    return {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "replacements": replaced}


def _replaced(value: str, targets: list[Json]) -> Json:
    return {"source": {"kind": "ConfigMap", "name": "release", "fieldPath": f"data.{value}"}, "targets": targets}


def _images(delimiter: str, index: int) -> list[Json]:
    first = "spec.template.spec.initContainers.*.image"
    then = "spec.template.spec.containers.*.image"
    return [
        *(_target(select, then, delimiter, index) for select in (_DEPLOYMENTS, _JOBS)),
        *(_target(select, first, delimiter, index) for select in (_WAIT, _INDEXES)),
    ]


def _target(select: dict[str, Any], path: str, delimiter: str, index: int) -> Json:
    return {"select": select, "fieldPaths": [path], "options": {"delimiter": delimiter, "index": index}}
