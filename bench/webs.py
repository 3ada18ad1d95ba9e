"""More processes like those of the stack: the same command and environment, with some settings changed."""

import http.client
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil

from bench.ground import Ground
from bench.started import processes
from deploy.embedded.ports import free_ports


@contextmanager
def like(ground: Ground, name: str, **changed: str) -> Iterator[str]:
    """Another process like `name` (`listing-web`, `escrow-worker`), on a port of its own; its base URL, once ready."""
    process = psutil.Process(ground.stack.pid(name))
    address = f"127.0.0.1:{next(free_ports())}"
    where = "BIND" if name.endswith("-web") else "HEALTH_BIND"
    environment = {**process.environ(), where: address, **changed}
    with processes([process.cmdline()], [environment]) as check:
        wait_for(address, "/readyz", check)
        yield f"http://{address}"


@contextmanager
def all_like(ground: Ground, names: list[str], **changed: str) -> Iterator[list[str]]:
    with ExitStack() as stack:
        yield [stack.enter_context(like(ground, name, **changed)) for name in names]


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
