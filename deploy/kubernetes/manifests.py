"""Which manifests there are: a file a service, the gateway, the jobs, and what they share."""

from typing import Any

from deploy import SERVICES
from deploy.kubernetes.parts import (
    Json,
    autoscaler,
    budget,
    container,
    deployment,
    environment,
    job,
    labels,
    meta,
    pod,
    probes,
    service,
)

PARTITIONS = 6
"""More workers of a service than its topics have partitions would have nothing to read."""

_LAG_A_WORKER = "500"
_SHARED = {
    "KAFKA_BOOTSTRAP_SERVERS": "kafka-1.example:9093,kafka-2.example:9093,kafka-3.example:9093",
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "JWKS_URL": "https://id.example/jwks.json",
    "TOKEN_ISSUER": "https://id.example",
    "TOKEN_AUDIENCE": "good-golem",
    "PUBLIC_URL": "https://golem.example",
    "PROVIDER_WEBHOOK_URL": "http://gateway:8080/v1/webhooks/provider",
    "SMTP_HOST": "smtp.example",
    "SMTP_PORT": "587",
    "SMTP_TLS": "starttls",
    "LOG_LEVEL": "INFO",
    # A collector's base URL, such as http://collector.observability:4318; blank: no traces are sent.
    "OTEL_EXPORTER_OTLP_ENDPOINT": "",
}


def files() -> dict[str, list[Json]]:
    """{file name: its documents}."""
    made = {f"{name}.yaml": _service(name) for name in SERVICES}
    made |= {"golem.yaml": _shared(), "gateway.yaml": _gateway(), "jobs.yaml": _jobs(), "networks.yaml": _networks()}
    resources = sorted(made)
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "golem",
        "resources": resources,
        "images": [{"name": f"good-golem/{name}", "newTag": "dev"} for name in (*SERVICES, "gateway", "golem")],
    }
    return made | {"kustomization.yaml": [kustomization]}


def _shared() -> list[Json]:
    enforced = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "golem", "labels": enforced}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("golem", "settings"), "data": _SHARED},
    ]


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
        env=environment(files | more),
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
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "700m"}}}
    return [
        deployment(web, "web", 2, pod(web, "web", one_web, keys)),
        service(web, "web", 8000),
        budget(web, "web"),
        autoscaler(web, "web", 2, 8, cpu),
        deployment(worker, "worker", 2, pod(worker, "worker", one_worker, worker_keys)),
        budget(worker, "worker"),
        autoscaler(worker, "worker", 2, PARTITIONS, _lag(name)),
    ]


def _lag(name: str) -> Json:
    """The records a service has not read yet, a worker: each exports its own partitions', and Kubernetes adds them up.
    A metrics adapter serves Prometheus' golem_consumer_lag.
    """
    metric = {"name": "golem_consumer_lag", "selector": {"matchLabels": {"service": name}}}
    return {
        "type": "External",
        "external": {"metric": metric, "target": {"type": "AverageValue", "averageValue": _LAG_A_WORKER}},
    }


def _gateway() -> list[Json]:
    values = {"GATEWAY_PORT": "8080", "GATEWAY_STORAGE": "/tmp/caddy", "GATEWAY_PATIENCE": "20s", "HOME": "/tmp"}
    values |= {"XDG_CONFIG_HOME": "/tmp", "XDG_DATA_HOME": "/tmp"}
    healthy = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5, "timeoutSeconds": 3}
    one = container(
        "gateway",
        "gateway",
        "256Mi",
        env=environment(values),
        ports=[{"name": "http", "containerPort": 8080}],
        lifecycle={"preStop": {"sleep": {"seconds": 5}}},
        readinessProbe=healthy,
        livenessProbe=healthy | {"periodSeconds": 10},
    )
    del one["envFrom"]
    template = pod("gateway", "gateway", one, [])
    one["volumeMounts"] = [mount for mount in one["volumeMounts"] if mount["name"] != "secrets"]
    template["spec"]["volumes"] = [volume for volume in template["spec"]["volumes"] if volume["name"] != "secrets"]
    backend = {"service": {"name": "gateway", "port": {"number": 8080}}}
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": meta("gateway", "gateway"),
        "spec": {
            "tls": [{"hosts": ["golem.example"], "secretName": "gateway-tls"}],
            "rules": [
                {
                    "host": "golem.example",
                    "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
                }
            ],
        },
    }
    return [
        deployment("gateway", "gateway", 2, template),
        service("gateway", "gateway", 8080),
        budget("gateway", "gateway"),
        ingress,
    ]


