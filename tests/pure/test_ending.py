"""A process whose work is done goes quickly."""

import os
import subprocess
import sys

import pytest

from shared.settings import EX_CONFIG

_CODE = """
import atexit

from shared.process import ending

class Told:
    def __del__(self):
        print("collected")

told = Told()
told.itself = told
atexit.register(lambda: globals().pop("told"))
{ends}
"""


def ended(code: str, **environment: str) -> tuple[int, str]:
    command = [sys.executable, "-c", _CODE.format(ends=code)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment})
    return run.returncode, run.stdout


@pytest.mark.parametrize(("quickly", "said"), [("", "collected\n"), ("ending.quickly()", "")])
def test_no_garbage_is_looked_for_at_the_end(quickly: str, said: str) -> None:
    assert ended(quickly) == (0, said)


@pytest.mark.parametrize(
    "starts",
    [
        "import shared.process.gunicorn_config",
        "import services.listing.main as listing; raise SystemExit(listing.SERVICE.main([]))",
    ],
)
def test_web_and_worker_look_for_none(starts: str) -> None:
    """Both end here because of their settings, which is an end like any other."""
    assert ended(starts, MONGODB_URI="not a URI") == (EX_CONFIG, "")
