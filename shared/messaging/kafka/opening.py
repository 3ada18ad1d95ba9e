"""Makes the clients of kafka-python and closes them, so that nothing they opened is left behind by an error.

Its constructors raise where no broker answers and leave their selector, its sockets and their thread behind; a `close`
that raises leaves them, too; and a socket that does not come to be connected is left to the garbage collector.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket
from kafka.net.selector import NetworkSelector

from shared.messaging.ports import Rebalanced

log = logging.getLogger(__name__)
Client = TypeVar("Client")
_SCHEME = "direct"
_SENDER_ENDS_WITHIN = 6.0
"""Seconds: as long as one request of a producer's may take, and a little."""


class _Direct(KafkaNetSocket):  # type: ignore[misc]
    """Connects to the broker itself; what does not come to be connected is closed. Chosen by its scheme."""

    SCHEMES = (_SCHEME,)

    async def sock_connect(self, net: Any, sock: Any, sockaddr: Any, timeout_at: float | None = None) -> Any:
        try:
            return await super().sock_connect(net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:  # also what closes a coroutine under way
            sock.close()
            raise


def opened(kind: Callable[..., Client], **options: Any) -> Client:
    """Make a KafkaConsumer, KafkaProducer or KafkaAdminClient; where that raises, what it had opened is closed.

    Raises KafkaError.
    """
    with ExitStack() as closing:

        def connections(**configs: Any) -> KafkaNetClient:
            net = NetworkSelector(**configs)
            closing.callback(net.close)
            made = KafkaNetClient(net=net, **configs)
            closing.callback(made.close)
            return made

        client = kind(kafka_client=connections, proxy_url=f"{_SCHEME}://", **options)
        closing.pop_all()
    return client


def shut(client: Any, **how: Any) -> None:
    """Close a client, `how` being what its `close` takes; where that fails, its connections and its thread end, too."""
    try:
        with closing_quietly():
            client.close(**how)
    finally:
        _end(client)


@contextmanager
def closing_quietly() -> Iterator[None]:
    """What goes wrong while a client is closed is logged."""
    try:
        yield
    except (KafkaError, Rebalanced, OSError) as error:
        log.info("closing a Kafka client", extra={"error": type(error).__name__})


def _end(client: Any) -> None:
    sender = getattr(client, "_sender", None)
    if sender is not None and sender.is_alive():  # a producer's thread closes its connections at its end
        sender.force_close()
        sender.join(_SENDER_ENDS_WITHIN)
    connections = getattr(client, "_client", None)
    if connections is not None:
        connections.close()


@contextmanager
def using(kind: Callable[..., Client], /, how: dict[str, Any] | None = None, **options: Any) -> Iterator[Client]:
    """A client for a while. Raises KafkaError where it cannot be made."""
    client = opened(kind, **options)
    try:
        yield client
    finally:
        shut(client, **(how or {}))
