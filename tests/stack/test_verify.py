"""`golem verify` on the running system: it holds after hires, and while they go on."""

import json
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from deploy.system.connect import find
from deploy.verify.read import slices
from deploy.verify.spill import Spill
from tests.stack.test_trouble import golem
from tests.support.hires import Hires

WITH_ALL_BEFORE_IT = 600
"""Seconds: it goes through what all tests of this stack have left, on a machine that does other work as well."""


def test_verify_holds_after_hires(stack: Stack, hires: Hires, tmp_path: Path) -> None:
    """Drained, nothing is left out: paid ones, one given back, one declined, one for nothing, and all before them."""
    played = [hires.one(), hires.one(price=0), hires.active(), hires.active(source="tok_late")]
    back, declined = hires.active(), hires.accepted()
    back.seeker.post(f"/v1/offers/{back.offer_id}/cancel", {})
    back.seeker.wait_for(f"/v1/escrows/{back.offer_id}", "refunded")
    hires.fund(declined, "tok_declined")
    told = tmp_path / "told"
    told.write_text("".join(f"listing {hire.listing_id}\nmatching {hire.offer_id}\n" for hire in played))

    report = verify(stack, "--wait", "30", "--acknowledged", str(told))

    assert report["drained"] is True
    assert report["settling_seconds"] == 0
    assert all(each["checked"] > 0 for each in report["invariants"])


def test_verify_holds_while_hires_go_on(stack: Stack, hires: Hires) -> None:
    """What is in flight is left out, and counted."""
    enough = threading.Event()

    def play() -> None:
        while not enough.is_set():
            hires.one()
            enough.wait(0.5)  # so verifying, on the same machine, keeps up with what comes

    players = [threading.Thread(target=play, daemon=True) for _ in range(3)]
    for player in players:
        player.start()
    try:
        report = verify(stack)
    finally:
        enough.set()
        for player in players:
            player.join(60)

    assert sum(each["in_flight"] for each in report["invariants"]) > 0


def test_what_a_client_was_told_of_must_be_there(stack: Stack, tmp_path: Path) -> None:
    """An id that no database knows: exit code 1, and a line that names it."""
    told = tmp_path / "told"
    told.write_text("escrow gone-without-a-trace\n")

    said = golem(stack, "verify", "--acknowledged", str(told), timeout=WITH_ALL_BEFORE_IT)

    assert said.returncode == 1, said.stdout + said.stderr
    assert "escrow gone-without-a-trace: it was acknowledged to a client, and is not there" in said.stdout


def test_a_stack_is_held_against_its_own_settings(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that it was started with, whatever whoever looks at it has set."""
    monkeypatch.setenv("CHARGEBACK_WINDOW", "77")

    settings = find(stack.data.folder).settings

    assert settings["CHARGEBACK_WINDOW"] != "77"
    assert {"PSEUDONYM_KEY", "MONGODB_URI", "LICENCES"}.isdisjoint(settings)


def test_what_is_read_is_held_against_the_systems_settings(stack: Stack, tmp_path: Path) -> None:
    """Its terms, its rules, and how far its clocks may be apart."""
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps({"price_cap": {"says": "ours", "checked": "2026-11-28", "exposure": {"CAD": 7}}}))
    given = {"EXPOSURE_CAP": "5", "RULES_FILE": str(rules), "CLOCK_TOLERANCE": "300"}
    system, spill = replace(find(stack.data.folder), settings=given), Spill()
    try:
        with slices(system, spill, timedelta()) as reading:
            seen, _ = reading.read(reading.first())
    finally:
        spill.close()

    caps = seen.places.exposure_caps(seen.terms.exposure_cap)
    assert (caps["EUR"], caps["CAD"], seen.clocks_apart) == (5, 7, timedelta(minutes=5))


def verify(stack: Stack, *words: str) -> dict[str, Any]:
    """What it reports; that it holds is asserted."""
    said = golem(stack, "verify", "--json", *words, timeout=WITH_ALL_BEFORE_IT)
    assert said.stdout, said.stderr
    report: dict[str, Any] = json.loads(said.stdout)
    wrong = [(each["id"], v) for each in report["invariants"] for v in each["violations"]]
    assert (said.returncode, wrong) == (0, []), said.stderr
    return report
