"""Each alert has a runbook entry and a test case, and looks at metrics that the project has."""

import re
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from deploy import ROOT
from shared.telemetry import metrics

FOLDER = ROOT / "deploy" / "observability"
RULES: list[Any] = [
    rule
    for name in ("alerts", "levels", "servers")
    for group in yaml.safe_load((FOLDER / f"{name}.yml").read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = [rule for rule in RULES if "alert" in rule]
ROUTING: Any = yaml.safe_load((FOLDER / "alertmanager.yml").read_text())
HEADINGS = re.findall(r"^#+ (\w+)$", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
CASES = "".join((FOLDER / f"{name}.test.yml").read_text() for name in ("alerts", "levels", "servers"))
DASHBOARD = (FOLDER / "grafana" / "golem.json").read_text()


def metric_names() -> set[str]:
    declared = [each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)]
    return {family.name for metric in declared for family in metric.describe()}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert['alert']}-{alert['labels']['severity']}")
def test_an_alert_says_what_to_do(alert: Any) -> None:
    name = alert["alert"]

    assert name in HEADINGS
    assert alert["annotations"]["runbook"] == f"docs/operations.md#{name.lower()}"
    assert f"# {name}" in CASES and alert["labels"]["severity"] in ("page", "ticket")


def test_no_runbook_entry_without_its_alert() -> None:
    assert {heading for heading in HEADINGS if heading.startswith("Golem")} == {alert["alert"] for alert in ALERTS}


def test_alerts_and_dashboard_ask_for_metrics_that_exist() -> None:
    asked = set(re.findall(r"golem_[a-z_]+", "".join(rule["expr"] for rule in RULES) + DASHBOARD))
    plain = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in asked}

    assert plain <= {*metric_names(), "golem_journal"}  # of golem_journal_sum, a gauge


def test_levels_and_servers_of_the_description_are_recorded() -> None:
    """An alert on a share asks for one that a rule above it records."""
    recorded = {rule["record"] for rule in RULES if "record" in rule}
    asked = set(re.findall(r"golem:[a-z_:0-9]+", "".join(alert["expr"] for alert in ALERTS)))

    assert asked <= recorded and recorded


def test_what_is_inhibited_is_an_alert_and_so_is_its_cause() -> None:
    """A name that no rule has would inhibit nothing, in silence."""
    names = {alert["alert"] for alert in ALERTS}
    for rule in ROUTING["inhibit_rules"]:
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            label, _, value = re.split(r"(=~|=)", matcher.replace(" ", ""))
            if label == "alertname":
                assert set(value.strip('"').split("|")) <= names, matcher


def test_every_severity_has_a_receiver() -> None:
    """And every receiver that is routed to is there."""
    routes = ROUTING["route"]["routes"]

    assert {matcher for route in routes for matcher in route["matchers"]} == {
        f'severity="{severity}"' for severity in {alert["labels"]["severity"] for alert in ALERTS}
    }
    receivers = {receiver["name"] for receiver in ROUTING["receivers"]}
    assert {ROUTING["route"]["receiver"], *(route["receiver"] for route in routes)} == receivers
