"""The files beside docker-compose.yml: named once in `.env`, and what one of them sets reaches all that read it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import ROOT
from services.escrow.main import SERVICE as ESCROW
from services.listing.main import SERVICE as LISTING
from services.matching.main import SERVICE as MATCHING
from services.notify.main import SERVICE as NOTIFY
from shared.settings import asked_for

PARTS: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OVERLAYS = [file for file in sorted((ROOT / "deploy").glob("compose.*.yml")) if file.name != "compose.tests.yml"]
RUNBOOK = (ROOT / "docs" / "operations.md").read_text()
BY_HAND = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted(file for file in (ROOT / "deploy").iterdir() if file.is_file()),
]


def overlay(name: str) -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / f"compose.{name}.yml").read_text())["services"]
    return services


def readers() -> dict[str, set[str]]:
    """{container: the settings that its process asks for}"""
    found = {}
    for service in (LISTING, MATCHING, ESCROW, NOTIFY):
        web, worker = ("web", *service.web_needs), ("worker", *service.worker_needs)
        for kind, asked in (("web", asked_for(service.name, *web)), ("worker", asked_for(service.name, *worker))):
            found[f"{service.name}-{kind}"] = {name for name, each in asked.items() if each.needed}
    found["notify-streams"] = found["notify-web"]
    found["gateway"] = {*re.findall(r"\{\$([A-Z_]+)", (ROOT / "deploy" / "gateway" / "Caddyfile").read_text())}
    return found


@pytest.mark.parametrize("file", OVERLAYS, ids=lambda file: file.name)
def test_what_an_overlay_sets_reaches_everybody_who_reads_it(file: Path) -> None:
    """A page or a sitemap made by the one who was left out would name another address than the mails."""
    set_of = {name: {*(part.get("environment") or {})} for name, part in overlay(file.name.split(".")[1]).items()}
    for variable in {each for given in set_of.values() for each in given}:
        readers_of = {name for name, asked in readers().items() if variable in asked}
        assert {name for name in readers_of if variable not in set_of.get(name, ())} == set(), variable


def test_the_address_of_links_is_that_of_tls_in_all_of_them() -> None:
    told = {name: part["environment"].get("PUBLIC_URL") for name, part in PARTS.items() if "environment" in part}
    by_tls = {name: part.get("environment", {}).get("PUBLIC_URL") for name, part in overlay("tls").items()}

    assert {name for name, url in told.items() if url} == {name for name, url in by_tls.items() if url}
    assert {url for url in by_tls.values() if url} == {"${PUBLIC_URL:-https://${GOLEM_HOST}}"}


@pytest.mark.parametrize("file", BY_HAND, ids=lambda file: file.name)
def test_no_command_names_compose_files(file: Path) -> None:
    """The next command would be typed without them, and start the deployment without TLS or by the development key."""
    assert re.findall(r"docker compose (?:-f|--file|--profile)\b.*", file.read_text(errors="replace")) == []


@pytest.mark.parametrize("file", OVERLAYS, ids=lambda file: file.name)
def test_an_overlay_says_what_stands_in_env_once(file: Path) -> None:
    """At its head, and in the runbook's table: its own name, and each variable without which it does not start."""
    text = file.read_text()
    head = text[: text.index("services:")]
    (row,) = re.findall(rf"^\| `deploy/{re.escape(file.name)}` .*$", RUNBOOK, re.MULTILINE)

    assert f"COMPOSE_FILE=docker-compose.yml:deploy/{file.name}" in head
    for needed in re.findall(r"\$\{([A-Z_]+):\?", text):
        assert f"#   {needed}=" in head and f"`{needed}`" in row
