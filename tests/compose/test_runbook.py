"""What docs/operations.md lists of containers, secrets and variables, held against docker-compose.yml."""

import re
from typing import Any

import pytest
import yaml

from deploy import ROOT, SERVICES

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
PARTS: dict[str, Any] = COMPOSE["services"]
RUNBOOK = (ROOT / "docs" / "operations.md").read_text()
WEBS = [name for name, part in PARTS.items() if part.get("command", [""])[0] == "gunicorn"]
WORKERS = [name for name, part in PARTS.items() if part.get("command", [])[-1:] == [f"services.{name[:-7]}.main"]]
NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def section(title: str) -> str:
    return re.split(r"^## ", RUNBOOK.split(f"\n## {title}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


def named(text: str) -> set[str]:
    """What stands between backticks, with each service in the place of `<service>`."""
    found = {word for quoted in re.findall(r"`([^`]+)`", text) for word in quoted.split()}
    return {word.replace("<service>", service) for word in found for service in SERVICES}


def test_every_container_is_in_the_table_of_parts() -> None:
    assert set(PARTS) - named(section("Start and stop")) == set()


def test_webs_and_workers_are_named_one_by_one() -> None:
    (said,) = re.findall(r"^The web containers are .*$", RUNBOOK, re.MULTILINE)
    webs, workers = said.split("; the workers are ")

    assert named(webs) == set(WEBS) and named(workers) == set(WORKERS)
    assert set(re.findall(r"(\w+) web containers", RUNBOOK)) - {"The", "all"} == {NUMBERS[len(WEBS)]}


@pytest.mark.parametrize("name", [name for name in WEBS if not name.endswith("-web")])
def test_a_web_of_another_name_is_named_where_webs_are_replaced(name: str) -> None:
    steps = [line for line in section("Upgrade").splitlines() if re.match(r"[0-9]\. Webs", line)]

    assert len(steps) == 2 and all(f"`{name}`" in line for line in steps)


def test_a_changed_secret_is_for_all_that_have_it() -> None:
    """Each has a row that names the containers that run with it. Jobs and tools are new each time."""
    rows = {
        secret: row.split("|")[2]
        for row in section("Secrets").splitlines()
        if row.startswith("| `")
        for secret in named(row.split("|")[1])
    }
    apart = {"pseudonym_key": "never", "mongodb_root_password": "not by these steps", "jwks": ""}
    for secret in COMPOSE["secrets"]:
        holders = {n for n, part in PARTS.items() if secret in part.get("secrets", ()) and part["restart"] != "no"}
        if secret in apart:
            assert apart[secret] in rows.get(secret, "")
        else:
            service = next((each for each in SERVICES if f"_{each}_" in secret), "")
            assert {n for n in holders if f"`{n}`" not in rows[secret].replace("<service>", service)} == set(), secret


def test_the_old_root_password_is_kept_until_the_database_has_the_new_one() -> None:
    """Put aside, never deleted before; the job that changes it is the one that is given the new one."""
    steps = section("Secrets").split("### The database's root password\n")[1]
    old = "deploy/.secrets/mongodb_root_password.old"
    commands = [command for line in steps.splitlines() for command in re.findall(r"^[0-9]\. `([^`]+)`", line)]

    assert commands == [
        f"mv {old.removesuffix('.old')} {old}",
        "make secrets",
        f"docker compose run --rm -T --no-deps database-setup root < {old}",
        "docker compose run --rm --no-deps database-setup",
        "docker compose up --wait --force-recreate --no-deps mongo",
        f"rm {old}",
    ]
    assert PARTS["database-setup"]["entrypoint"] == ["python", "-m", "deploy.mongo.setup"]


def test_each_number_of_replicas_is_a_setting() -> None:
    variables = set(re.findall(r"\$\{([A-Z_]+_REPLICAS)", (ROOT / "docker-compose.yml").read_text()))
    said = named(section("Settings"))
    services = {each.replace("<SERVICE>", service.upper()) for each in said for service in SERVICES}

    assert variables - services == set()


def test_a_new_key_of_webhooks_is_for_all_that_are_told_its_number() -> None:
    (line,) = [each for each in section("Webhooks").splitlines() if "WEBHOOK_KEY_NUMBER" in each]
    told = {name for name, part in PARTS.items() if "WEBHOOK_KEY_NUMBER" in part.get("environment", {})}

    assert told - named(line) == set()


def test_a_replay_comes_before_anything_but_the_database_is_started() -> None:
    for title in ("The broker has lost its data", "The machine lost power"):
        steps = re.split(r"^##", RUNBOOK.split(f"### {title}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
        commands = re.findall(r"^[0-9]\. `docker compose ([^`]+)`", steps, re.MULTILINE)
        before = commands[: [command.split(" --since")[0] for command in commands].index("run --rm golem replay")]

        assert [command for command in before if command.startswith("up")] == ["up --wait mongo"]
        assert "up --wait" in commands
