"""TLS in front of a server that has none: what a client shows and checks is real, what lies behind it is plain."""

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.certificates import Authority
from tests.support.stub import stub


@contextmanager
def tls_relay(authority: Authority, host: str, port: int) -> Iterator[int]:
    """A port of 127.0.0.1 that takes clients with a certificate of this authority alone, and leads to the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_own(authority))
    context.load_verify_locations(authority.ca_file)
    context.verify_mode = ssl.CERT_REQUIRED

    def play(link: socket.socket, ended: threading.Event) -> None:
        with context.wrap_socket(link, server_side=True) as client, socket.create_connection((host, port)) as server:
            other = {client: server, server: client}
            while not ended.is_set():
                ready = [client] if client.pending() else select.select([*other], [], [], 0.1)[0]
                for each in ready:
                    read = each.recv(65_536)
                    if not read:
                        return
                    other[each].sendall(read)

    with stub(play) as running:
        yield running.port


def _own(authority: Authority) -> Path:
    return authority.issued("relay", ["127.0.0.1"])
