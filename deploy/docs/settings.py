"""docs/settings.md: every setting, from the table of names and from what the readers ask for."""

import importlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from deploy import SERVICES
from deploy.embedded.programs import REMOVED, SET, SET_FOR_ALL, UNBRAKED
from shared.process.main import Service
from shared.settings import Asked, asked_for
from shared.settings.in_words import in_words
from shared.settings.named import SECRETS, SECTIONS, Named

_HEAD = """\
# Settings

Generated from the code by `python -m deploy.docs`; a test fails when this page is stale. A setting is a variable of the
environment, read once when a process starts; whatever is wrong with it is named, and the process ends with 78. A blank
value counts as not given. A secret may come as `NAME_FILE` instead, the path of a file that holds it. Secrets are
{secrets}.

A name that is nearly one of these and is none stops the start as well ("did you mean"). Times are in seconds. "Read by"
names the processes that need it: others ignore it.
"""

_UP = """\
## The environment of `golem up`

`golem up` passes its own environment on to all its processes, so `SILENCE=60 golem up` is a stack with another silence.

- It removes {removed}, and every `KAFKA_…` and
  `MONGODB_…`: what would lead its processes to other servers, or to another time.
- It sets for all of them {set_for_all}.
- Where you have not set them it sets {unbraked}.
- It sets for those that need it {set}. What it sets wins over what you have set.
- `GOLEM_DATA` is the data folder of every `golem` command where `--data` is not given; without both it is `.golem`.
- With `--days-in` it sets `STACK_CLOCK`, and lengthens `WEBHOOK_TOLERANCE` and `CODE_EXPIRY` so that both last as
  long as ever by your own watch, unless you have set them.
"""

_OTHERS = (
    (
        "`GOLEM_DATA`",
        "`golem`",
        "the data folder",
    ),
    (
        "`TOKEN_ISSUER`, `TOKEN_AUDIENCE`",
        "`golem token`",
        "what its tokens say",
    ),
    (
        "the terms, `RULES_FILE`, `CLOCK_TOLERANCE`, `PROVIDER`",
        "`golem verify`",
        "what the system is held against, and whose books are compared: the same as in all its processes. Those of "
        "`golem up` it finds by itself",
    ),
    (
        "`KAFKA_…` but `KAFKA_GROUP_INSTANCE_ID`, `MONGODB_URI`",
        "`golem`",
        "the system to work on, where no data folder is named",
    ),
    (
        "`SUBSCRIBERS`",
        "`golem subscriber`",
        "the address that a new subscriber is told",
    ),
    (
        "`KAFKA_ADMIN_…`",
        "`golem subscriber`",
        "like `KAFKA_…`, of a user who may manage others",
    ),
    (
        "`KAFKA_PARTITIONS`, `KAFKA_REPLICATION`",
        "`python -m deploy.kafka.topics`, `deploy.kafka.setup`",
        "how new topics are laid out",
    ),
    (
        "`KAFKA_CLIENTS`, `KAFKA_CLIENTS_PROTOCOL`",
        "`python -m deploy.kafka.setup`",
        "where and how the users come in that it makes; without the first it makes none",
    ),
    (
        "`SECRETS`, `MONGODB_ROOT_USERNAME`",
        "`python -m deploy.kafka.setup`, `deploy.mongo.setup`",
        "the folder of mounted secrets; the database's first user",
    ),
    (
        "`PROMETHEUS_MULTIPROC_DIR`",
        "web processes",
        "where several gunicorn workers add up their metrics; made by itself where `WEB_WORKERS` > 1",
    ),
    (
        "`GATEWAY_BIND`, `GATEWAY_PORT`, `GATEWAY_PATIENCE`, `GATEWAY_STORAGE`, `GATEWAY_SITE`",
        "the gateway",
        "where it listens, how long it tries a service, where its state is, and what it serves itself",
    ),
    (
        "`GATEWAY_PROXIES`",
        "the gateway",
        "networks, blank between, of a proxy that stands before it: from there alone it believes X-Forwarded-For",
    ),
    (
        "`PAGE_ISSUER`, `PAGE_CLIENT_ID`, `PAGE_SCOPE`, `PAGE_AUDIENCE`, `PAGE_TOKEN`",
        "the gateway",
        "how people sign in on the page: an OpenID provider that knows it as a public client with PKCE, and sends back "
        "to `/signed-in`; scope, audience, and which of its tokens the services take (`access_token` or `id_token`)",
    ),
    (
        "`PAGE_CONNECT`",
        "the gateway",
        "origins (`https://host`, blank between) that the page may ask beside that of `PAGE_ISSUER`: where the "
        "provider's token endpoint is elsewhere",
    ),
    (
        "`PAGE_PEOPLE`, `GATEWAY_DEV`",
        "the gateway",
        "`golem up` alone: that the page offers to be one of its people, and the folder with their tokens",
    ),
    (
        "`LISTING_WEB`, `MATCHING_WEB`, `ESCROW_WEB`, `NOTIFY_WEB`, `NOTIFY_STREAMS`",
        "the gateway",
        "`host:port` of each service",
    ),
    (
        "`GOLEM_HOST`, `GOLEM_TLS_ISSUER`",
        "the gateway with TLS",
        "its name, and who signs its certificate",
    ),
)
"""(names, who reads them, what they are)"""


