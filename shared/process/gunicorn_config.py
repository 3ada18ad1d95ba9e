"""gunicorn's settings for every web process.

    gunicorn --config python:shared.process.gunicorn_config "services.listing.main:web()"

Threads behind one process (gthread), everything from the environment. Wrong settings end the master with 78, whether it
finds them itself or a worker does. What gunicorn refuses itself is a problem document like any other refusal.
"""

import ctypes
import mmap
import os
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from shared.process import ending
from shared.settings import EX_CONFIG, load_or_exit
from shared.telemetry import otlp

ending.quickly()
_service = re.search(r"\bservices\.(\w+)\.", " ".join(sys.argv))
_name = _service[1] if _service else "web"
_settings = load_or_exit(_name, "web")
_web = _settings.web
_WORKER_BOOT_ERROR = 3
_PR_SET_PDEATHSIG = 1
_refused = mmap.mmap(-1, 1)
"""One byte that the master shares with its workers: set where one of them found wrong settings."""

_stop_traces: otlp.Stop = lambda: None  # noqa: E731
_own_folder = ""
if _web.workers > 1 and not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    _own_folder = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix=f"metrics-{_name}-")

bind = [str(_web.bind)]
worker_class = "gthread"
workers = _web.workers
threads = _web.threads + 1 + _web.streams  # see shared.process.spare
worker_connections = max(1000, 2 * threads)
graceful_timeout = _web.graceful_timeout
keepalive = _web.keepalive
reuse_port = True
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()
control_socket_disable = True
accesslog = None
forwarded_allow_ips = ""  # nobody sets the scheme or SCRIPT_NAME; who may name the client: shared.http.request.limits
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190
proc_name = f"{_name}-web"

_handlers = {
    "stdout": {
        "class": "logging.StreamHandler",
        "formatter": "lines",
        "filters": ["nothing_personal"],
        "stream": "ext://sys.stdout",
    }
}
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "shared.telemetry.logs.JsonLines", "service": _name, "process": "web"}},
    "filters": {"nothing_personal": {"()": "shared.telemetry.logs.NothingPersonal"}},
    "handlers": _handlers,
    "root": {"level": _settings.log_level, "handlers": ["stdout"]},
    "loggers": {"gunicorn.error": {"level": _settings.log_level, "handlers": ["stdout"], "propagate": False}},
}


def on_starting(_server: Any) -> None:
    """Counts of workers that an earlier master had would be added to ours."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for left in Path(folder).glob("*.db"):
            left.unlink(missing_ok=True)


def post_fork(_server: Any, _worker: Any) -> None:
    """The worker ends with its master, says gunicorn's own refusals (one function, in HTML) as problem documents, and
    sends its spans where a collector is set.
    """
    global _stop_traces
    _end_with_the_master()
    _stop_traces = otlp.start(_settings.otlp_endpoint, _name, "web")
    import gunicorn.util  # type: ignore[import-untyped]

    from shared.http.answer.refusals import write_problem

    gunicorn.util.write_error = write_problem


def post_worker_init(_worker: Any) -> None:
    """What runs for long in a request is told at once that the process ends."""
    ending.on_signal(signal.SIGTERM)


def _end_with_the_master() -> None:
    """A worker whose master was killed would drain for `graceful_timeout`, and keep its share of the port's connections
    from the master that is started next. On Linux the kernel ends it at once."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def worker_exit(_server: Any, _worker: Any) -> None:
    """A worker that found wrong settings would be started again for ever: have the master end instead."""
    _stop_traces()
    ending = sys.exc_info()[1]
    if isinstance(ending, SystemExit) and ending.code == EX_CONFIG:
        _refused[0] = EX_CONFIG
        sys.stdout.flush()
        os._exit(_WORKER_BOOT_ERROR)


def child_exit(_server: Any, worker: Any) -> None:
    """Drop the gauges of a worker that is gone."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(_server: Any) -> None:
    if _own_folder:
        shutil.rmtree(_own_folder, ignore_errors=True)
    if _refused[0]:
        sys.exit(_refused[0])
