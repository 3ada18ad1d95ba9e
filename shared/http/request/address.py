"""Where a request comes from, by the word of our own gateway alone."""

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

_NETWORK = 64
"""Bits of an IPv6 address that one customer of a provider has to themselves."""


def client_address(environ: Mapping[str, Any]) -> str:
    """The client's address, of IPv6 its network of 64 bits; empty where none is known.

    The gateway writes X-Forwarded-For anew, so its last entry is what it saw itself. Who does not come from a private
    network has not come by the gateway: of theirs the header counts for nothing.
    """
    peer = _address(environ.get("REMOTE_ADDR", ""))
    if peer is not None and peer.is_private:
        peer = _address(environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()) or peer
    if peer is None:
        return ""
    if isinstance(peer, IPv6Address) and peer.ipv4_mapped:
        peer = peer.ipv4_mapped
    return str(ip_network((peer, _NETWORK), strict=False)) if isinstance(peer, IPv6Address) else str(peer)


def _address(text: str) -> Any:
    try:
        return ip_address(text)
    except ValueError:
        return None
