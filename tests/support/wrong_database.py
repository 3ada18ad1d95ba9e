"""The embedded database with a clock that is as many seconds ahead as a file says: for whoever asks, theirs is behind.

python -m tests.support.wrong_database FILE ... takes the server's own arguments after the file.
"""

import datetime as real
import sys
from pathlib import Path
from types import SimpleNamespace

from secantus import commands
from secantus.cli import main


def lie_by(file: Path) -> None:
    """Have the server's answers say another time than the machine's."""

    class Shifted(real.datetime):
        @classmethod
        def now(cls, tz: real.tzinfo | None = None) -> "Shifted":
            return super().now(tz) + real.timedelta(seconds=float(file.read_text()))

    names = {name: getattr(real, name) for name in dir(real) if not name.startswith("_")}
    commands._dt = SimpleNamespace(**names | {"datetime": Shifted})


if __name__ == "__main__":
    lie_by(Path(sys.argv.pop(1)))
    sys.exit(main())
