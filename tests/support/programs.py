"""Which settings the program of a container reads, told from what it runs."""

import re
from collections.abc import Sequence
from typing import Any

from deploy import ROOT
from services.escrow.main import SERVICE as ESCROW
from services.listing.main import SERVICE as LISTING
from services.matching.main import SERVICE as MATCHING
from services.notify.main import SERVICE as NOTIFY
from shared.process.main import Service
from shared.settings import asked_for, given_in_common
from shared.settings.environment import Reader
from shared.settings.kafka import read_kafka
from shared.settings.named import NAMES

WHOLE: dict[str, Service[Any]] = {each.name: each for each in (LISTING, MATCHING, ESCROW, NOTIFY)}
"""Each service by its name."""

_READER = Reader({})
read_kafka(_READER)
_KAFKA = frozenset(_READER.asked)
_GATEWAY = frozenset(re.findall(r"\{\$([A-Z_]+)", (ROOT / "deploy" / "gateway" / "Caddyfile").read_text()))
_COMMANDS: dict[str, frozenset[str]] = {
    "golem": _KAFKA | {"MONGODB_URI"} | frozenset(given_in_common(dict.fromkeys(NAMES, ""))),
    "subscriber": frozenset(f"KAFKA_ADMIN_{name.removeprefix('KAFKA_')}" for name in _KAFKA),
    "gateway": _GATEWAY,
}
"""Of those whose image or whoever enters says what they run."""


def settings_read(name: str, command: Sequence[str] = ()) -> frozenset[str]:
    """The settings that the program of the container `name` needs; of another's program (Kafka's, Caddy's), none."""
    match [*command]:
        case ["gunicorn", *_, app]:
            service = WHOLE[app.split(".")[1]]
            return _needed(service.name, "web", *service.web_needs)
        case ["python", "-m", module] if module.startswith("services."):
            service = WHOLE[module.split(".")[1]]
            return _needed(service.name, "worker", *service.worker_needs)
        case ["python", "-m", module, "migrate"]:
            return _needed(module.split(".")[1])
        case ["python", "-m", "deploy.mongo.ready", *service_name]:
            return _needed(service_name[0] if service_name else "listing")
        case ["python", "-m", "deploy.kafka.setup" | "deploy.kafka.ready", *_]:
            return _KAFKA
        case ["python", "-m", "deploy.mongo.setup"]:
            return frozenset()
    return _COMMANDS.get(name, frozenset())


def _needed(service: str, *needs: Any) -> frozenset[str]:
    return frozenset(name for name, asked in asked_for(service, *needs).items() if asked.needed)
