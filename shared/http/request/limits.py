"""How fast one may ask: a burst, then a steady rate. Counted in memory, so each process counts for itself.

A person is limited by who they are, one without a token by the address that they come from, as the gateway tells it.
"""

import functools
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Lock
from typing import Any

from shared.http.problems import Problem
from shared.settings import Network

MOST_ADDRESSES = 20_000
_SITE = 64
_MOST_KNOWN = 4096


class PersonLimit:
    """At most `burst` requests in any `burst / per_second` seconds: a burst at once, over time `per_second`. A burst is
    a second's at least.
    """

    def __init__(self, per_second: int, burst: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most = max(burst, per_second)
        self._seconds = self._most / per_second
        self._monotonic, self._lock = monotonic, Lock()
        self._taken: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, person_id: str) -> None:
        """Counts one request of this person; Problem 429 with Retry-After where it is one too many."""
        with self._lock:
            now = self._monotonic()
            self._forget(now - self._seconds)
            taken = self._taken.setdefault(person_id, deque(maxlen=self._most))
            free_in = taken[0] + self._seconds - now if len(taken) == self._most else 0.0
            if free_in <= 0:
                taken.append(now)
                self._taken.move_to_end(person_id)
        if free_in > 0:
            raise _too_many(free_in)

    def _forget(self, since: float) -> None:
        """Those who have asked for nothing since then; whoever asked last stands last."""
        while self._taken and next(iter(self._taken.values()))[-1] <= since:
            self._taken.popitem(last=False)


class Pace:
    """A burst, then one each so many seconds, of whoever a text names.

    The latest 20,000 are remembered, each as the time at which they will have a whole burst again (GCRA): there may be
    as many names as addresses, and those cost nothing. Whoever has more than that has as many bursts in any case.
    """

    def __init__(self, each: float, burst: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`each`: seconds for one; `burst`: in how many seconds a whole burst is there again."""
        self._each, self._burst = each, burst
        self._monotonic, self._lock = monotonic, Lock()
        self._whole_at: OrderedDict[str, float] = OrderedDict()

    def wait(self, name: str, times: int = 1) -> float:
        """Counts one, and says 0; where it is one too many nothing is counted, and these are the seconds to wait.

        `times` as many at once and over time: a name that is asked about with it has a count of its own.
        """
        each, key = self._each / times, name if times == 1 else f"{name} {times}"
        with self._lock:
            now = self._monotonic()
            before = max(self._whole_at.pop(key, now), now)
            wait = before + each - now - self._burst
            taken = wait <= each / 1000
            self._whole_at[key] = before + (each if taken else 0)
            if len(self._whole_at) > MOST_ADDRESSES:
                self._whole_at.popitem(last=False)
        return 0.0 if taken else wait

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._whole_at)


class AddressLimit:
    """The same of those without a token: an IPv4 address, or the /64 of an IPv6 one, is one of them.

    `gateways` are who may tell whose request it is.
    """

    def __init__(
        self,
        per_second: int,
        burst: int,
        gateways: tuple[Network, ...],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pace, self._gateways = Pace(1 / per_second, burst / per_second, monotonic), gateways

    def client(self, environ: Mapping[str, Any]) -> str:
        """Whose request it is (`client_of`)."""
        return client_of(environ, self._gateways)

    def check(self, environ: Mapping[str, Any], times: int = 1) -> None:
        """Counts one request of its client; Problem 429 with Retry-After where it is one too many. `times` as many are
        let through where systems ask, counted apart from what else comes from there.
        """
        if wait := self.pace.wait(self.client(environ), times):
            raise _too_many(wait)


def client_of(environ: Mapping[str, Any], gateways: tuple[Network, ...]) -> str:
    """Where a request comes from: an IPv4 address, or the /64 that an IPv6 one belongs to.

    X-Forwarded-For counts from one of `gateways` alone, and of it the last address: what stands before it, the client
    may have made up.
    """
    return _client(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2], gateways)


@functools.lru_cache(_MOST_KNOWN)
def _client(remote: str, forwarded: str, gateways: tuple[Network, ...]) -> str:
    address = _address(remote)
    if address is not None and any(address in each for each in gateways):
        address = _address(forwarded) or address
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
