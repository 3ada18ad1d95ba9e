"""One request among twins that are refused, sent at once over HTTP, a hundred times: what it reserved stays its own.

Budget and cap hold, and no honest agreement is called off a minute later.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database
from werkzeug.test import TestResponse

from services.matching.offer.lifecycle import AGREED
from shared.ids import new_id
from tests.support.matching_web import COACHING, World
from tests.support.web import Caller

TWINS, ROUNDS, BUDGET, CAP = 5, 100, 20, 200_000
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path, REQUESTS_A_WEEK=str(BUDGET), EXPOSURE_CAP=str(CAP))


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(TWINS + 1) as threads:
        yield threads


def at_once(pool: ThreadPoolExecutor, good: Callable[[], TestResponse], twin: Callable[[], TestResponse]) -> int:
    """The good one's status, in the midst of its twins."""
    twins = [pool.submit(twin) for _ in range(TWINS // 2)]
    asked = pool.submit(good)
    twins += [pool.submit(twin) for _ in range(TWINS - len(twins))]
    refused = {each.result().status_code for each in twins}
    assert refused <= {409, 412, 422}, refused
    return asked.result().status_code


BROKEN = {
    "a price above the cap": {"price": {"amount": 900_000_000, "currency": "EUR"}},
    "another currency": {"price": {"amount": 1, "currency": "USD"}},
    "an address in the message": {"message": "Write to me: bo@example.com"},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_good_offer_among_five_that_a_rule_refuses(
    world: World, pool: ThreadPoolExecutor, broken: dict[str, Any]
) -> None:
    """One key, one good body, five bad ones, to 34 listings: never more offers than the budget, each with its own."""
    answers: Counter[int] = Counter()
    for _ in range(ROUNDS // len(BROKEN) + 1):
        body, key = {"listing_id": world.listed(), **COACHING}, new_id()
        ask = lambda more, body=body, key=key: world.seeker.post(  # noqa: E731
            "/v1/offers", {**body, **more}, Idempotency_Key=key
        )
        answers[at_once(pool, lambda: ask({}), lambda: ask(broken))] += 1  # noqa: B023

    made = world.store.collection.count_documents({"kind": "offer"})
    assert made == answers[201] == BUDGET
    assert len(world.reserved()) == BUDGET
    world.tick(2 * MINUTE)
    assert world.store.collection.count_documents({"kind": "offer", "state": "proposed"}) == BUDGET


def test_an_accept_among_five_with_a_stale_if_match(world: World, pool: ThreadPoolExecutor) -> None:
    """EUR 1,000 each against a cap of 2,000, a seeker a round: two are agreed to, and stay agreed."""
    for number in range(ROUNDS // 4):
        seeker = Caller(world.app, f"seeker-{number}")
        paths = [world.proposed(seeker, price=100_000) for _ in range(4)]
        for path in paths:
            at_once(
                pool,
                lambda: world.insider.post(f"{path}/accept"),  # noqa: B023
                lambda: world.insider.post(f"{path}/accept", If_Match='"999"'),  # noqa: B023
            )
        world.tick(2 * MINUTE)

        states = [world.status(path) for path in paths]
        assert Counter(states) == {"accepted": 2, "proposed": 2}
        assert sum(world.reserved(seeker).values()) == CAP

    agreed = {"kind": "offer", "state": {"$in": list(AGREED)}}
    assert world.store.collection.count_documents(agreed) == ROUNDS // 2
    assert world.store.collection.count_documents({"cancelled.code": "no_reservation"}) == 0


def test_an_accept_among_five_by_someone_who_may_not(world: World, pool: ThreadPoolExecutor) -> None:
    """As above, where the twins use one key for another body, or come from the one who made the offer."""
    for number in range(10):
        seeker = Caller(world.app, f"seeker-{number}")
        path = world.proposed(seeker, price=CAP)
        accepted = at_once(
            pool,
            lambda: world.insider.post(f"{path}/accept"),  # noqa: B023
            lambda: world.insider.post(f"{path}/accept", If_Match='"7", "8"'),  # noqa: B023
        )
        world.tick(2 * MINUTE)

        assert (accepted, world.status(path), world.reserved(seeker)) == (200, "accepted", {path: CAP})
