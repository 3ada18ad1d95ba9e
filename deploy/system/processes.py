"""The processes of a stack on this machine."""

import time
from typing import Any

import psutil

from deploy.embedded import identity
from deploy.system.connect import System


def processes(system: System) -> list[dict[str, Any]]:
    """[{name, pid, running, seconds, megabytes}] of a stack on this machine; empty for other systems."""
    rows = []
    for record in (system.stack or {}).get("processes", ()):
        process = identity.find(record)
        rows.append(
            {
                "name": record["name"],
                "pid": record["pid"],
                "running": process is not None,
                "seconds": round(time.time() - record["started"]) if process else 0,
                "megabytes": _megabytes(process) if process else 0,
            }
        )
    return rows


def _megabytes(process: Any) -> int:
    try:
        whole = [process, *process.children(recursive=True)]
        return int(sum(each.memory_info().rss for each in whole) >> 20)
    except psutil.Error:
        return 0
