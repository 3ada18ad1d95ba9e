"""SIGKILL of each of the eight processes while hires run: all of them end, each paid once, and nobody waits long."""

import random
import statistics
import threading
import time

import pytest

from deploy.embedded.stack import Stack
from shared.events import EVENT_NAMES
from tests.support.hires import Hire, Hires
from tests.support.topics import read_all

SERVICES = ("listing", "matching", "escrow", "notify")
PROCESSES = [f"{service}-{kind}" for kind in ("worker", "web") for service in SERVICES]
ROUNDS = 3
HIRES = 24


class Killer(threading.Thread):
    """Kills the processes one after the other, at moments that a seed chooses, and notes how long each was away."""

    def __init__(self, stack: Stack, seed: int) -> None:
        super().__init__(name="killer", daemon=True)
        self.stack, self.random = stack, random.Random(seed)
        self.enough = threading.Event()
        self.away: dict[str, list[float]] = {name: [] for name in PROCESSES}
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            for _ in range(ROUNDS):
                for name in self.random.sample(PROCESSES, len(PROCESSES)):
                    if self.enough.wait(self.random.uniform(0.05, 0.6)):
                        return
                    began = time.monotonic()
                    self.stack.wait_restarted(name, self.stack.kill(name))
                    self.away[name].append(time.monotonic() - began)
        except BaseException as error:
            self.error = error


def test_hires_survive_the_death_of_every_process(
    stack: Stack, hires: Hires, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under SIGKILL every hire that was acknowledged ends completed, released once, its journal sums to zero."""
    killer = Killer(stack, seed=20270101)
    killer.start()
    rounds: list[list[Hire]] = []
    while killer.is_alive() or not rounds:
        rounds.append(hires.many(HIRES // 3, lambda i: hires.one()))
    killer.join()
    assert killer.error is None, killer.error
    ended = [hire for one_round in rounds for hire in one_round]

    for hire in ended:
        escrow = hire.seeker.get(f"/v1/escrows/{hire.offer_id}")
        entries = hire.seeker.get(f"/v1/escrows/{hire.offer_id}/journal")["entries"]
        assert escrow["status"] == "settled"
        assert (escrow["funded"], escrow["held"], escrow["refunded"]) == (50_000, 0, 0)
        assert escrow["released"] + escrow["fees"] == 50_000
        assert sum(line["amount"] for entry in entries for line in entry["lines"]) == 0
        assert [entry["reference"].split(":")[1] for entry in entries] == ["hold", "release"]
    assert_once(stack, {hire.offer_id for hire in ended})
    with capsys.disabled():
        tell(len(ended), killer.away)


def assert_once(stack: Stack, offers: set[str]) -> None:
    """On the topics each event stands once, but for exact repeats; in an aggregate their numbers run 1..n."""
    seen: dict[tuple[str, str], set[tuple[int, str]]] = {}
    released: dict[str, set[str]] = {}
    for record in read_all(stack.kafka, sorted(EVENT_NAMES)):
        headers = {name: value.decode() for name, value in record.headers}
        subject = headers["ce_subject"]
        if subject in offers:
            source = headers["ce_source"]
            seen.setdefault((source, subject), set()).add((int(headers["ce_sequence"]), headers["ce_id"]))
            if record.topic == "escrow.released":
                released.setdefault(subject, set()).add(headers["ce_id"])
    for numbers in seen.values():
        assert sorted(n for n, _ in numbers) == list(range(1, len(numbers) + 1))
    assert {subject: len(ids) for subject, ids in released.items()} == dict.fromkeys(offers, 1)


def tell(hires: int, away: dict[str, list[float]]) -> None:
    """Print how long each process was away: from the kill until its successor answers."""
    print(f"\n{hires} hires ended while processes were killed; seconds until each was back:")
    for name, times in away.items():
        if times:
            print(f"  {name:<16} median {statistics.median(times):.2f}  worst {max(times):.2f}  of {len(times)}")
