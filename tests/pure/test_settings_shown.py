"""What a process says of its settings when it starts: all that it was given, and no secret."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.escrow.main import SERVICE as ESCROW
from services.listing.main import SERVICE as LISTING
from services.matching.main import SERVICE as MATCHING
from services.notify.main import SERVICE as NOTIFY
from shared.settings import Need, asked_for
from shared.settings.shown import shown

CANARY = "canary7f3a"
SERVICES = (LISTING, MATCHING, ESCROW, NOTIFY)
PROCESSES: list[tuple[str, Sequence[Need]]] = [
    *((each.name, ("web", *each.web_needs)) for each in SERVICES),
    *((each.name, ("worker", *each.worker_needs)) for each in SERVICES),
]


@pytest.mark.parametrize(("service", "needs"), PROCESSES, ids=lambda value: str(value))
def test_every_secret_that_a_process_reads_is_there_and_not_shown(service: str, needs: Sequence[Need]) -> None:
    asked = {name: asked for name, asked in asked_for(service, *needs).items() if asked.needed}
    secrets = [name for name in asked if asked[name].secret]
    said = shown(service, *needs, environ={name: f"{CANARY}-{name}" for name in asked})

    assert {"MONGODB_URI", "PSEUDONYM_KEY"} <= set(secrets)
    assert sorted(re.findall(r"([A-Z_]+)=\(secret\)", said)) == sorted(secrets)
    assert sorted(re.findall(rf"([A-Z_]+)={CANARY}-\1", said)) == sorted(set(asked) - set(secrets))


def test_of_a_secret_in_a_file_the_path_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(CANARY)
    said = shown("listing", "worker", environ={"PSEUDONYM_KEY_FILE": str(file), "KAFKA_SASL_PASSWORD": CANARY})

    assert said == f"KAFKA_SASL_PASSWORD=(secret) PSEUDONYM_KEY_FILE={file}"


def test_what_is_not_given_or_not_read_by_the_process_is_not_shown() -> None:
    environ = {"LOG_LEVEL": "DEBUG", "WEB_THREADS": "3", "KAFKA_SASL_USERNAME": "  ", "PATH": "/bin"}

    assert shown("listing", "worker", environ=environ) == "LOG_LEVEL=DEBUG"
    assert shown("listing", "web", environ=environ) == "LOG_LEVEL=DEBUG WEB_THREADS=3"
