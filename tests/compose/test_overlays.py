"""The files beside docker-compose.yml: named once in `.env`, and what one of them sets reaches all that read it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import ROOT
from tests.support.programs import settings_read

PARTS: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OVERLAYS = [file for file in sorted((ROOT / "deploy").glob("compose.*.yml")) if file.name != "compose.tests.yml"]
RUNBOOK = (ROOT / "docs" / "operations.md").read_text()
OF_ONE = {"STREAMS"}
"""What makes a container what it is among those that run the same program."""

BY_HAND = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted(file for file in (ROOT / "deploy").iterdir() if file.is_file()),
]


def overlay(name: str) -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / f"compose.{name}.yml").read_text())["services"]
    return services


def readers() -> dict[str, frozenset[str]]:
    """{container: the settings that its program reads}"""
    return {
        name: settings_read(name, part["entrypoint"] if name.endswith("-setup") else part.get("command", ()))
        for name, part in PARTS.items()
    }


def test_every_container_of_ours_is_known_to_read_something() -> None:
    """Else the tests below would look past one: `database-setup` alone is told all it needs by its secrets."""
    ours = {name for name, part in PARTS.items() if part["image"].startswith("${GOLEM_IMAGES")}

    assert {name for name, read in readers().items() if read} == ours - {"database-setup"}
    assert "ARCHIVE_AFTER" in readers()["matching-worker"] and "LICENCES" in readers()["listing-web"]


def test_what_env_may_set_reaches_everybody_who_reads_it() -> None:
    """One that was left out would go by the default, and refuse to work beside the others or work otherwise."""
    given = {name: part.get("environment") or {} for name, part in PARTS.items()}
    settable = {v for each in given.values() for v, text in each.items() if re.search(r"\$\{[A-Z_]+:", text)}
    wrong = {}
    for variable in settable - OF_ONE:
        texts = {name: given[name].get(variable) for name, read in readers().items() if variable in read}
        if None in texts.values() or len({*texts.values()}) > 1:
            wrong[variable] = texts

    assert wrong == {}


@pytest.mark.parametrize("file", OVERLAYS, ids=lambda file: file.name)
def test_what_an_overlay_sets_reaches_everybody_who_reads_it(file: Path) -> None:
    """A page or a sitemap made by the one who was left out would name another address than the mails."""
    set_of = {name: {*(part.get("environment") or {})} for name, part in overlay(file.name.split(".")[1]).items()}
    for variable in {each for given in set_of.values() for each in given}:
        readers_of = {name for name, asked in readers().items() if variable in asked}
        assert {name for name in readers_of if variable not in set_of.get(name, ())} == set(), variable


@pytest.mark.parametrize("file", OVERLAYS, ids=lambda file: file.name)
def test_a_part_that_an_overlay_adds_is_confined_as_the_others_are(file: Path) -> None:
    """Read-only, without rights, with limits; and its log has an end."""
    like = {"read_only", "cap_drop", "security_opt", "logging", "user", "pids_limit", "mem_limit", "cpus"}
    for name, part in overlay(file.name.split(".")[1]).items():
        assert "image" not in part or like <= set(part), name
        assert part.get("logging", PARTS["kafka"]["logging"]) == PARTS["kafka"]["logging"]


def test_mails_go_out_by_the_overlay_alone() -> None:
    """It names all that a mail server asks for, takes the container for trying out away, and holds no password."""
    parts = overlay("mail")
    given = parts["notify-worker"]["environment"]

    assert parts["mailpit"] == {"scale": 0}
    assert {"SMTP_HOST", "SMTP_PORT", "SMTP_FROM", "SMTP_TLS", "SMTP_USERNAME", "SMTP_PASSWORD_FILE"} == set(given)
    assert given["SMTP_PASSWORD_FILE"] == "/run/secrets/smtp_password"
    assert "webhooks" in PARTS["notify-worker"]["networks"]  # a way out


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
    for needed in {*re.findall(r"\$\{([A-Z_]+):\?", text)} - {"GOLEM_SECRETS"}:  # every deployment has that one
        assert f"#   {needed}=" in head and f"`{needed}`" in row
