"""The gateway by itself: Caddy with the project's Caddyfile, before whatever stands in for the services."""

import os
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.embedded.ports import is_free
from deploy.gateway import CADDYFILE, SITE
from tests.support.processes import eventually


@contextmanager
def gateway_at(port: int, webs: Mapping[str, int], home: Path, proxies: str) -> Iterator[None]:
    """It listens on 127.0.0.1:`port`, knows each service's web process by its port, and writes below `home` alone."""
    environment = os.environ | {f"{service.upper()}_WEB": f"127.0.0.1:{web}" for service, web in webs.items()}
    environment |= {"GATEWAY_BIND": "127.0.0.1", "GATEWAY_PORT": str(port)}
    environment |= {"GATEWAY_SITE": str(SITE), "GATEWAY_PROXIES": proxies}
    environment |= {"GATEWAY_STORAGE": str(home / "storage"), "HOME": str(home)}
    caddy = str(Path(sysconfig.get_path("scripts")) / "caddy")
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [caddy, "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"],
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        eventually(lambda: not is_free(port), "the gateway listens")
        yield
    finally:
        process.terminate()
        process.wait()
