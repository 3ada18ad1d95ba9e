"""More of everything: 3, 6, 12 partitions, 2 and 4 web processes, each beside one.

The floor is the same with one. Target: never below it, which is 0.95 of it, for two runs of the same differ by as much.
Partitions are measured by hire → release, on brokers and stacks of their own beside the first; web processes by a
listing read by eight clients.
"""

from collections.abc import Iterator
from contextlib import ExitStack

from bench.beside import beside
from bench.ground import Ground
from bench.load import closed_loop
from bench.measure import Row, Target, in_turn
from bench.rows.paid import Contestant
from bench.rows.requests import CLIENTS, fill
from bench.sizes import Size
from bench.webs import like

NAME = "more of"
_NEVER_BELOW = Target("at least", 0.95)


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
