"""What runs in an embedded stack: each process's command, environment and place in the order."""

import importlib.util
import os
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy import ROOT, SERVICES
from deploy.embedded.data import Data
from deploy.gateway import CADDYFILE, SITE

MONGODB_OPTIONS = (
    "retryWrites=false&directConnection=true&serverSelectionTimeoutMS=3000&connectTimeoutMS=2000"
    "&socketTimeoutMS=10000&w=1&journal=true"
)

STREAMS = "notify-streams"
"""The process that serves the streams of events."""

GROUPS = ("broker", "database", "mail", "workers", "webs", "gateway")
"""In the order of their start; they stop in the opposite order, so the servers go when nobody needs them."""


@dataclass(frozen=True)
class Program:
    """One process. `answers` is the (port, path) that answers 200 once it is ready, path "" for any connection."""

    name: str
    group: str
    command: tuple[str, ...]
    answers: tuple[int, str]
    environment: Mapping[str, str] = field(default_factory=dict)
    restarted_by_supervisor: bool = True


@dataclass(frozen=True)
class Layout:
    """Where everything of one start listens, and the servers it uses (its own, or those it was given)."""

    data: Data
    ports: Mapping[str, int]
    kafka: str
    mongodb: str
    own_servers: bool
    database_prefix: str = ""

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.ports['gateway']}"


def port_names() -> list[str]:
    """The name of each port a stack needs; where a program listens, the program's own name."""
    both = [f"{service}-{kind}" for service in SERVICES for kind in ("web", "worker")]
    return ["supervisor", "broker", "database", "mail", "gateway", *both, STREAMS]


def programs(layout: Layout) -> list[Program]:
    servers = [_broker(layout), _database(layout)] if layout.own_servers else []
    workers = [_worker(layout, service) for service in SERVICES]
    webs = [*(_web(layout, service) for service in SERVICES), _streams(layout)]
    return [*servers, _mail(layout), *workers, *webs, _gateway(layout)]


UNBRAKED = {"CHARGEBACK_WINDOW": "0", "FIRST_PAYOUT_WAIT": "0", "PAYOUT_ACCOUNT_AFTER": "0"}
"""Nobody pays with a stolen card or token here: no payout waits, a new account serves at once, and what is settled
counts no more. The caller may set others."""

LICENSED = {
    "LICENCES": '[{"place": "CA-ON", "number": "NO LICENCE, DEVELOPMENT ONLY", "valid_until": "2099-12-31", '
    '"development": true}]'
}
"""For trying out what is sold under a licence; it says that it is none. The caller may set another, or `[]`."""

REMOVED = (
    "BIND", "HEALTH_BIND", "JWKS_URL", "MONGODB_URI_FILE", "PROVIDER_MONGODB_URI_FILE", "PROVIDER_WEBHOOK_SECRET",
    "PSEUDONYM_KEY", "PYTHONHOME", "SMTP_CA_FILE", "SMTP_PASSWORD", "SMTP_PASSWORD_FILE", "SMTP_STARTTLS", "SMTP_TLS",
    "SMTP_USERNAME", "STACK_CLOCK",
)  # fmt: skip
"""Not passed on to the processes; nor is KAFKA_... and MONGODB_..., where a stack has servers of its own."""

SET_FOR_ALL = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}

SET = (
    "BIND", "FORWARDED_ALLOW_IPS", "HEALTH_BIND", "JWKS_FILE", "KAFKA_BOOTSTRAP_SERVERS", "KAFKA_GROUP_INSTANCE_ID",
    "MONGODB_DATABASE", "MONGODB_URI", "PROVIDER_MONGODB_URI", "PROVIDER_WEBHOOK_SECRET_FILE", "PROVIDER_WEBHOOK_URL",
    "PSEUDONYM_KEY_FILE", "PUBLIC_URL", "SMTP_HOST", "SMTP_PORT", "STREAMS", "WEBHOOK_NETWORKS",
    "WEB_GRACEFUL_TIMEOUT", "WORKER_SLOT",
)  # fmt: skip
"""What the services' processes are given, each what it needs."""


def base_environment(own_servers: bool) -> dict[str, str]:
    """The caller's environment for all processes, less what would lead them to other servers or to another time."""
    environment = {**UNBRAKED, **LICENSED, **os.environ}
    if own_servers:
        for name in [n for n in environment if n.startswith(("KAFKA_", "MONGODB_"))]:
            del environment[name]
    for name in REMOVED:
        environment.pop(name, None)
    return environment | SET_FOR_ALL


def _broker(layout: Layout) -> Program:
    # The binary itself: a signal to the wheel's wrapper script would leave the server running.
    package = importlib.util.find_spec("noida_db")
    if package is None or package.origin is None:
        raise FileNotFoundError("noida-db is not installed; `make install` does it")
    port = layout.ports["broker"]
    command = (str(Path(package.origin).with_name("noida-db")), "start", "--only", "kafka")
    return Program(
        "broker",
        "broker",
        (*command, "--kafka-port", str(port), "--data-dir", str(layout.data.folder / "broker")),
        (port, ""),
        {"HOME": str(layout.data.folder)},
        restarted_by_supervisor=False,
    )


