"""Serves the floor's app: the gunicorn that serves ours, one process, as many threads; and a plain Caddy before it."""

import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.ground import Ground
from bench.started import processes
from bench.webs import wait_for
from deploy.embedded.ports import free_ports

_CADDYFILE = """{{
	admin off
	auto_https off
	persist_config off
}}
:{port} {{
	bind 127.0.0.1
{paths}	reverse_proxy 127.0.0.1:{first}
}}
"""
_PATH = """	handle_path /{number}/* {{
		reverse_proxy 127.0.0.1:{port}
	}}
"""


@dataclass(frozen=True)
class Served:
    """Base URLs: straight to the first process, and through Caddy (below `/1/`, `/2/`, ... to each)."""

    straight: str
    gateway: str


@contextmanager
def web(ground: Ground, writes: str, count: int = 1) -> Iterator[Served]:
    """So many processes of the floor's app behind one Caddy; `writes` is the database and collection for what they
    write.
    """
    ports = [port for _, port in zip(range(count + 1), free_ports(), strict=False)]
    front, webs = ports[0], ports[1:]
    environment = {
        "FLOOR_MONGODB": ground.stack.mongodb,
        "FLOOR_READS": f"{ground.prefix}listing.listings",
        "FLOOR_MATCHES": f"{ground.prefix}matching.offers",
        "FLOOR_WRITES": writes,
    }
    gunicorn = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--threads", "9", "--keep-alive", "75"]
    gunicorn += ["--no-control-socket", "bench.floors.web:app()"]
    with TemporaryDirectory(prefix="floor-") as folder:
        file = Path(folder) / "Caddyfile"
        paths = "".join(_PATH.format(number=number, port=port) for number, port in enumerate(webs, start=1))
        file.write_text(_CADDYFILE.format(port=front, paths=paths, first=webs[0]))
        caddy = [
            str(Path(sysconfig.get_path("scripts")) / "caddy"),
            "run",
            "--config",
            str(file),
            "--adapter",
            "caddyfile",
        ]
        commands = [caddy, *([*gunicorn, "--bind", f"127.0.0.1:{port}"] for port in webs)]
        homes = {"HOME": folder, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder}
        with processes(commands, [homes, *([environment] * count)]) as check:
            for port in (*webs, front):
                wait_for(f"127.0.0.1:{port}", "/healthz", check)
            yield Served(f"http://127.0.0.1:{webs[0]}", f"http://127.0.0.1:{front}")
