"""For the Prometheus operator: which pods to ask, and the rules of deploy/observability."""

from typing import Any

import yaml

from deploy import ROOT
from deploy.kubernetes.parts import Json, meta

RULES = ("alerts", "levels", "servers")
"""The files of deploy/observability, each a PrometheusRule."""


def monitoring() -> dict[str, list[Json]]:
    return {"pods.yaml": [_pods()], "rules.yaml": [_rule(name) for name in RULES]}


def _pods() -> Json:
    """Each web and worker, under the job name by which the alerts know it: `escrow-worker`."""
    asked = [{"port": port, "path": "/metrics", "interval": "5s"} for port in ("http", "health")]
    ours = {"key": "app.kubernetes.io/component", "operator": "In", "values": ["web", "worker"]}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": meta("golem", "monitoring"),
        "spec": {
            "jobLabel": "app.kubernetes.io/name",
            "selector": {"matchLabels": {"app.kubernetes.io/part-of": "golem"}, "matchExpressions": [ours]},
            "podMetricsEndpoints": asked,
        },
    }


def _rule(name: str) -> Json:
    rules: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "observability" / f"{name}.yml").read_text("utf-8"))
    kind: Json = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule"}
    return kind | {"metadata": meta(f"golem-{name}", "monitoring"), "spec": {"groups": rules["groups"]}}
