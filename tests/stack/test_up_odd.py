"""`golem up` where something is odd: the folder's name, its permissions, a process that always dies, the time."""

import os
import signal
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.embedded.stack import Stack, StackError
from tests.support.hires import Hires, listing
from tests.support.processes import eventually

pytestmark = pytest.mark.embedded

UNHURRIED = {"FUND_WITHIN": f"{30 * 86_400}", "OFFER_EXPIRY": f"{60 * 86_400}", "SILENCE": f"{60 * 86_400}"}
"""At a day a second a busy machine would miss the real ones."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As an older version left it: for all to read, with a log and a mail in it."""
    folder = tmp_path / "a b%c'd"
    for name in ("logs", "mail", "database"):
        (folder / name).mkdir(parents=True)
    for file in ("logs/notify-web.log", "mail/1-1-1.eml"):
        (folder / file).write_text("of somebody")
        (folder / file).chmod(0o644)
    folder.chmod(0o755)
    return folder


def _open_to_others(folder: Path) -> Iterator[Path]:
    for path in (folder, *folder.rglob("*")):
        if stat.S_IMODE(path.lstat().st_mode) & 0o077:
            yield path


def test_an_odd_folder_a_fast_clock_and_what_follows(folder: Path) -> None:
    """A hire is paid and weeks later charged back, within seconds; all that was written is its owner's alone; the next
    start goes on from the time that was shown.
    """
    with Stack(folder, days_in=timedelta(seconds=1), environment=UNHURRIED) as stack, Hires(stack) as hires:
        now = stack.times.clock.now
        insider = hires.person("insider")
        body = listing(leaving_on=str(now().date() + timedelta(days=60)))
        listing_id = str(insider.post("/v1/listings", body)["id"])
        insider.post(f"/v1/listings/{listing_id}/submit")
        insider.wait_for(f"/v1/listings/{listing_id}", "published")
        hire = hires.active(at=(insider, listing_id), source="tok_chargeback_late")
        today = str(now().date())
        hires.claim(hire, today)
        hire.seeker.post(f"/v1/offers/{hire.offer_id}/confirm-hire", {"start_on": today})
        paid = hires.settled(hire)
        path = f"/v1/escrows/{hire.offer_id}"
        eventually(lambda: hire.seeker.get(path)["status"] != "settled", "the chargeback", seconds=120)
        lost = hire.seeker.get(path)
        open_to_others = list(_open_to_others(folder))
        shown = now()

    assert (paid["released"], paid["fees"]) == (47_500, 2_500)
    assert lost["status"] == "charged_back"
    assert shown - datetime.now(UTC) > timedelta(weeks=5)
    assert open_to_others == []
    again = Stack(folder)
    try:
        again.start_servers()

        assert again.times.clock.now() >= shown
        assert again.times.speed == 1
    finally:
        again.stop()


def test_a_process_that_cannot_start(tmp_path: Path) -> None:
    """It ends at once, with the last lines of that process: here the name that was meant."""
    stack = Stack(tmp_path / "data", environment={"FEE_BP": "100"})
    try:
        with pytest.raises(StackError, match="died again and again|dies as often as it is started") as ended:
            stack.start()

        assert "FEE_BP: is unknown; did you mean FEE_BPS?" in str(ended.value)
    finally:
        stack.stop()


def test_a_process_that_dies_as_often_as_it_is_started(tmp_path: Path) -> None:
    """Supervisor would start it for ever; the stack ends, and says which it was."""
    with Stack(tmp_path / "data") as stack:
        killed: set[int] = set()

        def is_over() -> bool:
            pid = next((each["pid"] for each in stack.processes if each["name"] == "mail"), None)
            if pid is not None and pid not in killed and len(killed) < 10:
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)
            return stack.failure is not None

        eventually(is_over, "the stack gives up", seconds=60)

        with pytest.raises(StackError, match="mail dies as often as it is started; the end of its log:"):
            stack.wait()
