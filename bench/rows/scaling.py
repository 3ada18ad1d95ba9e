"""More of everything: 3, 6, 12 partitions, two workers a service, 2 and 4 web processes, each beside one.

The floor is the same with one. Target: never below it, which is 0.95 of it, for two runs of the same differ by as much.
Partitions and workers are measured by hire → release, on brokers and stacks of their own beside the first; web
processes by a listing read by eight clients.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from kafka.admin import KafkaAdminClient, NewPartitions

from bench.ground import Ground
from bench.load import closed_loop
from bench.measure import Row, Target, in_turn
from bench.rows.paid import Contestant
from bench.rows.requests import CLIENTS, fill
from bench.sizes import Size
from bench.webs import all_like, like
from deploy import SERVICES
from deploy.embedded.stack import Stack
from deploy.kafka.topics import BUSY
from tests.support import grounds

NAME = "more of"
_NEVER_BELOW = Target("at least", 0.95)
_WORKERS_PARTITIONS = 3


def rows(ground: Ground, size: Size) -> Iterator[Row]:
    if size.webs:
        yield from _webs(ground, size)
    if ground.kind != "containers":
        return
    for count in size.partitions:
        with beside(ground, count) as other:
            found = in_turn(size.rounds, {
                "one": lambda: _rate(ground, size.hires_more),
                "more": lambda other=other: _rate(other, size.hires_more),
            })  # fmt: skip
            yield Row(f"hire → release, {count} partitions", "hires/s", "one partition", _NEVER_BELOW, found["more"],
                      found["one"], curve=("hire → release by partitions", count))  # fmt: skip
    if size.two_workers:
        yield _two_workers(ground, size)


def _rate(ground: Ground, hires: int) -> float:
    return Contestant(ground, ground.prefix, "").rate(hires)


def _webs(ground: Ground, size: Size) -> Iterator[Row]:
    fill(ground)
    path = f"/v1/listings/{ground.active.copy(f'{ground.prefix}listed0').listing_id}"
    with ExitStack() as ending:
        bases = {
            count: ending.enter_context(like(ground, "listing-web", WEB_WORKERS=str(count)))
            for count in (1, *size.webs)
        }
        found = in_turn(size.rounds, {
            str(count): lambda base=base: closed_loop(base, CLIENTS, size.request_s, lambda c: c("GET", path))
            for count, base in bases.items()
        })  # fmt: skip
    for count in size.webs:
        yield Row(f"GET /v1/listings/{{id}}, {count} web processes", "requests/s", "one process", _NEVER_BELOW,
                  found[str(count)], found["1"], curve=("a request by web processes", count))  # fmt: skip


def _two_workers(ground: Ground, size: Size) -> Row:
    with ExitStack() as ending:
        one = ending.enter_context(beside(ground, _WORKERS_PARTITIONS))
        two = ending.enter_context(beside(ground, _WORKERS_PARTITIONS))
        two.play()
        for service in SERVICES:
            second = {"KAFKA_GROUP_INSTANCE_ID": f"{service}-2", "WORKER_SLOT": f"{service}-2"}
            ending.enter_context(all_like(two, [f"{service}-worker"], **second))
        found = in_turn(
            size.rounds, {"1": lambda: _rate(one, size.hires_more), "2": lambda: _rate(two, size.hires_more)}
        )
    return Row(f"hire → release, 2 workers a service, {_WORKERS_PARTITIONS} partitions", "hires/s", "one worker",
               _NEVER_BELOW, found["2"], found["1"])  # fmt: skip


@contextmanager
def beside(ground: Ground, partitions: int) -> Iterator[Ground]:
    """A broker of its own whose busy topics have so many partitions, and a stack on it."""
    prefix = f"with_{partitions}_{ground.names(1)[0]}_"
    with grounds.kafka_container() as kafka, ExitStack() as ending:
        stack = Stack(kafka=kafka, mongodb=ground.stack.mongodb, database_prefix=prefix, environment=ground.environment)
        other = Ground(ground.kind, stack, prefix, ground.environment)
        ending.callback(_drop, ground, prefix)
        _more_partitions(kafka, partitions)
        ending.enter_context(stack)
        ending.callback(other.close)
        yield other


def _more_partitions(kafka: str, partitions: int) -> None:
    admin = KafkaAdminClient(bootstrap_servers=[kafka])
    admin.create_partitions({topic: NewPartitions(partitions) for topic in BUSY})
    admin.close()


def _drop(ground: Ground, prefix: str) -> None:
    for name in ground.client.list_database_names():
        if name.startswith(prefix):
            ground.client.drop_database(name)