def page() -> str:
    asked = _asked()
    parts = [_HEAD.format(secrets=_list(SECRETS))]
    for section, all_named in SECTIONS.items():
        rows = "\n".join(_row(named, asked[named.name]) for named in all_named)
        head = "| name | unit | default | read by | what it does | what a change does |\n|---|---|---|---|---|---|"
        parts.append(f"## {section}\n\n{head}\n{rows}\n")
    set_for_all = ", ".join(f"`{name}`" for name in SET_FOR_ALL)
    unbraked = ", ".join(f"`{name}={value}`" for name, value in UNBRAKED.items())
    parts.append(_UP.format(unbraked=unbraked, removed=_list(REMOVED), set_for_all=set_for_all, set=_list(SET)))
    others = "\n".join(f"| {' | '.join(row)} |" for row in _OTHERS)
    return "\n".join([*parts, f"## Other names\n\n| name | read by | what it is |\n|---|---|---|\n{others}\n"])


def _asked() -> dict[str, tuple[Asked, list[str]]]:
    """{name: what is asked for, and the processes that need it, in words}."""
    found: dict[str, tuple[Asked, list[str]]] = {}
    for name in SERVICES:
        service: Service[Any] = importlib.import_module(f"services.{name}.main").SERVICE
        for kind, needs in (("web", service.web_needs), ("worker", service.worker_needs)):
            for setting, asked in asked_for(name, *(("web",) if kind == "web" else ("worker",)), *needs).items():
                _, readers = found.setdefault(setting, (asked, []))
                if asked.needed:
                    readers.append(f"{name} {kind}")
    return found


def _row(named: Named, asked: tuple[Asked, list[str]]) -> str:
    what, readers = asked
    cells = (f"`{named.name}`", named.unit, _default(named, what), _readers(readers), named.does, named.change)
    return f"| {' | '.join(cells)} |"


def _default(named: Named, asked: Asked) -> str:
    match asked.default:
        case None:
            return "none" if asked.optional else "must be given"
        case timedelta() as span:
            return f"{span.total_seconds():.0f} ({in_words(span)})"
        case ():
            return "none"
        case tuple(several):
            return f"`{','.join(map(str, several))}`"
        case str(text) if named.name == "MONGODB_DATABASE":
            return "the service's name" if text in SERVICES else text
        case _ if named.name == "WORKER_SLOT":
            return "the host's name"
    return f"`{asked.default}`"


def _readers(readers: list[str]) -> str:
    webs, workers = ([f"{name} {kind}" for name in SERVICES] for kind in ("web", "worker"))
    words = {"all": {*webs, *workers}, "webs": {*webs}, "workers": {*workers}}
    return next((word for word, those in words.items() if those == {*readers}), ", ".join(readers))


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
