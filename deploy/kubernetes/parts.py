"""What the manifests are made of: how every pod of the system is confined, probed and fed with secrets."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

IMAGES = "good-golem"
"""Repository of the images; kustomize's `images:` names yours."""

_NUMBER = 10001


def labels(name: str, kind: str) -> Json:
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/component": kind, "app.kubernetes.io/part-of": "golem"}


def meta(name: str, kind: str) -> Json:
    return {"name": name, "labels": labels(name, kind)}


def environment(values: Mapping[str, str]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in values.items()]


def container(name: str, image: str, memory: str, **more: Any) -> Json:
    """One container that can write nowhere but in /tmp, without any capability. `more` is taken as it is."""
    return {
        "name": name,
        "image": f"{IMAGES}/{image}:dev",
        "envFrom": [{"configMapRef": {"name": "golem"}}],
        "resources": {"requests": {"cpu": "100m", "memory": memory}, "limits": {"memory": memory}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": "secrets", "mountPath": "/run/secrets", "readOnly": True},
        ],
        **more,
    }


def probes(port: int) -> Json:
    """Liveness ends a process whose loops stand still, readiness keeps work away; the start may take a minute."""

    def ask(path: str, seconds: int, failures: int) -> Json:
        return {
            "httpGet": {"path": path, "port": port},
            "periodSeconds": seconds,
            "timeoutSeconds": 5,
            "failureThreshold": failures,
        }

    return {
        "startupProbe": ask("/livez", 2, 30),
        "livenessProbe": ask("/livez", 10, 3),
        "readinessProbe": ask("/readyz", 5, 2),
    }


def pod(name: str, kind: str, one: Json, secrets: list[str], *, drain: int = 40, restart: str = "Always") -> Json:
    """A pod of one container; `secrets` are the keys of the Secret `golem` that it may read, `drain` is in seconds."""
    return {
        "metadata": {"labels": labels(name, kind)},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "restartPolicy": restart,
            "terminationGracePeriodSeconds": drain,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": _NUMBER,
                "runAsGroup": _NUMBER,
                "fsGroup": _NUMBER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [one],
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "kubernetes.io/hostname",
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
                }
            ],
            "volumes": [
                {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}},
                {
                    "name": "secrets",
                    "secret": {
                        "secretName": "golem",
                        "defaultMode": 0o440,
                        "items": [{"key": key, "path": key} for key in secrets],
                    },
                },
            ],
        },
    }


def deployment(name: str, kind: str, replicas: int, template: Json, surge: int = 1) -> Json:
    selector = {"matchLabels": {"app.kubernetes.io/name": name}}
    rolling = {"maxUnavailable": 0, "maxSurge": surge}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta(name, kind),
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 3,
            "selector": selector,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
            "template": template,
        },
    }


def service(name: str, kind: str, port: int) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(name, kind),
        "spec": {
            "selector": {"app.kubernetes.io/name": name},
            "ports": [{"name": "http", "port": port, "targetPort": port}],
        },
    }


def budget(name: str, kind: str) -> Json:
    """At most one pod at a time is taken away by whoever drains a node."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": meta(name, kind),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app.kubernetes.io/name": name}}},
    }


def autoscaler(name: str, kind: str, least: int, most: int, metric: Json) -> Json:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": meta(name, kind),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": least,
            "maxReplicas": most,
            "metrics": [metric],
            # A rebalance costs more than a worker that idles for a while.
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 600}},
        },
    }


def job(name: str, kind: str, template: Json) -> Json:
    """Runs once an upgrade, before the new pods; a finished one is cleared away, so that the next can be made."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": meta(name, kind),
        "spec": {"backoffLimit": 6, "ttlSecondsAfterFinished": 3600, "template": template},
    }
