"""A process whose work is done goes quickly."""

import subprocess
import sys

import pytest

_CODE = """
from shared.process import ending

class Told:
    def __del__(self):
        print("collected")

told = Told()
told.itself = told
{quickly}
"""


@pytest.mark.parametrize(("quickly", "said"), [("", "collected\n"), ("ending.quickly()", "")])
def test_no_garbage_is_looked_for_at_the_end(quickly: str, said: str) -> None:
    code = _CODE.format(quickly=quickly)
    ended = subprocess.run([sys.executable, "-c", code + "del told"], capture_output=True, text=True, timeout=60)

    assert (ended.returncode, ended.stdout) == (0, said)
