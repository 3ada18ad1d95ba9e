"""More processes like those of the stack: the same command and environment, with some settings changed."""

import http.client
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psutil

from bench.ground import Ground
from bench.started import processes
from deploy.embedded.ports import free_ports


@contextmanager
def like(ground: Ground, name: str, **changed: str) -> Iterator[str]:
    """Another process like `name` (`listing-web`, `escrow-worker`), on a port of its own; its base URL, once ready."""
    with all_like(ground, {name: changed}) as bases:
        yield bases[0]


@contextmanager
def all_like(ground: Ground, names: Mapping[str, Mapping[str, str]]) -> Iterator[list[str]]:
    """One like each of these, with those settings changed; all start at once."""
    commands, environments, addresses = [], [], []
    for (name, changed), port in zip(names.items(), free_ports(), strict=False):
        process, address = psutil.Process(ground.stack.pid(name)), f"127.0.0.1:{port}"
        where = "BIND" if name.endswith("-web") else "HEALTH_BIND"
        commands.append(process.cmdline())
        environments.append({**process.environ(), where: address, **changed})
        addresses.append(address)
    with processes(commands, environments) as check:
        for address in addresses:
            wait_for(address, "/readyz", check)
        yield [f"http://{address}" for address in addresses]


def wait_for(address: str, path: str, check: object = None, seconds: float = 60.0) -> None:
    """Until it answers 200. Raises TimeoutError, or what `check()` raises."""
    end = time.monotonic() + seconds
    while True:
        connection = http.client.HTTPConnection(address, timeout=2)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        if callable(check):
            check()
        if time.monotonic() > end:
            raise TimeoutError(f"{address} does not answer")
        time.sleep(0.05)
