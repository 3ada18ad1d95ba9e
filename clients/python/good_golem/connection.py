"""A client of the generated operations that has patience."""

import httpx
from good_golem.patience import Patience
from good_golem_client import AuthenticatedClient


def connect(url: str, token: str, *, transport: httpx.BaseTransport | None = None) -> AuthenticatedClient:
    """A client for the `sync` operations of `good_golem_client.api`, as whoever the bearer token names.

    An answer is waited for 20 s, and asked for again by `transport`: a Patience of half a minute where none is given.
    """
    return AuthenticatedClient(
        base_url=url, token=token, timeout=httpx.Timeout(20), httpx_args={"transport": transport or Patience()}
    )