def _jobs() -> list[Json]:
    made = [_kafka_setup()]
    for name in SERVICES:
        key = f"mongodb_{name}_uri"
        one = container(
            f"{name}-indexes",
            name,
            "256Mi",
            command=["python", "-m", f"services.{name}.main", "migrate"],
            env=environment({"MONGODB_URI_FILE": f"/run/secrets/{key}"}),
        )
        made.append(job(f"{name}-indexes", "job", pod(f"{name}-indexes", "job", one, [key], restart="OnFailure")))
    return made


def _kafka_setup() -> Json:
    """Topics in three copies, users and ACLs; as the cluster's administrator."""
    values = {
        "KAFKA_SASL_USERNAME": "admin",
        "KAFKA_SASL_PASSWORD_FILE": "/run/secrets/kafka_admin_password",
        "KAFKA_CLIENTS": _SHARED["KAFKA_BOOTSTRAP_SERVERS"],
        "KAFKA_CLIENTS_PROTOCOL": "SASL_SSL",
        "KAFKA_PARTITIONS": str(PARTITIONS),
        "KAFKA_REPLICATION": "3",
    }
    keys = ["kafka_admin_password", "kafka_operator_password", *(f"kafka_{name}_password" for name in SERVICES)]
    command = ["python", "-m", "deploy.kafka.setup"]
    one = container("kafka-setup", "golem", "256Mi", command=command, env=environment(values))
    return job("kafka-setup", "job", pod("kafka-setup", "job", one, keys, restart="OnFailure"))


def _networks() -> list[Json]:
    """Nothing talks to anything but what is listed here."""
    everywhere: Json = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    names = {"to": [{"namespaceSelector": {}}], "ports": [{"port": 53, "protocol": p} for p in ("UDP", "TCP")]}
    servers = [{"port": port, "protocol": "TCP"} for port in (27017, 9093, 443, 587, 4318)]
    webs = {"podSelector": {"matchLabels": {"app.kubernetes.io/component": "web"}}}
    gateway = {"podSelector": {"matchLabels": labels("gateway", "gateway")}}
    monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    provider = {"podSelector": {"matchLabels": labels("escrow-worker", "worker")}}
    ours = ["web", "worker", "job"]
    own = {"matchExpressions": [{"key": "app.kubernetes.io/component", "operator": "In", "values": ours}]}
    return [
        _policy("nothing", everywhere),
        _policy("names", {"podSelector": {}, "policyTypes": ["Egress"], "egress": [names]}),
        _policy("servers", {"podSelector": own, "policyTypes": ["Egress"], "egress": [{"ports": servers}]}),
        _policy("gateway-in", gateway | {"policyTypes": ["Ingress"], "ingress": [{"ports": _port(8080)}]}),
        _policy("gateway-out", gateway | {"policyTypes": ["Egress"], "egress": [{"to": [webs], "ports": _port(8000)}]}),
        _policy("webs", webs | {"policyTypes": ["Ingress"], "ingress": [{"from": [gateway], "ports": _port(8000)}]}),
        _policy(
            "provider", provider | {"policyTypes": ["Egress"], "egress": [{"to": [gateway], "ports": _port(8080)}]}
        ),
        _policy(
            "metrics",
            {
                "podSelector": own,
                "policyTypes": ["Ingress"],
                "ingress": [{"from": [monitoring], "ports": _port(8000) + _port(8001)}],
            },
        ),
    ]


def _policy(name: str, spec: Json) -> Json:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": meta(name, "network"),
        "spec": spec,
    }


def _port(number: int) -> list[dict[str, Any]]:
    return [{"port": number, "protocol": "TCP"}]
