"""What each service does in the background, as its `main.work` composes it: nothing of it is left out."""

from threading import Event as Flag
from typing import Any

import pytest

from services.escrow.main import Outside, work
from services.escrow.provider import MemoryStore, Sandbox
from shared.aggregate import Store
from shared.aggregate.erasure import KIND as ERASED
from shared.clock import ManualClock
from shared.events import EVENT_NAMES
from tests.simulator.services import NAMES, SETTINGS, work_of
from tests.support.memory import MemoryCollection


def in_memory(service: str) -> Any:
    clock = ManualClock()
    provider = Sandbox(MemoryStore(), clock, lambda body, signature: 204, "a secret")
    return work_of(service, Store(MemoryCollection(service), clock), provider, lambda message, address: None)  # type: ignore[arg-type]


@pytest.mark.parametrize("service", NAMES)
def test_a_worker_reads_events_of_the_catalogue_and_what_is_redriven_to_it(service: str) -> None:
    made = in_memory(service)

    assert set(made.routes) <= set(EVENT_NAMES)
    assert made.topics == (*made.routes, f"{service}.redrive")


@pytest.mark.parametrize("service", NAMES)
def test_each_kind_of_document_is_looked_after_by_its_lifecycle_or_by_its_timer(service: str) -> None:
    """Never by both, and never by two lifecycles; and who is told of an erasure has a timer for its passes."""
    made = in_memory(service)
    kinds = [*(lifecycle.name for lifecycle in made.lifecycles), *made.timers]

    assert len(kinds) == len(set(kinds))
    assert (ERASED in made.timers) == ("person.erased" in made.routes)


@pytest.mark.parametrize("service", NAMES)
def test_who_opens_instructions_carries_them_out(service: str) -> None:
    made = in_memory(service)
    opens = any(lifecycle.outcomes for lifecycle in made.lifecycles)

    assert (made.carry_out is not None) == opens


def test_escrow_reconciles_and_runs_what_its_provider_needs() -> None:
    """Each loop comes round, gives a sign of life, and ends when it is asked to."""
    clock = ManualClock()
    provider = Sandbox(MemoryStore(), clock, lambda body, signature: 204, "a secret")
    outside = Outside(provider, {"provider-webhooks": provider.run_webhooks})
    made = work(SETTINGS["escrow"], Store(MemoryCollection("escrow"), clock), outside)  # type: ignore[arg-type]
    came_round = []
    for name, loop in made.loops.items():
        stop = Flag()

        def beat(name: str = name, stop: Flag = stop) -> None:
            came_round.append(name)
            stop.set()

        loop(stop, beat)

    assert came_round == ["provider-webhooks", "reconciliation"]
