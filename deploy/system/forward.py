"""Forwards events to a URL as webhooks are sent: the same body, headers and signatures (`services.notify.webhooks`)."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from services.notify.webhooks.deliverer import CONTENT_TYPE
from services.notify.webhooks.posting import WITHIN_SECONDS
from services.notify.webhooks.signing import Signer, secret
from shared.outgoing import USER_AGENT

_OWN = "listen"
"""Stands for a webhook's id where its secret is derived."""


@dataclass(frozen=True)
class Forwarded:
    """`status` is the answer's, None where there was none; then `why` says so."""

    status: int | None
    milliseconds: int
    why: str | None = None


class Forwarder:
    """Sends to one URL. The secret is of the key: the same as long as the key is."""

    def __init__(self, url: str, key: bytes) -> None:
        self._url, self._signer = url, Signer(key, 1)
        self.secret = secret(key, _OWN, 1)
        self._http = httpx.Client(timeout=WITHIN_SECONDS, trust_env=False, follow_redirects=False)

    def send(self, event: Mapping[str, Any]) -> Forwarded:
        """One attempt. The answer's body is not read."""
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        headers = self._signer.headers(_OWN, [1], event["id"], datetime.now(UTC), body)
        headers |= {"Content-Type": CONTENT_TYPE, "User-Agent": USER_AGENT}
        began = time.monotonic()
        status, why = None, None
        try:
            with self._http.stream("POST", self._url, content=body, headers=headers) as answer:
                status = answer.status_code
        except httpx.TransportError as error:
            why = str(error) or type(error).__name__
        return Forwarded(status, round((time.monotonic() - began) * 1000), why)

    def close(self) -> None:
        self._http.close()
