"""What each service does in the background, as its `main.work` composes it: nothing of it is left out."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from threading import Event as Flag
from types import ModuleType
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from services.notify.log.numbering import Numbering
from services.notify.webhooks.fan_out import FanOut
from services.notify.webhooks.lifecycle import DELIVERY
from shared.aggregate import Batch, Change, Lifecycle, Store, Trigger
from shared.aggregate.erasure import KIND as ERASED
from shared.events import EVENT_NAMES, latest
from shared.ids import new_id
from tests.pure.test_notify_recipients import event
from tests.simulator.services import NAMES, work_of
from tests.support.clock import ManualClock
from tests.support.memory import MemoryCollection
from tests.support.sandbox import MemoryStore, Sandbox
from tests.support.web import Caller
from tests.support.whole import Whole


def in_memory(service: str) -> Any:
    clock = ManualClock()
    provider = Sandbox(MemoryStore(), clock, lambda body, signature: 204, "a secret")
    return work_of(service, Store(MemoryCollection(service), clock), provider, lambda message, address: None)  # type: ignore[arg-type]


@pytest.mark.parametrize("service", NAMES)
def test_a_worker_reads_all_that_the_handlers_list_and_what_is_redriven_to_it(service: str) -> None:
    made = in_memory(service)
    listed = import_module(f"services.{service}.handlers").HANDLERS

    assert set(made.routes) == set(listed) <= set(EVENT_NAMES)
    assert made.topics == (*made.routes, f"{service}.redrive")


@pytest.mark.parametrize("service", NAMES)
def test_each_event_that_is_read_has_what_says_whom_it_touches(service: str) -> None:
    """Of its data only what each of its kind has: else each of them would be a dead letter."""
    for name, route in in_memory(service).routes.items():
        required = {key: key for key, field in latest(name).schema().fields.items() if field.required}

        route.touches(Trigger(name, "an event", "event", ManualClock().now(), required))


@pytest.mark.parametrize("service", NAMES)
def test_each_kind_of_document_is_looked_after_by_its_lifecycle_or_by_its_timer(service: str) -> None:
    """Never by both, and never by two lifecycles; and who is told of an erasure has a timer for its passes."""
    made = in_memory(service)
    kinds = [*(lifecycle.name for lifecycle in made.lifecycles), *made.timers]

    assert len(kinds) == len(set(kinds))
    assert (ERASED in made.timers) == ("person.erased" in made.routes)


@pytest.mark.parametrize("service", NAMES)
def test_no_lifecycle_and_no_timer_of_the_service_is_left_out(service: str) -> None:
    """Whatever its modules define: each Lifecycle with timers or instructions, each class with an `on_timer`, and each
    module with a function of that name.
    """
    made, lifecycles, on_timers = in_memory(service), set(), set()
    for module in modules(service):
        for value in vars(module).values():
            several = value if isinstance(value, tuple) else (value,)
            lifecycles |= {each.name for each in several if isinstance(each, Lifecycle) and moves_by_itself(each)}
            if isinstance(value, type) and value.__module__ == module.__name__ and hasattr(value, "on_timer"):
                on_timers.add(value)
        if hasattr(module, "on_timer"):
            on_timers.add(module.__name__)

    assert {lifecycle.name for lifecycle in made.lifecycles} == lifecycles
    assert {owner_of(timer) for kind, timer in made.timers.items() if kind != ERASED} == on_timers


def owner_of(timer: Any) -> type | str:
    """The class of a method; the module of a function."""
    return type(timer.__self__) if hasattr(timer, "__self__") else timer.__module__


def moves_by_itself(lifecycle: Lifecycle) -> bool:
    return bool(lifecycle.outcomes) or any(row.trigger.startswith("timer:") for row in lifecycle.rows)


def modules(service: str) -> Iterator[ModuleType]:
    package = import_module(f"services.{service}")
    for found in walk_packages(package.__path__, f"{package.__name__}."):
        yield import_module(found.name)


@pytest.mark.parametrize("service", NAMES)
def test_who_opens_instructions_carries_them_out(service: str) -> None:
    made = in_memory(service)
    opens = any(lifecycle.outcomes for lifecycle in made.lifecycles)

    assert (made.carry_out is not None) == opens


def test_escrow_reconciles_and_runs_what_its_provider_needs() -> None:
    """Each loop comes round, gives a sign of life, and ends when it is asked to."""
    came_round = []
    for name, loop in in_memory("escrow").loops.items():
        stop = Flag()

        def beat(name: str = name, stop: Flag = stop) -> None:
            came_round.append(name)
            stop.set()

        loop(stop, beat)

    assert came_round == ["provider-webhooks", "reconciliation"]


def test_the_employers_name_is_unveiled_once_the_help_has_begun(tmp_path: Path) -> None:
    """Of what a handler alone does, without a lifecycle: listing hears of the offer, and shows its seeker the name."""
    whole = Whole(tmp_path)
    listing_id = whole.published()
    seeker = Caller(whole.apps["listing"], "bo")

    def named() -> bool:
        return "Acme BV" in seeker.get(f"/v1/listings/{listing_id}").get_data(as_text=True)

    before = named()
    offer_id = whole.funded(listing_id, "bo")
    paid = named()
    whole.call("matching", "bo", f"/v1/offers/{offer_id}/begin")

    assert (before, paid, named()) == (False, False, True)


def test_an_event_for_the_log_and_a_delivery_wake_the_loop_that_waits_for_them() -> None:
    """And what is written beside them wakes neither."""
    made = in_memory("notify")
    woken: list[tuple[str, str]] = []
    kinds: set[str] = set()

    def hear(written: Sequence[Change]) -> None:
        kinds.update(change.kind for change in written)
        woken.extend((each.kind, name) for each in written for name, step in made.leased.items() if step.woken_by(each))

    made.store.on_write(hear)
    told = event("offer.made")
    at = made.store.clock.now()
    verdicts = Batch(made.store, made.routes).process([Trigger("offer.made", new_id(), "event", at, told, sequence=1)])
    assert [each.outcome for each in verdicts] == ["taken"]
    made.store.run({"delivery:w:e": DELIVERY}, lambda changes: changes["delivery:w:e"].set(deliver_at=at))

    assert kinds > {"event", "delivery"}
    assert sorted(woken) == [("delivery", "deliveries"), ("event", "log")]


@pytest.mark.parametrize("fails", [False, True])
def test_what_has_its_number_is_fanned_out_also_where_no_other_gets_one(
    monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    taken: list[int] = []

    def step(_numbering: Numbering) -> int:
        if fails:
            raise AutoReconnect("away")
        return 3

    monkeypatch.setattr(Numbering, "step", step)
    monkeypatch.setattr(FanOut, "step", lambda _, numbered: taken.append(numbered) or numbered)
    log = in_memory("notify").leased["log"]

    with pytest.raises(AutoReconnect) if fails else nullcontext():
        assert log() == 6
    assert taken == [0 if fails else 3]
