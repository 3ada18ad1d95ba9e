"""Each alert has a runbook entry and a test case, and looks at metrics that the project has."""

import re
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from deploy import ROOT
from shared.telemetry import metrics

FOLDER = ROOT / "deploy" / "observability"
ALERTS: list[Any] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
HEADINGS = re.findall(r"^#+ (\w+)$", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
CASES = (FOLDER / "alerts.test.yml").read_text()
DASHBOARD = (FOLDER / "grafana" / "golem.json").read_text()


def metric_names() -> set[str]:
    declared = [each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)]
    return {family.name for metric in declared for family in metric.describe()}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_what_to_do(alert: Any) -> None:
    name = alert["alert"]

    assert name in HEADINGS
    assert alert["annotations"]["runbook"] == f"docs/operations.md#{name.lower()}"
    assert f"# {name}" in CASES and alert["labels"]["severity"] in ("page", "ticket")


def test_no_runbook_entry_without_its_alert() -> None:
    assert {heading for heading in HEADINGS if heading.startswith("Golem")} == {alert["alert"] for alert in ALERTS}


def test_alerts_and_dashboard_ask_for_metrics_that_exist() -> None:
    asked = set(re.findall(r"golem_[a-z_]+", "".join(alert["expr"] for alert in ALERTS) + DASHBOARD))
    plain = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in asked}

    assert plain <= {*metric_names(), "golem_journal"}  # of golem_journal_sum, a gauge
