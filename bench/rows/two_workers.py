"""Hire → release with two workers a service, beside one.

Each is a stack of its own on a broker of its own, with three partitions a busy topic; the database server is the same.
Target: never below one, which is 0.95 of it, for two runs of the same differ by as much.
"""

from collections.abc import Iterator
from contextlib import ExitStack

from bench.beside import beside
from bench.ground import Ground
from bench.measure import Row, Target, in_turn
from bench.rows.paid import Contestant
from bench.sizes import Size
from bench.webs import all_like
from deploy import SERVICES

NAME = "two workers"
_PARTITIONS = 3


def rows(ground: Ground, size: Size) -> Iterator[Row]:
    if not size.two_workers or ground.kind != "containers":
        return
    with ExitStack() as ending:
        stacks = {count: ending.enter_context(beside(ground, _PARTITIONS)) for count in (1, 2)}
        stacks[2].play()
        second = {
            f"{service}-worker": {"KAFKA_GROUP_INSTANCE_ID": f"{service}-2", "WORKER_SLOT": f"{service}-2"}
            for service in SERVICES
        }
        ending.enter_context(all_like(stacks[2], second))
        some = {count: Contestant(each, each.prefix, "") for count, each in stacks.items()}
        found = in_turn(size.rounds, {
            str(count): lambda each=each: each.rate(size.hires_more) for count, each in some.items()
        })  # fmt: skip
    yield Row(f"hire → release, 2 workers a service, {_PARTITIONS} partitions", "hires/s", "one worker",
              Target("at least", 0.95), found["2"], found["1"])  # fmt: skip
