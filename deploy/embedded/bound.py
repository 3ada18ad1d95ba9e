"""supervisord, bound to the process that starts it: `python -m deploy.embedded.bound PARENT_PID OPTION...`

When the parent's thread that started it is gone, however that came, the kernel sends SIGTERM (Linux; elsewhere nothing
does). For stacks in a temporary folder, which no later run would clean up after.
"""

import ctypes
import os
import signal
import sys

from supervisor import supervisord

_PR_SET_PDEATHSIG = 1


def main() -> None:
    parent = int(sys.argv.pop(1))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            return
    supervisord.main()


if __name__ == "__main__":
    main()
