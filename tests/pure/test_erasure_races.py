"""A person leaves while an agreement with them is made: at each step of the one the whole of the other, in memory."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from services.matching.main import build, work
from services.matching.store import listing_key
from shared.aggregate import Store, Trigger
from shared.ids import new_id
from shared.settings import Settings
from tests.support.clock import ManualClock
from tests.support.matching import listing
from tests.support.memory import MemoryCollection
from tests.support.web import Caller, Ticking, settings

FURTHEST = 100
"""No request touches the database so often."""


class World:
    """Matching in memory; at one touch of the database something else is done in between."""

    def __init__(self, known: Settings) -> None:
        self.touches, self.at = 0, 0
        self.between: Callable[[], object] = lambda: None
        self.clock = ManualClock()
        self.store = Store(MemoryCollection("offers", self._touched), self.clock, sleep=lambda s: None)  # type: ignore[arg-type]
        self.app = build(known, self.store)
        self.worker = Ticking(work(known, self.store, None))
        self.insider, self.seeker = Caller(self.app, "anna"), Caller(self.app, "bo")
        self.listing_id = new_id()
        data = listing(listing_id=self.listing_id, insider=self.insider.id)
        told = Trigger("listing.created", new_id(), "event", self.clock.now(), data, sequence=2)
        self.worker.batch.process([told])
        assert self.store.get(listing_key(self.listing_id)) is not None

    def _touched(self, step: str) -> None:
        self.touches += 1
        if self.touches == self.at:
            self.between()

    def interrupted(self, do: Callable[[], TestResponse], at: int, by: Callable[[], TestResponse]) -> tuple[int, int]:
        """(status of the one, of the other): `by` is done whole at `do`'s touch number `at`; `met`: there is one."""
        statuses: list[int] = []
        self.touches, self.at, self.between = 0, at, lambda: statuses.append(by().status_code)
        first = do().status_code
        self.at, self.met = 0, bool(statuses)
        return first, statuses[0] if statuses else 0

    def offered(self) -> TestResponse:
        return self.seeker.post("/v1/offers", {"listing_id": self.listing_id, "help": ["coaching"]})

    def finish(self) -> None:
        """Passes, second looks and sweeps, for some minutes."""
        for _ in range(30):
            self.worker.tick()
            self.clock.advance(timedelta(seconds=10))

    def state(self, document_id: str) -> str:
        return str((self.store.get(document_id) or {"state": "none"})["state"])


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder: Path = tmp_path_factory.mktemp("settings")
    return settings("matching", folder)


@pytest.mark.parametrize("who", ["insider", "seeker"])
@pytest.mark.parametrize("inside", ["leave in accept", "accept in leave"])
def test_an_agreement_and_a_leave_have_one_winner(known: Settings, who: str, inside: str) -> None:
    """Either the offer is accepted, and the person stays; or the person is forgotten, and the offer ends. Or both
    are told to come again. Never an agreement on money with somebody who is gone.
    """
    seen = set()
    for at in range(1, FURTHEST):
        world = World(known)
        path = world.offered().headers["Location"]
        leaver: Caller = getattr(world, who)

        def accept(world: World = world, path: str = path) -> TestResponse:
            return world.insider.post(f"{path}/accept")

        def leave(leaver: Caller = leaver) -> TestResponse:
            return leaver.ask("DELETE", "/v1/me")

        if inside == "leave in accept":
            accepted, left = world.interrupted(accept, at, leave)
        else:
            left, accepted = world.interrupted(leave, at, accept)
        if not world.met:
            break
        world.finish()

        person, offer = world.state(leaver.id), world.state(path.rsplit("/", 1)[1])
        seen.add((accepted, left))
        if left == 202:
            assert (accepted, person, offer) == (409, "erased", "cancelled"), at
        else:
            assert left == 409 and person in ("none", "known"), (at, left, person)
            assert offer == ("accepted" if accepted == 200 else "proposed"), (at, accepted, offer)
    assert {(200, 409), (409, 202)} <= seen, seen


@pytest.mark.parametrize("inside", ["leave in offer", "offer in leave"])
def test_an_offer_made_while_one_leaves_ends_with_the_others(known: Settings, inside: str) -> None:
    """Whenever it is written, nothing that lives is left of one who is forgotten, and nothing of theirs is reserved."""
    tried = 0
    for at in range(1, FURTHEST):
        world = World(known)

        def leave(world: World = world) -> TestResponse:
            return world.seeker.ask("DELETE", "/v1/me")

        if inside == "leave in offer":
            made, left = world.interrupted(world.offered, at, leave)
        else:
            left, made = world.interrupted(leave, at, world.offered)
        if not world.met:
            break
        world.finish()
        tried = at

        assert left == 202 and world.state(world.seeker.id) == "erased", at
        offers = list(world.store.collection.find({"kind": "offer"}))
        assert [doc["state"] for doc in offers] == ["cancelled"] * len(offers) == ["cancelled"] * (made == 201), at
        assert all(doc.get("erased_at") for doc in offers), at
    assert tried > 3
