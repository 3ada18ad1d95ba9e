"""Threads, descriptors and memory of all eight processes while Kafka, the database and both are away.

    python -m tests.soak_outage [--seconds 600]

Starts the embedded stack, takes away for a third of the time each: Kafka, the database, both; prints what every process
held before, during (first, last, most) and after, and what it logged. Exit code 1 where something grew.
"""

import argparse
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from statistics import median

import httpx
import psutil

from deploy import SERVICES
from deploy.embedded.stack import Stack
from tests.support.hires import Hires, listing

PROCESSES = tuple(f"{service}-{kind}" for service in SERVICES for kind in ("web", "worker"))
OUTAGES = {"Kafka": ("broker",), "the database": ("database",), "both": ("broker", "database")}
MORE_THREADS, MORE_DESCRIPTORS, MORE_MB = 3, 8, 12.0
"""What a process may hold more than when it had settled: a few connections under way, a pool's thread, a cache."""

LOG_BYTES = 4000
"""What a process may write over one outage and its end, access log aside."""

_PATHS = ("/v1/listings", "/v1/offers", f"/v1/escrows/{'0' * 32}", "/v1/me/contact")
_WARM_SECONDS, _AFTER_SECONDS, _EVERY = 6.0, 8.0, 1.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Held:
    """By one process and its children."""

    threads: int
    descriptors: int
    mb: float


@dataclass
class Phase:
    """What all processes held, sample by sample, and what each wrote into its log, in bytes."""

    name: str
    samples: dict[str, list[Held]] = field(default_factory=lambda: {name: [] for name in PROCESSES})
    logged: dict[str, int] = field(default_factory=dict)

    def settled(self, process: str) -> Sequence[Held]:
        """The samples from a third of the phase on."""
        samples = self.samples[process]
        return samples[len(samples) // 3 :]


def soak(stack: Stack, seconds: float, say: Say) -> list[str]:
    """Run all outages on a stack that runs; what grew, a line each."""
    pids = {name: stack.pid(name) for name in PROCESSES}
    with Hires(stack, described=False) as hires:
        hires.one()
        _crowd(stack)
        phases = [_phase(stack, "before", _WARM_SECONDS)]
        for what, servers in OUTAGES.items():
            said = {name: _written(stack, name) for name in PROCESSES}
            with _away(stack, servers):
                if "database" not in servers:
                    insider = hires.person()
                    made = insider.post("/v1/listings", listing())
                    insider.post(f"/v1/listings/{made['id']}/submit")
                phases.append(_phase(stack, what, seconds / len(OUTAGES)))
            after = _phase(stack, f"after {what}", _AFTER_SECONDS)
            phases[-1].logged = {name: _written(stack, name) - said[name] for name in PROCESSES}
            phases.append(after)
        hires.one()
    for line in table(phases):
        say(line)
    gone = [f"{name} was started again" for name in PROCESSES if stack.pid(name) != pids[name]]
    return [*gone, *grown(phases)]


def grown(phases: Sequence[Phase]) -> list[str]:
    """Where a process held more at the end of an outage than when it had settled into it, or after it than before."""
    before, found = phases[0], []
    for phase in phases[1:]:
        for name in PROCESSES:
            samples = phase.settled(name)
            half = len(samples) // 2
            since = before.settled(name) if phase.name.startswith("after") else samples[:half]
            found += [f"{name}, {phase.name}: {line}" for line in _more(since, samples[half:])]
            if phase.logged.get(name, 0) > LOG_BYTES:
                found.append(f"{name}, {phase.name}: {phase.logged[name]} bytes of log")
    return found


def _more(then: Sequence[Held], now: Sequence[Held]) -> Iterator[str]:
    limits = {"threads": MORE_THREADS, "descriptors": MORE_DESCRIPTORS, "mb": MORE_MB}
    for what, limit in limits.items():
        was, is_now = (median(getattr(held, what) for held in samples) for samples in (then, now))
        if is_now > was + limit:
            yield f"{was:.0f} {what}, then {is_now:.0f}"


def table(phases: Sequence[Phase]) -> Iterator[str]:
    """Of each process and phase: first/last/most threads, descriptors and MB, and the bytes of its log."""
    yield f"{'':16}{'':20}{'threads':>12}{'descriptors':>14}{'MB':>18}{'log bytes':>11}"
    for name in PROCESSES:
        for phase in phases:
            columns = [
                "/".join(f"{number:.0f}" for number in (values[0], values[-1], max(values)))
                for values in ([getattr(held, what) for held in phase.samples[name]] for what in Held.__match_args__)
            ]
            logged = phase.logged.get(name, "")
            yield f"{name:16}{phase.name:20}{columns[0]:>12}{columns[1]:>14}{columns[2]:>18}{logged:>11}"


def _phase(stack: Stack, name: str, seconds: float) -> Phase:
    phase, until = Phase(name), time.monotonic() + seconds
    with _visitors(stack):
        while time.monotonic() < until or len(phase.samples[PROCESSES[0]]) < 6:
            for process in PROCESSES:
                with suppress(psutil.NoSuchProcess, KeyError):
                    phase.samples[process].append(_held(stack.pid(process)))
            time.sleep(_EVERY)
    return phase


def _held(pid: int) -> Held:
    family = [psutil.Process(pid)]
    family += family[0].children(recursive=True)
    megabytes = sum(each.memory_info().rss for each in family) / 2**20
    return Held(sum(each.num_threads() for each in family), sum(each.num_fds() for each in family), megabytes)


def _written(stack: Stack, name: str) -> int:
    """Bytes of the log, less those of the access log: a line each of these is for a request."""
    return sum(len(line) + 1 for line in stack.log(name).splitlines() if '"logger": "access"' not in line)


@contextmanager
def _away(stack: Stack, servers: Sequence[str]) -> Iterator[None]:
    for name in servers:
        stack.hold(name)
    yield
    for name in reversed(servers):
        stack.release(name)


def _crowd(stack: Stack) -> None:
    """So many at once that every web process has started all the threads it ever will."""

    def visit(number: int) -> None:
        headers = {"Authorization": f"Bearer {stack.token(f'visitor-{number}')}"}
        with httpx.Client(base_url=stack.gateway, headers=headers, timeout=30) as http:
            for path in _PATHS * 5:
                http.get(path)

    with ThreadPoolExecutor(24) as pool:
        list(pool.map(visit, range(24)))


@contextmanager
def _visitors(stack: Stack) -> Iterator[None]:
    """Some who ask every web process again and again, whatever it answers."""
    ended = threading.Event()

    def visit(number: int) -> None:
        headers = {"Authorization": f"Bearer {stack.token(f'visitor-{number}')}"}
        with httpx.Client(base_url=stack.gateway, headers=headers, timeout=10) as http:
            while not ended.wait(0.5):
                for path in _PATHS:
                    with suppress(httpx.HTTPError):
                        http.get(path)

    threads = [threading.Thread(target=visit, args=(number,), daemon=True) for number in range(4)]
    for thread in threads:
        thread.start()
    yield
    ended.set()
    for thread in threads:
        thread.join()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak_outage", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="all outages together (default 600)")
    seconds = parser.parse_args(arguments).seconds
    with Stack(environment={"RATE_PER_SECOND": "10000", "RATE_BURST": "100000"}, say=print) as stack:
        found = soak(stack, seconds, print)
    for line in found:
        print(f"grew: {line}")
    print(f"{seconds:.0f} s of outages on the embedded stack: {'flat' if not found else f'{len(found)} things grew'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
