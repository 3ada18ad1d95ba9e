"""Escrow's worker and its provider must agree on how long money may be held."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.escrow.main import too_long
from shared.settings import Terms
from tests.support.clock import ManualClock
from tests.support.sandbox import MemoryStore, Sandbox
from tests.support.web import settings


@pytest.mark.parametrize(
    ("days", "fault"),
    [(810, None), (90, None), (811, "MAX_HOLD: the provider holds money for 810 days at most, not 811")],
)
def test_max_hold(tmp_path: Path, days: int, fault: str | None) -> None:
    """More than the provider allows is a fault that names the setting; the worker does not start with it."""
    provider = Sandbox(MemoryStore(), ManualClock(), lambda body, signature: 204, "a secret of some length")
    known = replace(settings("escrow", tmp_path), terms=Terms(max_hold=timedelta(days=days)))

    assert too_long(known, provider) == fault
