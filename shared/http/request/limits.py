"""How fast one may ask: a burst, then a steady rate. Counted in memory, so each process counts for itself.

A person is limited by who they are, one without a token by the address that they come from, as the gateway tells it.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Lock
from typing import Any

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from shared.http.problems import Problem
from shared.settings import Network

MOST_ADDRESSES = 20_000
_SITE = 64


class PersonLimit:
    """At most `burst` requests in any `burst / per_second` seconds: a burst at once, over time `per_second`."""

    def __init__(self, per_second: int, burst: int) -> None:
        self._item = RateLimitItemPerSecond(max(burst, per_second), max(1, round(burst / per_second)))
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, person_id: str) -> None:
        """Counts one request of this person; Problem 429 with Retry-After where it is one too many."""
        if not self._limiter.hit(self._item, person_id):
            reset = self._limiter.get_window_stats(self._item, person_id).reset_time
            raise _too_many(reset - time.time())


class AddressLimit:
    """The same of those without a token: an IPv4 address, or the /64 of an IPv6 one, is one of them.

    `gateways` are who may tell whose request it is. The latest 20,000 are remembered, each as the time at which they
    will have a whole burst again (GCRA): whoever comes from more addresses than that has as many bursts in any case.
    """

    def __init__(
        self,
        per_second: int,
        burst: int,
        gateways: tuple[Network, ...],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._each, self._burst, self._gateways = 1 / per_second, burst / per_second, gateways
        self._monotonic, self._lock = monotonic, Lock()
        self._whole_at: OrderedDict[str, float] = OrderedDict()

    def check(self, environ: Mapping[str, Any]) -> None:
        """Counts one request of its client; Problem 429 with Retry-After where it is one too many."""
        client = client_of(environ, self._gateways)
        with self._lock:
            now = self._monotonic()
            before = max(self._whole_at.pop(client, now), now)
            wait = before + self._each - now - self._burst
            taken = wait <= self._each / 1000
            self._whole_at[client] = before + (self._each if taken else 0)
            if len(self._whole_at) > MOST_ADDRESSES:
                self._whole_at.popitem(last=False)
        if not taken:
            raise _too_many(wait)


def client_of(environ: Mapping[str, Any], gateways: tuple[Network, ...]) -> str:
    """Where a request comes from: an IPv4 address, or the /64 that an IPv6 one belongs to.

    X-Forwarded-For counts from one of `gateways` alone, and of it the last address: what stands before it, the client
    may have made up.
    """
    address = _address(environ.get("REMOTE_ADDR", ""))
    if address is not None and any(address in each for each in gateways):
        address = _address(environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2]) or address
    return str(IPv6Network((int(address), _SITE), strict=False)) if isinstance(address, IPv6Address) else str(address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _too_many(seconds: float) -> Problem:
    wait = max(1.0, seconds)
    return Problem("too-many-requests", f"Wait {wait:.0f} s, then go on more slowly.", retry_after=wait)
