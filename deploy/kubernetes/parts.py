"""What the manifests are made of: how every pod of the system is confined, probed and fed with secrets."""

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

IMAGES, VERSION = "good-golem", "dev"
"""Where the images are and which: `release` puts yours in their place."""

PARTITIONS = 6
"""More workers of a service than its topics have partitions would have nothing to read."""

INSIDE = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""Where a cluster's pods are. The network policies say which of them come to whom."""

_NUMBER = 10001
_CERTIFICATES = [
    {"configMap": {"name": "ca", "optional": True}},
    {"secret": {"name": "client-certificates", "optional": True}},
]
"""Files of /run/tls, where a cluster's broker or database has an authority of its own or asks for a certificate."""


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
        "image": f"{IMAGES}/{image}:{VERSION}",
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
            {"name": "tls", "mountPath": "/run/tls", "readOnly": True},
        ],
        **more,
    }


def probes(port: int) -> Json:
    """Liveness ends a process whose loops stand still, readiness keeps work away; the start may take two minutes."""

    def ask(path: str, seconds: int, failures: int) -> Json:
        return {
            "httpGet": {"path": path, "port": port},
            "periodSeconds": seconds,
            "timeoutSeconds": 5,
            "failureThreshold": failures,
        }

    return {
        "startupProbe": ask("/livez", 2, 60),
        "livenessProbe": ask("/livez", 10, 3),
        "readinessProbe": ask("/readyz", 5, 2),
    }


def waits(name: str, module: list[str], files: Mapping[str, str]) -> Json:
    """A container that ends when what the pod needs is there; `module` is Python's, with its arguments."""
    return container(name, "golem", "128Mi", command=["python", "-m", *module], env=environment(files))


def pod(
    name: str, kind: str, one: Json, secrets: list[str], *, before: Sequence[Json] = (), restart: str = "Always"
) -> Json:
    """A pod of one container and those that run `before` it; `secrets` are the keys of the Secret `golem` that they may
    read. Without any, no certificates are mounted either.
    """
    # `golem verify` keeps on disk what it read of the topics, about as much as they hold.
    room = {"sizeLimit": "20Gi"} if name == "golem" else {"medium": "Memory", "sizeLimit": "16Mi"}
    volumes: list[Json] = [{"name": "tmp", "emptyDir": room}]
    if secrets:
        items = [{"key": key, "path": key} for key in secrets]
        volumes += [
            {"name": "secrets", "secret": {"secretName": "golem", "defaultMode": 0o440, "items": items}},
            {"name": "tls", "projected": {"defaultMode": 0o440, "sources": _CERTIFICATES}},
        ]
    else:
        one = one | {"volumeMounts": [mount for mount in one["volumeMounts"] if mount["name"] == "tmp"]}
    return {
        "metadata": {"labels": labels(name, kind)},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "restartPolicy": restart,
            "terminationGracePeriodSeconds": 40,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": _NUMBER,
                "runAsGroup": _NUMBER,
                "fsGroup": _NUMBER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            **({"initContainers": list(before)} if before else {}),
            "containers": [one],
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "kubernetes.io/hostname",
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
                }
            ],
            "volumes": volumes,
        },
    }


def deployment(name: str, kind: str, template: Json, replicas: int | None = None) -> Json:
    """`replicas` is None where an autoscaler counts: another apply would undo its work."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta(name, kind),
        "spec": {
            **({} if replicas is None else {"replicas": replicas}),
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
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


def job(name: str, one: Json, secrets: list[str], before: Sequence[Json] = ()) -> Json:
    """Runs once a version, of which it has its name: `release` adds it. A finished one is cleared away in an hour."""
    template = pod(name, "job", one, secrets, before=before, restart="OnFailure")
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": meta(name, "job"),
        "spec": {"backoffLimit": 10, "ttlSecondsAfterFinished": 3600, "template": template},
    }
