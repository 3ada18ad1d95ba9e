"""One simulated day, from a seed to its violations."""

import logging
import random
import traceback
from dataclasses import dataclass
from unittest.mock import patch

from tests.simulator.checks import violations
from tests.simulator.people import People
from tests.simulator.world import World

STEPS = 500


@dataclass(frozen=True)
class Day:
    """What became of a seed: what was violated, what happened, and the state of each document at the end."""

    seed: int
    violations: list[str]
    said: list[str]
    ends: list[str]
    events: int


def play(seed: int, steps: int = STEPS) -> Day:
    """The same seed gives the same day."""
    logging.disable(logging.CRITICAL)
    random.seed(seed)
    try:
        world = World(seed)
        ids = world.new_id
        with patch("shared.aggregate.change.event_id", ids), patch("services.notify.addresses.new_id", ids):
            people = People(world)
            found = _play(world, people, steps)
    finally:
        logging.disable(logging.NOTSET)
    ends = [f"{d['kind']} {d['state']}" for db in world.databases for d in world.documents(db).values() if "state" in d]
    return Day(seed, found, world.said, ends, len(world.broker.records()))


def _play(world: World, people: People, steps: int) -> list[str]:
    try:
        if world.chance.random() < 0.8:  # most days begin with what is for sale
            people.open_the_market()
        for _ in range(steps):
            world.act()
        world.calm_down()
        people.last_words()
        world.see_everything_through()
    except AssertionError as error:
        return [str(error), *violations(world, people)]
    except Exception:
        return [f"raised {traceback.format_exc()}"]
    return violations(world, people)
