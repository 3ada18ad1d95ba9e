"""What every Kafka client of ours is made with."""

from typing import Any

from shared.messaging.kafka.tls import tls_context
from shared.messaging.kafka.tokens import TokenProvider
from shared.settings import Kafka


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
