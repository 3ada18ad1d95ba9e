"""Which processes of `golem up` hang: those that were well, and say no or nothing several times in a row."""

import pytest

from deploy.embedded.liveness import Liveness
from deploy.embedded.probes import answers
from deploy.embedded.programs import Program
from shared.process.health import serve
from shared.settings import Address

PROGRAMS = [
    Program("escrow-worker", "workers", ("x",), (1, "/readyz")),
    Program("escrow-web", "webs", ("x",), (2, "/readyz")),
    Program("broker", "broker", ("x",), (3, "")),
    Program("gateway", "gateway", ("x",), (4, "/healthz")),
]
PIDS = {"escrow-worker": 10, "escrow-web": 20, "broker": 30, "gateway": 40}


class Watch:
    def __init__(self) -> None:
        self.says: dict[str, int | None] = {"escrow-worker": 200, "escrow-web": 200}
        self.asked: set[str] = set()
        self.liveness = Liveness(PROGRAMS, self._ask)

    def _ask(self, program: Program) -> int | None:
        self.asked.add(program.name)
        return self.says[program.name]

    def looks(self, count: int, **pids: int) -> list[list[str]]:
        now = PIDS | {name.replace("_", "-"): pid for name, pid in pids.items()}
        return [sorted(self.liveness.hung(now)) for _ in range(count)]


def test_what_is_well_is_left_alone_and_only_our_processes_are_asked():
    watch = Watch()

    assert watch.looks(10) == [[]] * 10
    assert watch.asked == {"escrow-worker", "escrow-web"}


def test_a_loop_that_stands_still_and_a_process_that_answers_nobody():
    watch = Watch()
    watch.looks(1)
    watch.says = {"escrow-worker": 503, "escrow-web": None}

    assert watch.looks(4) == [[], ["escrow-worker"], ["escrow-worker"], ["escrow-web", "escrow-worker"]]


def test_once_is_not_enough_and_well_in_between_begins_anew():
    watch = Watch()
    for said in (200, 503, 200, 503, None, None, None, 200, None, None, None):
        watch.says["escrow-worker"] = said

        assert watch.looks(1) == [[]]


def test_one_that_only_starts_is_waited_for_and_so_is_its_successor():
    watch = Watch()
    watch.says["escrow-worker"] = None
    assert watch.looks(50) == [[]] * 50

    watch.says["escrow-worker"] = 200
    watch.looks(1)
    watch.says["escrow-worker"] = 503
    assert watch.looks(2)[-1] == ["escrow-worker"]
    assert watch.looks(50, escrow_worker=11) == [[]] * 50


@pytest.mark.parametrize(
    ("failing", "answering"),
    [({}, True), ({"consuming"}, True), ({"mongodb"}, False), ({"consuming", "joined"}, False)],
)
def test_a_worker_that_has_paused_a_topic_has_started(failing: set[str], answering: bool):
    """Else `golem up` would not start on a folder in which a topic is full of what nobody can read."""
    ready = {name: lambda name=name: name not in failing for name in ("mongodb", "joined", "consuming")}
    server = serve(Address("127.0.0.1", 0), ready, ready)
    try:
        program = Program("escrow-worker", "workers", ("x",), (server.port, "/readyz"))

        assert answers(program, None) is answering
    finally:
        server.close()
