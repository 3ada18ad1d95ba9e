"""The tokens that a client comes in with (SASL OAUTHBEARER), by OAuth 2.0 client credentials (RFC 6749, 4.4)."""

import base64
import json
import logging
import threading
import time
from urllib.parse import quote_plus, urlencode

from kafka.errors import KafkaConnectionError
from kafka.net.sasl.oauth import AbstractTokenProvider

from shared.outgoing import NoAnswer, submit
from shared.settings import OAuth

log = logging.getLogger(__name__)

_SECONDS = 3.0
"""Less than a client waits for its broker: the one that asks stands still meanwhile."""
_MOST_BYTES = 64 * 1024
_UNSAID = 60.0
"""How long a token is used whose issuer does not say how long it lasts."""
_USED = 0.8
"""The part of its time after which another token is asked for."""


class TokenProvider(AbstractTokenProvider):  # type: ignore[misc]  # kafka-python has no types
    """Gives one client its token, and asks for another before that has run out."""

    def __init__(self, settings: OAuth) -> None:
        super().__init__()
        self._settings = settings
        self._lock = threading.Lock()
        self._token, self._renew_at = "", 0.0

    def token(self) -> str:
        """The token to show. KafkaConnectionError where none can be had, for that is tried again."""
        with self._lock:
            if time.monotonic() >= self._renew_at:
                asked_at = time.monotonic()
                self._token, lasts = self._ask()
                self._renew_at = asked_at + lasts * _USED
            return self._token

    def _ask(self) -> tuple[str, float]:
        """(token, seconds that it lasts)"""
        wanted = {"grant_type": "client_credentials"}
        if self._settings.scope:
            wanted["scope"] = self._settings.scope
        login = f"{quote_plus(self._settings.client_id)}:{quote_plus(self._settings.client_secret)}"
        headers = {
            "Authorization": f"Basic {base64.b64encode(login.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        try:
            status, body = submit(
                self._settings.token_url,
                urlencode(wanted).encode(),
                seconds=_SECONDS,
                most_bytes=_MOST_BYTES,
                headers=headers,
            )
            if status != 200:
                raise NoAnswer(f"status {status}")
            return _read(body)
        except (NoAnswer, ValueError, LookupError, TypeError, AttributeError) as error:
            reason = (
                error.reason if isinstance(error, NoAnswer) else f"an answer without a token ({type(error).__name__})"
            )
            log.warning("no token for Kafka", extra={"reason": reason})
            raise KafkaConnectionError(f"no token from KAFKA_OAUTH_TOKEN_URL: {reason}") from None


def _read(body: bytes) -> tuple[str, float]:
    answer = json.loads(body)
    token, kind = answer["access_token"], answer["token_type"]
    lasts = float(answer.get("expires_in", _UNSAID))
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or kind.lower() != "bearer":
        raise ValueError("no bearer token")
    return token, lasts if lasts > 0 else 0.0
