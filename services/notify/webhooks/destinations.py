"""Where a webhook may go: over HTTPS to public addresses alone; connections are made to the address that was checked.

`ssrfguard` reads the URL, looks the name up once and checks every answer; its table is made stricter here. What a
development stack must reach beside that (a receiver on this machine) its settings name.
"""

import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import ip_network

from ssrfguard import DEFAULT_DENIED, AddressTable, Block, Policy, Reach, Resolver, SSRFGuardError, Target
from ssrfguard import connect as connect_checked
from ssrfguard import resolve as resolve_checked

from shared.settings import Network

PORTS = frozenset({443, 8443})
MOST_ADDRESSES = 3
"""Addresses of one name that are tried, each for at most CONNECT_SECONDS."""

CONNECT_SECONDS = 5.0
_CARRIERS = frozenset({ip_network("::ffff:0:0/96"), ip_network("64:ff9b::/96")})
"""IPv4 in IPv6 where the address inside decides: as the system writes one, and as a translator (DNS64) does."""


def _table() -> AddressTable:
    """Every special block is refused, tunnels and anycast services with them, and so is what is no global unicast."""
    special = [
        block if block.network in _CARRIERS else replace(block, reach=Reach.DENIED) for block in DEFAULT_DENIED.blocks
    ]
    return AddressTable(
        (
            *special,
            Block(ip_network("::ffff:0:0:0/96"), "IPv4-translated (SIIT)", "RFC2765", Reach.DENIED),
            Block(ip_network("168.63.129.16/32"), "Cloud platform's own (Azure WireServer)", "none", Reach.DENIED),
            Block(ip_network("::/0"), "no global unicast address", "RFC4291", Reach.DENIED),
            Block(ip_network("2000::/3"), "Global Unicast", "RFC4291", Reach.PERMITTED),
        )
    )


PUBLIC = Policy(allowed_schemes=frozenset({"https"}), denied_networks=_table(), allowed_ports=PORTS)


class Refused(Exception):
    """The URL, or an address of its host, is none that a webhook may have; `reason` says which rule it breaks."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Destinations:
    """`networks` may be reached beside the public addresses, over HTTP too and at any port: for development alone."""

    def __init__(self, networks: Sequence[Network] = (), resolver: Resolver | None = None) -> None:
        self._policy, self._resolver = PUBLIC, resolver
        if networks:
            self._policy = replace(
                PUBLIC,
                allowed_schemes=frozenset({"http", "https"}),
                allowed_ports=frozenset(range(1, 65_536)),
                allowed_networks=tuple(networks),
            )

    def check(self, url: str) -> Target:
        """What of a URL can be decided without looking its name up; Refused."""
        try:
            return self._policy.check_url(url)
        except SSRFGuardError as error:
            raise Refused(getattr(error, "reason", "")[:300]) from None

    def connect(self, target: Target, left: Callable[[], float]) -> socket.socket:
        """A connection to one of the host's addresses, all of which were checked. `left` gives the seconds that remain.

        Raises Refused, OSError (gaierror and TimeoutError among them).
        """
        try:
            addresses = resolve_checked(target, policy=self._policy, resolver=self._resolver)
            failed: OSError = OSError("no address")
            for address in addresses[:MOST_ADDRESSES]:
                try:
                    return connect_checked((address,), policy=self._policy, timeout=min(left(), CONNECT_SECONDS))
                except OSError as error:
                    failed = error
            raise failed
        except SSRFGuardError as error:
            raise Refused(getattr(error, "reason", "")[:300]) from None
