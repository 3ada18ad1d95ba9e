"""The gateway: the one part that a cluster's ingress reaches."""

from deploy.kubernetes.parts import INSIDE, Json, budget, container, deployment, environment, pod, service

PAGE = ("PAGE_ISSUER", "PAGE_CLIENT_ID", "PAGE_CONNECT", "PAGE_SCOPE", "PAGE_AUDIENCE", "PAGE_TOKEN")
"""How people sign in on the page; what is not set has the Caddyfile's default."""


def gateway() -> list[Json]:
    values = {"GATEWAY_PORT": "8080", "GATEWAY_STORAGE": "/tmp/caddy", "GATEWAY_PATIENCE": "20s", "HOME": "/tmp"}
    values |= {"GATEWAY_PROXIES": " ".join(INSIDE)}
    values |= {"XDG_CONFIG_HOME": "/tmp", "XDG_DATA_HOME": "/tmp"}
    healthy = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5, "timeoutSeconds": 3}
    one = container(
        "gateway",
        "gateway",
        "256Mi",
        env=[*environment(values), *_of_site()],
        ports=[{"name": "http", "containerPort": 8080}],
        lifecycle={"preStop": {"sleep": {"seconds": 5}}},
        startupProbe=healthy | {"periodSeconds": 2, "failureThreshold": 30},
        readinessProbe=healthy,
        livenessProbe=healthy | {"periodSeconds": 10},
    )
    del one["envFrom"]
    return [
        deployment("gateway", "gateway", pod("gateway", "gateway", one, []), replicas=2),
        service("gateway", "gateway", 8080),
        budget("gateway", "gateway"),
    ]


def _of_site() -> list[Json]:
    found = [("PUBLIC_URL", "golem"), *((name, "page") for name in PAGE)]
    return [
        {"name": name, "valueFrom": {"configMapKeyRef": {"name": of, "key": name, "optional": True}}}
        for name, of in found
    ]
