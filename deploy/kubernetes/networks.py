"""Nothing talks to anything but what is listed here, and to the outside only who needs it."""

from collections.abc import Iterable, Mapping

from deploy import SERVICES
from deploy.kubernetes.parts import Json, labels, meta

_WEBS = [*(f"{name}-web" for name in SERVICES), "notify-streams"]
_WORKERS = [f"{name}-worker" for name in SERVICES]
_INDEXES = [f"{name}-indexes" for name in SERVICES]

OUTSIDE: Mapping[str, tuple[int, list[str]]] = {
    "database": (27017, [*_WEBS, *_WORKERS, *_INDEXES, "database-setup", "golem"]),
    "broker": (9093, [*_WORKERS, "kafka-setup", "golem", "subscriber"]),
    "token-keys": (443, _WEBS),
    "mail": (587, ["notify-worker"]),
    "traces": (4318, [*_WEBS, *_WORKERS]),
}
"""{what is outside: (its port, who may speak to it)}; `site` patches ports and narrows addresses."""

KAFKA_TOKENS = (443, [*_WORKERS, "kafka-setup", "golem", "subscriber"])
"""Likewise, where the broker takes tokens (KAFKA_OAUTH_TOKEN_URL); elsewhere nobody of them may."""

_NODE_LOCAL = "169.254.20.10/32"
"""Where NodeLocal DNSCache listens on each node."""


NOT_PUBLIC: Mapping[str, list[str]] = {
    "0.0.0.0/0": [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3",
    ],
    "2000::/3": ["2001::/32", "2002::/16"],
}  # fmt: skip
"""What of the internet webhooks may be sent to, and what of that is none of it: the worker's own guard is narrower."""


def networks() -> list[Json]:
    webs = {"podSelector": {"matchLabels": {"app.kubernetes.io/component": "web"}}}
    gateway = {"podSelector": {"matchLabels": labels("gateway", "gateway")}}
    monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    names = {
        "to": [{"namespaceSelector": {}}, {"ipBlock": {"cidr": _NODE_LOCAL}}],
        "ports": [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")],
    }
    return [
        _policy("nothing", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}),
        _out("names", {}, names),
        *(_out(what, _named(who), {"ports": _port(port)}) for what, (port, who) in OUTSIDE.items()),
        _in("gateway-in", gateway["podSelector"], {"ports": _port(8080)}),
        _out("gateway-out", gateway["podSelector"], {"to": [webs], "ports": _port(8000)}),
        _in("webs", webs["podSelector"], {"from": [gateway], "ports": _port(8000)}),
        # The sandbox provider's notices come back as a real one's do.
        _out("provider", _named(["escrow-worker"]), {"to": [gateway], "ports": _port(8080)}),
        _out("webhooks", _named(["notify-worker"]), {
            "to": [{"ipBlock": {"cidr": cidr, "except": but}} for cidr, but in NOT_PUBLIC.items()],
            "ports": _port(443) + _port(8443),
        }),
        _in("metrics", _named([*_WEBS, *_WORKERS]), {"from": [monitoring], "ports": _port(8000) + _port(8001)}),
    ]  # fmt: skip


def kafka_tokens() -> Json:
    """A component: whoever speaks to the broker may fetch a token before."""
    port, who = KAFKA_TOKENS
    return _out("kafka-tokens", _named(who), {"ports": _port(port)})


def _in(name: str, pods: Json, rule: Json) -> Json:
    return _policy(name, {"podSelector": pods, "policyTypes": ["Ingress"], "ingress": [rule]})


def _out(name: str, pods: Json, rule: Json) -> Json:
    return _policy(name, {"podSelector": pods, "policyTypes": ["Egress"], "egress": [rule]})


def _named(names: Iterable[str]) -> Json:
    return {"matchExpressions": [{"key": "app.kubernetes.io/name", "operator": "In", "values": list(names)}]}


def _policy(name: str, spec: Json) -> Json:
    kind: Json = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    return kind | {"metadata": meta(name, "network"), "spec": spec}


def _port(number: int) -> list[Json]:
    return [{"port": number, "protocol": "TCP"}]
