"""Prometheus beside the system: it finds every process, and each panel of the dashboard shows something."""

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from deploy import SERVICES
from tests.compose.running.conftest import ROOT, compose, run

FOLDER = ROOT / "deploy" / "observability"
DASHBOARD = json.loads((FOLDER / "grafana" / "golem.json").read_text())
EXPRESSIONS = [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]]
RULES = ("alerts", "levels", "servers")
PROCESSES = {"notify-streams", *(f"{service}-{kind}" for service in SERVICES for kind in ("web", "worker"))}


@pytest.fixture(scope="module")
def prometheus() -> Iterator[httpx.Client]:
    """Started beside the running system; it has seen a demo and has rates of it."""
    compose("--profile", "observability", "up", "--detach", "--no-deps", "--wait", "prometheus", seconds=120)
    with httpx.Client(base_url=f"http://127.0.0.1:{os.environ.get('PROMETHEUS_PORT') or 9090}", timeout=10) as client:
        for _ in range(3):
            url = f"http://127.0.0.1:{os.environ.get('GATEWAY_PORT') or 8080}"
            run("golem", "demo", "--gateway", url, "--data", os.environ.get("GOLEM_SECRETS") or "deploy/.secrets")
            time.sleep(6)  # two scrapes see two values
        yield client


def query(prometheus: httpx.Client, expression: str) -> list[Any]:
    answer = prometheus.get("/api/v1/query", params={"query": expression}).json()
    assert answer["status"] == "success", answer
    found: list[Any] = answer["data"]["result"]
    return found


def test_every_process_is_found_and_answers(prometheus: httpx.Client) -> None:
    assert {row["metric"]["job"] for row in query(prometheus, "up == 1")} == PROCESSES


@pytest.mark.parametrize(("panel", "expression"), EXPRESSIONS)
def test_a_panel_has_data(prometheus: httpx.Client, panel: str, expression: str) -> None:
    """Tried again for a while: some gauges are set every few seconds only."""
    for _ in range(10):
        values = [row["value"][1] for row in query(prometheus, expression)]
        if values and "NaN" not in values:
            return
        time.sleep(3)

    pytest.fail(f"{panel}: {expression} has nothing to show: {values}")


def test_the_alerts_are_loaded_and_none_fires(prometheus: httpx.Client) -> None:
    groups = prometheus.get("/api/v1/rules").json()["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]

    assert [rule["name"] for rule in rules if rule["health"] == "err"] == []
    assert {rule["name"] for rule in rules} == declared()
    assert [rule["name"] for rule in rules if rule.get("state") == "firing"] == []


@pytest.mark.parametrize("file", RULES)
def test_the_alerts_fire_when_they_should(file: str) -> None:
    """promtool's own tests: each alert quiet, then firing."""
    assert "SUCCESS" in promtool("test", "rules", f"/rules/{file}.test.yml")


def test_the_rules_are_in_order() -> None:
    """promtool check rules: no duplicate, no expression that does not parse."""
    assert "FAILED" not in promtool("check", "rules", *(f"/rules/{file}.yml" for file in RULES))


def promtool(*arguments: str) -> str:
    mount = f"{FOLDER}:/rules:ro"
    command = ("docker", "run", "--rm", "--network", "none", "--volume", mount, "--entrypoint", "/bin/promtool")
    return run(*command, "prom/prometheus:v3.5.3", *arguments)


def declared() -> set[str]:
    """The names of all rules in the files: alerts, and what is recorded for them."""
    groups = [group for file in RULES for group in yaml.safe_load((FOLDER / f"{file}.yml").read_text())["groups"]]
    return {rule.get("alert") or rule["record"] for group in groups for rule in group["rules"]}
