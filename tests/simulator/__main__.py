"""`python -m tests.simulator --seed 7`, or `--seeds 10000 [--first 1] [--jobs auto]`; exit code 1 where anything was
violated.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial

from tests.simulator.day import STEPS, Day, play


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--seed", type=int, help="play this one, and say what happened")
    parser.add_argument("--seeds", type=_count, default=200, help="how many to play")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--jobs", type=_jobs, default=1, help="how many processes play them; auto: one a core")
    parser.add_argument("--steps", type=int, default=STEPS, help="how much happens in a day")
    asked = parser.parse_args(arguments)
    if asked.seed is not None:
        return _one(asked.seed, asked.steps)
    return _many(range(asked.first, asked.first + asked.seeds), asked.steps, asked.jobs)


def _count(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError("at least one")
    return int(text)


def _jobs(text: str) -> int:
    return (os.cpu_count() or 1) if text == "auto" else max(1, int(text))


def _one(seed: int, steps: int) -> int:
    day = play(seed, steps)
    print("\n".join([*day.said, "", *sorted(f"{n} {end}" for end, n in Counter(day.ends).items())]))
    print("\n".join(f"VIOLATED {each}" for each in day.violations) or f"seed {seed}: nothing was violated")
    return 1 if day.violations else 0


def _many(seeds: range, steps: int, jobs: int) -> int:
    print(f"seeds {seeds[0]} to {seeds[-1]}, by {jobs} at once", flush=True)
    begun, failed, ends, events = time.monotonic(), 0, Counter[str](), 0
    with _played(seeds, steps, jobs) as days:
        for day in days:
            ends.update(day.ends)
            events += day.events
            if day.violations:
                failed += 1
                first, more = day.violations[0], len(day.violations) - 1
                print(
                    f"seed {day.seed}: {first} (and {more} more); again with: make simulate SEED={day.seed}", flush=True
                )
    print("\n".join(f"{n:8} {end}" for end, n in sorted(ends.items())))
    took = time.monotonic() - begun
    print(f"seeds {seeds[0]} to {seeds[-1]}: {events} events, {failed} with violations, {took:.1f} s")
    return 1 if failed else 0


@contextmanager
def _played(seeds: range, steps: int, jobs: int) -> Iterator[Iterator[Day]]:
    """The days in the order of their seeds, as they come in."""
    if jobs == 1:
        yield (play(seed, steps) for seed in seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield pool.map(partial(play, steps=steps), seeds, chunksize=5)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
