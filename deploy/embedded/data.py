"""The data folder of one stack: its lock, what it says of the running stack, and how its last run ended."""

import fcntl
import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.embedded import people
from deploy.embedded.keys import Keys, write_private


class DataInUse(Exception):
    """Another stack runs on this data folder."""


@dataclass(frozen=True)
class Data:
    """Paths under the folder; everything a stack ever writes is below it."""

    folder: Path

    @property
    def keys(self) -> Keys:
        return Keys(self.folder / "keys")

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def mail(self) -> Path:
        return self.folder / "mail"

    @property
    def page(self) -> Path:
        """What the gateway serves for the page on a development stack alone."""
        return self.folder / "page"

    @property
    def stack_json(self) -> Path:
        return self.folder / "stack.json"

    @property
    def clock(self) -> Path:
        """What the stack's clock has shown, where it was not the machine's (`times.read`)."""
        return self.folder / "clock.json"

    @property
    def _ended(self) -> Path:
        return self.folder / "ended"

    @property
    def _alive(self) -> Path:
        return self.folder / "alive"

    def take(self) -> int:
        """Make the folder and hold it, as `lock`. Raises DataInUse, or OSError with what is wrong in words."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return self.lock()
        except OSError as error:
            why = f"no data can be kept here: {error.strerror}"
            raise OSError(error.errno, why, str(error.filename or self.folder)) from error

    def make(self) -> None:
        """Make what is missing. All of it is its owner's alone: mails, logs and documents speak of people."""
        below = (self.logs, self.mail, self.folder / "broker", self.folder / "database", self.folder / "gateway")
        self.folder.mkdir(parents=True, exist_ok=True)
        for each in (self.folder, *below):
            each.mkdir(exist_ok=True)
            each.chmod(0o700)
        for file in (*self.logs.iterdir(), *self.mail.iterdir()):
            file.chmod(0o600)
        self.keys.make()

    def set_logs_aside(self) -> None:
        """Begin new logs; those of the run before stay beside them as `.log.before`."""
        for log in self.logs.glob("*.log"):
            log.replace(log.with_suffix(".log.before"))

    def lock(self) -> int:
        """Hold the folder for this process; the open file is returned, closing it lets go. DataInUse."""
        held = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            raise DataInUse(
                f"another stack runs on {self.folder}; stop it, or give another folder with --data"
            ) from None
        return held

    def read_stack(self) -> dict[str, Any] | None:
        """What `write_stack` last wrote, or None."""
        try:
            stack: dict[str, Any] = json.loads(self.stack_json.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return stack

    def write_stack(self, stack: dict[str, Any]) -> None:
        write_private(self.stack_json, json.dumps(stack, indent=2) + "\n")

    def beat(self) -> None:
        """Say that the stack runs; the file's time tells the next run how far back to look after an unclean end."""
        self._alive.touch(mode=0o600)
        people.refresh(self.page, self.keys)

    def ended_cleanly(self) -> None:
        self._ended.touch(mode=0o600)
        self._alive.unlink(missing_ok=True)
        self.stack_json.unlink(missing_ok=True)

    def ran_until(self) -> datetime:
        """When the last run ended, by the machine's clock, rather too late than too early; now, if none is known."""
        marks = [mark.stat().st_mtime for mark in (self._ended, self._alive) if mark.exists()]
        return min(now(), datetime.fromtimestamp(max(marks), UTC) + _BETWEEN_BEATS) if marks else now()

    def replay_since(self) -> datetime | None:
        """From when events have to go out again, as the last run did not end cleanly; None if it did."""
        if not self._alive.exists():
            return None
        return datetime.fromtimestamp(self._alive.stat().st_mtime, UTC) - REPLAYED


_BETWEEN_BEATS = timedelta(seconds=5)
REPLAYED = timedelta(seconds=60)
"""How much is sent again after the broker ended uncleanly; it loses about a second."""


def default_folder() -> Path:
    """`--data` where it is not given: GOLEM_DATA, else .golem in the working directory."""
    return Path(os.environ.get("GOLEM_DATA") or ".golem")


def now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)
