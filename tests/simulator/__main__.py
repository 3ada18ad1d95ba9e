"""`python -m tests.simulator --seed 7` or `--seeds 10000 [--first 1]`: exit code 1 where anything was violated."""

import argparse
import sys
import time
from collections import Counter

from tests.simulator.day import STEPS, play


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--seed", type=int, help="play this one, and say what happened")
    parser.add_argument("--seeds", type=int, default=200, help="how many to play")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--steps", type=int, default=STEPS, help="how much happens in a day")
    asked = parser.parse_args(arguments)
    if asked.seed is not None:
        return _one(asked.seed, asked.steps)
    return _many(range(asked.first, asked.first + asked.seeds), asked.steps)


def _one(seed: int, steps: int) -> int:
    day = play(seed, steps)
    print("\n".join([*day.said, "", *sorted(f"{n} {end}" for end, n in Counter(day.ends).items())]))
    print("\n".join(f"VIOLATED {each}" for each in day.violations) or f"seed {seed}: nothing was violated")
    return 1 if day.violations else 0


def _many(seeds: range, steps: int) -> int:
    begun, failed, ends, events = time.monotonic(), 0, Counter[str](), 0
    for seed in seeds:
        day = play(seed, steps)
        ends.update(day.ends)
        events += day.events
        if day.violations:
            failed += 1
            first, more = day.violations[0], len(day.violations) - 1
            print(f"seed {seed}: {first} (and {more} more); again with: make simulate SEED={seed}", flush=True)
    print("\n".join(f"{n:8} {end}" for end, n in sorted(ends.items())))
    took = time.monotonic() - begun
    print(f"{len(seeds)} seeds, {events} events, {failed} with violations, {took:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
