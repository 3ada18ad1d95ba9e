"""Which manifests there are: a file a service, the gateway, the jobs, the command line, and what they share."""

from deploy import SERVICES
from deploy.kubernetes import jobs, monitoring, networks, release
from deploy.kubernetes.gateway import gateway
from deploy.kubernetes.parts import (
    INSIDE,
    PARTITIONS,
    Json,
    autoscaler,
    budget,
    container,
    deployment,
    environment,
    pod,
    probes,
    service,
    waits,
)

_LAG_A_WORKER = "500"


def files() -> dict[str, list[Json]]:
    """{file name: its documents}."""
    base = {f"{name}.yaml": _service(name) for name in SERVICES}
    base |= {"golem.yaml": jobs.command_line(), "gateway.yaml": gateway(), "jobs.yaml": jobs.jobs()}
    base |= {"namespace.yaml": _namespace(), "networks.yaml": networks.networks()}
    watched = monitoring.monitoring()
    return {
        **{f"base/{name}": documents for name, documents in base.items()},
        "base/kustomization.yaml": [_kustomization(*base)],
        **{f"monitoring/{name}": documents for name, documents in watched.items()},
        "monitoring/kustomization.yaml": [_kustomization(*watched)],
        "release/kustomization.yaml": [release.component()],
        "kafka-tokens/network.yaml": [networks.kafka_tokens()],
        "kafka-tokens/kustomization.yaml": [_component("network.yaml")],
    }


def _kustomization(*resources: str) -> Json:
    kind: Json = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    return kind | {"namespace": "golem", "resources": sorted(resources)}


def _component(*resources: str) -> Json:
    """What a cluster adds where it needs it."""
    kind: Json = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}
    return kind | {"resources": sorted(resources)}


def _namespace() -> list[Json]:
    enforced = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "golem", "labels": enforced}}]


def _service(name: str) -> list[Json]:
    web, worker = f"{name}-web", f"{name}-worker"
    files = {"MONGODB_URI_FILE": f"/run/secrets/mongodb_{name}_uri", "PSEUDONYM_KEY_FILE": "/run/secrets/pseudonym_key"}
    keys = [f"mongodb_{name}_uri", "pseudonym_key"]
    login = {"KAFKA_SASL_USERNAME": name, "KAFKA_SASL_PASSWORD_FILE": f"/run/secrets/kafka_{name}_password"}
    more: dict[str, str] = {}
    worker_keys = [*keys, f"kafka_{name}_password"]
    if name == "escrow":
        more = {"PROVIDER_WEBHOOK_SECRET_FILE": "/run/secrets/webhook_secret"}
        login |= {"PROVIDER_MONGODB_URI_FILE": "/run/secrets/mongodb_provider_uri"}
        keys, worker_keys = [*keys, "webhook_secret"], [*worker_keys, "webhook_secret", "mongodb_provider_uri"]
    gunicorn = ["gunicorn", "--config", "python:shared.process.gunicorn_config", f"services.{name}.main:web()"]
    one_web = container(
        web,
        name,
        "384Mi",
        command=gunicorn,
        env=environment(files | more | {"FORWARDED_ALLOW_IPS": ",".join(INSIDE)}),
        ports=[{"name": "http", "containerPort": 8000}],
        # Until every proxy has taken note that the pod goes, requests still come.
        lifecycle={"preStop": {"sleep": {"seconds": 5}}},
        **probes(8000),
    )
    one_worker = container(
        worker,
        name,
        "384Mi",
        command=["python", "-m", f"services.{name}.main"],
        env=environment(files | more | login),
        ports=[{"name": "health", "containerPort": 8001}],
        **probes(8001),
    )
    schema = waits("schema", ["deploy.mongo.ready", name], files)
    topics = waits("topics", ["deploy.kafka.ready", name], login)
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "700m"}}}
    template = pod(worker, "worker", one_worker, worker_keys, before=[topics, schema])
    streams: list[Json] = []
    if name == "notify":
        _may_log_in_to_mail(template)
        streams = _streams(one_web, keys, schema)
    return [
        deployment(web, "web", pod(web, "web", one_web, keys, before=[schema])),
        service(web, "web", 8000),
        budget(web, "web"),
        autoscaler(web, "web", 2, 8, cpu),
        deployment(worker, "worker", template),
        budget(worker, "worker"),
        autoscaler(worker, "worker", 2, PARTITIONS, _lag(name)),
        *streams,
    ]


def _streams(web: Json, keys: list[str], schema: Json) -> list[Json]:
    """Notify's web process once more, for streams of events alone."""
    name = "notify-streams"
    env = [*web["env"], *environment({"STREAMS": "500", "WEB_GRACEFUL_TIMEOUT": "2"})]
    one = web | {"name": name, "env": env}
    return [
        deployment(name, "web", pod(name, "web", one, keys, before=[schema]), replicas=2),
        service(name, "web", 8000),
        budget(name, "web"),
    ]


def _may_log_in_to_mail(template: Json) -> None:
    """The Secret `smtp`, with the key `password`, where the settings name it by SMTP_PASSWORD_FILE."""
    spec = template["spec"]
    spec["volumes"].append({"name": "smtp", "secret": {"secretName": "smtp", "optional": True, "defaultMode": 0o440}})
    spec["containers"][0]["volumeMounts"].append({"name": "smtp", "mountPath": "/run/smtp", "readOnly": True})


def _lag(name: str) -> Json:
    """The records a service has not read yet, a worker: each exports its own partitions', and Kubernetes adds them up.
    A metrics adapter serves Prometheus' golem_consumer_lag.
    """
    metric = {"name": "golem_consumer_lag", "selector": {"matchLabels": {"service": name}}}
    return {
        "type": "External",
        "external": {"metric": metric, "target": {"type": "AverageValue", "averageValue": _LAG_A_WORKER}},
    }
