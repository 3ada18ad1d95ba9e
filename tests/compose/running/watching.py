"""A real Prometheus beside the running system, with the shipped alerts and shorter times."""

import os
import re
import time
from typing import Any

import httpx
import yaml

from tests.compose.running.conftest import ROOT

RULES = (ROOT / "deploy" / "observability" / "alerts.yml").read_text()
ALERTS = {rule["alert"] for group in yaml.safe_load(RULES)["groups"] for rule in group["rules"]}
_FIRES_WITHIN, _ENDS_WITHIN = 200.0, 240.0
_SHORT = {"for": "5s", "30m": "20s", "10m": "2m", "5m": "40s", "1m": "20s"}
_KEYS_S = 1800
"""Seconds without keys: a threshold that is a time."""
Json = dict[str, Any]


def shortened(rules: str) -> str:
    """The alerts with short windows, and soon firing."""
    groups = yaml.safe_load(rules)
    for group in groups["groups"]:
        for rule in group["rules"]:
            rule["expr"] = re.sub(r"(?<=[\[ ])(30m|10m|5m|1m)\b", lambda found: _SHORT[found[1]], rule["expr"])
            rule["expr"] = rule["expr"].replace(f"> {_KEYS_S}", "> 60")
            if "for" in rule:
                rule["for"] = _SHORT["for"]
    return yaml.safe_dump(groups, sort_keys=False, width=1000)


class Prometheus:
    """The one beside the system, with shortened rules."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{os.environ.get('PROMETHEUS_PORT') or 9090}", timeout=10)

    def close(self) -> None:
        self._http.close()

    def firing(self) -> set[str]:
        found = self._http.get("/api/v1/alerts").raise_for_status().json()["data"]["alerts"]
        return {each["labels"]["alertname"] for each in found if each["state"] == "firing"} & ALERTS

    def sees(self, *names: str) -> None:
        """Wait until each has fired, at whatever time meanwhile."""
        seen, deadline = set[str](), time.monotonic() + _FIRES_WITHIN
        while not {*names} <= seen:
            assert time.monotonic() < deadline, f"did not fire: {sorted({*names} - seen)}; did: {sorted(seen)}"
            seen |= self.firing()
            time.sleep(1)
        self.seen.extend(names)

    def counts(self, expression: str) -> None:
        """Wait until a scrape has made this true."""
        deadline = time.monotonic() + _ENDS_WITHIN
        while not self._result(expression):
            assert time.monotonic() < deadline, f"not seen: {expression}"
            time.sleep(1)

    def _result(self, expression: str) -> list[Json]:
        found = self._http.get("/api/v1/query", params={"query": expression}).raise_for_status().json()
        result: list[Json] = found["data"]["result"]
        return result

    def is_quiet(self) -> None:
        """Wait until none fires."""
        deadline = time.monotonic() + _ENDS_WITHIN
        while firing := self.firing():
            assert time.monotonic() < deadline, f"did not end: {sorted(firing)}"
            time.sleep(1)
