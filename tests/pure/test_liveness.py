"""Which processes of `golem up` hang: those that were well, and say no or nothing several times in a row."""

from deploy.embedded.liveness import Liveness
from deploy.embedded.programs import Program

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
