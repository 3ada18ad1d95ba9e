"""Free ports on the loopback address."""

import random
import socket
from collections.abc import Iterator

_BELOW_OUTGOING = range(20_000, 32_000)
"""No system hands these out to outgoing connections, so that a port is still ours while its server restarts."""


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports() -> Iterator[int]:
    """Ports that nobody listens on now, each once, in random order. Somebody may still be faster: callers retry."""
    return (port for port in random.sample(_BELOW_OUTGOING, len(_BELOW_OUTGOING)) if is_free(port))