def _database(layout: Layout) -> Program:
    port, folder = layout.ports["database"], layout.data.folder / "database"
    command = (_script("secantusd-py"), "--host", "127.0.0.1", "--port", str(port), "--storage-path", str(folder))
    durable = ("--sync-on-commit", "--cache-size", "256M", "--log-level", "WARNING")
    return Program("database", "database", (*command, *durable), (port, ""), {"HOME": str(layout.data.folder)})


def _mail(layout: Layout) -> Program:
    port = layout.ports["mail"]
    command = (sys.executable, "-m", "deploy.embedded.mail", "--port", str(port), "--folder", str(layout.data.mail))
    return Program("mail", "mail", command, (port, ""))


def _worker(layout: Layout, service: str) -> Program:
    port = layout.ports[f"{service}-worker"]
    environment = _service(layout, service) | {
        "KAFKA_BOOTSTRAP_SERVERS": layout.kafka,
        "KAFKA_GROUP_INSTANCE_ID": f"{service}-1",
        "WORKER_SLOT": f"{service}-1",
        "HEALTH_BIND": f"127.0.0.1:{port}",
    }
    if service == "notify":
        environment |= {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(layout.ports["mail"])}
    if service == "escrow":
        environment |= {
            "PROVIDER_MONGODB_URI": _in_database(layout.mongodb, f"{layout.database_prefix}provider"),
            "PROVIDER_WEBHOOK_URL": f"{layout.gateway}/v1/webhooks/provider",
        }
    command = (sys.executable, "-m", f"services.{service}.main")
    return Program(f"{service}-worker", "workers", command, (port, "/readyz"), environment)


def _in_database(uri: str, name: str) -> str:
    """The URI with this database; who logs in does so where they did before."""
    scheme, _, rest = uri.partition("://")
    hosts, _, tail = rest.partition("/")
    before, _, options = tail.partition("?")
    if "@" in hosts and "authsource=" not in options.lower():
        options = "&".join(filter(None, (options, f"authSource={before or 'admin'}")))
    return f"{scheme}://{hosts}/{name}" + (f"?{options}" if options else "")


def _web(layout: Layout, service: str) -> Program:
    port = layout.ports[f"{service}-web"]
    environment = _service(layout, service) | {
        "BIND": f"127.0.0.1:{port}",
        "FORWARDED_ALLOW_IPS": "127.0.0.1",
        "JWKS_FILE": str(layout.data.keys.jwks),
    }
    gunicorn = (sys.executable, "-m", "gunicorn", "--config", "python:shared.process.gunicorn_config")
    command = (*gunicorn, f"services.{service}.main:web()")
    return Program(f"{service}-web", "webs", command, (port, "/readyz"), environment)


def _streams(layout: Layout) -> Program:
    """Notify's web process once more, for streams alone."""
    port, web = layout.ports[STREAMS], _web(layout, "notify")
    environment = {**web.environment, "BIND": f"127.0.0.1:{port}", "STREAMS": "500", "WEB_GRACEFUL_TIMEOUT": "2"}
    return Program(STREAMS, "webs", web.command, (port, "/readyz"), environment)


def _service(layout: Layout, service: str) -> dict[str, str]:
    environment = {
        "MONGODB_URI": layout.mongodb,
        "MONGODB_DATABASE": f"{layout.database_prefix}{service}",
        "PSEUDONYM_KEY_FILE": str(layout.data.keys.pseudonym),
        "PUBLIC_URL": layout.gateway,
    }
    if service == "notify":
        environment["WEBHOOK_NETWORKS"] = "127.0.0.1,::1"  # receivers of one's own, on this machine
    if service == "escrow":
        environment["PROVIDER_WEBHOOK_SECRET_FILE"] = str(layout.data.keys.webhook)
    return environment


def _gateway(layout: Layout) -> Program:
    environment = {f"{s.upper()}_WEB": f"127.0.0.1:{layout.ports[f'{s}-web']}" for s in SERVICES}
    environment |= {
        "NOTIFY_STREAMS": f"127.0.0.1:{layout.ports[STREAMS]}",
        "GATEWAY_BIND": "127.0.0.1",
        "GATEWAY_DEV": str(layout.data.page).replace('"', '\\"'),
        "PAGE_PEOPLE": "true",
        "PUBLIC_URL": layout.gateway,
        "GATEWAY_PORT": str(layout.ports["gateway"]),
        "GATEWAY_SITE": str(SITE).replace('"', '\\"'),
        # It stands between quotes in the Caddyfile.
        "GATEWAY_STORAGE": str(layout.data.folder / "gateway").replace('"', '\\"'),
        "HOME": str(layout.data.folder),
    }
    command = (_script("caddy"), "run", "--config", str(CADDYFILE), "--adapter", "caddyfile")
    return Program("gateway", "gateway", command, (layout.ports["gateway"], "/healthz"), environment)


def _script(name: str) -> str:
    path = Path(sysconfig.get_path("scripts")) / name
    if not path.exists():
        raise FileNotFoundError(f"{name} is not installed; `make install` does it")
    return str(path)
