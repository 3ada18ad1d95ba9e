"""What every Kafka client of ours is made with, and how it is closed."""

import logging
from collections.abc import Callable
from typing import Any

from kafka.errors import KafkaError

from shared.messaging.kafka.tls import tls_context
from shared.messaging.kafka.tokens import TokenProvider
from shared.messaging.ports import Rebalanced
from shared.settings import Kafka

log = logging.getLogger(__name__)


def connection(settings: Kafka, client: str) -> dict[str, Any]:
    """What every Kafka client of ours is given: where, as whom, and how long to wait."""
    options: dict[str, Any] = {
        "bootstrap_servers": list(settings.bootstrap_servers),
        "client_id": client,
        "security_protocol": settings.security_protocol,
        "bootstrap_timeout_ms": 5000,
        "reconnect_backoff_max_ms": 500,
        "metadata_max_age_ms": 30_000,
    }
    if settings.sasl_mechanism:
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.sasl_password,
        }
    if settings.oauth:
        options["sasl_oauth_token_provider"] = TokenProvider(settings.oauth)
    if settings.security_protocol.endswith("SSL"):
        options["ssl_context"] = tls_context(settings)
    return options


def close_quietly(close: Callable[[], Any]) -> None:
    """Call `close`; what goes wrong while a client is closed is logged, for nothing more is asked of it."""
    try:
        close()
    except (KafkaError, Rebalanced, OSError) as error:
        log.info("closing a Kafka client", extra={"error": type(error).__name__})
