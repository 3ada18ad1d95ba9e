"""How a process comes in at Kafka: by a password (PLAIN, SCRAM), a client certificate, or tokens (OAUTHBEARER)."""

import ssl
from urllib.parse import urlsplit

from shared.settings import values
from shared.settings.environment import Reader
from shared.settings.sections import Kafka, OAuth

_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_TOKENS = "OAUTHBEARER"
_PASSWORDS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

_SSL = ("KAFKA_SSL_CA_FILE", "KAFKA_SSL_CERTIFICATE_FILE", "KAFKA_SSL_KEY_FILE", "KAFKA_SSL_KEY_PASSWORD")
_LOGIN = ("KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD")
_OAUTH = ("KAFKA_OAUTH_TOKEN_URL", "KAFKA_OAUTH_CLIENT_ID", "KAFKA_OAUTH_CLIENT_SECRET", "KAFKA_OAUTH_SCOPE")


def read_kafka(read: Reader) -> Kafka:
    """The settings of Kafka's clients; what does not fit together is a fault, named by what is too much or missing."""
    faults = len(read.faults)
    protocol = read.one("KAFKA_SECURITY_PROTOCOL", values.choice(*_PROTOCOLS), "PLAINTEXT")
    understood = len(read.faults) == faults
    sasl, tls = protocol.startswith("SASL_"), protocol.endswith("SSL")
    mechanism = read.optional("KAFKA_SASL_MECHANISM", values.choice(*_PASSWORDS, _TOKENS), needed=sasl)
    by_tokens, by_password = sasl and mechanism == _TOKENS, sasl and mechanism != _TOKENS
    if understood and not tls:
        _refuse(read, _SSL, f"KAFKA_SECURITY_PROTOCOL is {protocol}, which has no TLS")
    if understood and not sasl:
        _refuse(read, ("KAFKA_SASL_MECHANISM", *_LOGIN, *_OAUTH), f"KAFKA_SECURITY_PROTOCOL is {protocol}")
    elif mechanism is not None:
        _refuse(read, _LOGIN if by_tokens else _OAUTH, f"KAFKA_SASL_MECHANISM is {mechanism}")
    kafka = Kafka(
        read.one("KAFKA_BOOTSTRAP_SERVERS", values.servers),
        protocol,
        mechanism,
        read.optional("KAFKA_SASL_USERNAME", values.text, needed=by_password),
        read.optional("KAFKA_SASL_PASSWORD", values.text, needed=by_password, secret=True),
        read.optional("KAFKA_GROUP_INSTANCE_ID", values.text),
        read.optional("KAFKA_SSL_CA_FILE", values.certificates),
        read.optional("KAFKA_SSL_CERTIFICATE_FILE", values.readable),
        read.optional("KAFKA_SSL_KEY_FILE", values.readable),
        read.optional("KAFKA_SSL_KEY_PASSWORD", values.text, secret=True),
        _oauth(read, by_tokens),
    )
    if tls:
        _check_certificate(read, kafka)
    return kafka


def _oauth(read: Reader, needed: bool) -> OAuth | None:
    found = OAuth(
        read.optional("KAFKA_OAUTH_TOKEN_URL", _token_url, needed=needed) or "",
        read.optional("KAFKA_OAUTH_CLIENT_ID", values.text, needed=needed) or "",
        read.optional("KAFKA_OAUTH_CLIENT_SECRET", values.text, needed=needed, secret=True) or "",
        read.optional("KAFKA_OAUTH_SCOPE", values.text),
    )
    return found if needed else None


def _token_url(raw: str) -> str:
    """The client's secret goes there, so it goes by TLS or stays on this machine."""
    parts = urlsplit(values.url(raw))
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ValueError("expected an https URL")
    return raw


def _refuse(read: Reader, names: tuple[str, ...], why: str) -> None:
    for name in names:
        if read.given(name) or read.given(f"{name}_FILE"):
            read.fault(name, f"is given, and {why}")


def _check_certificate(read: Reader, kafka: Kafka) -> None:
    """That certificate, key and password open each other is known at the start, not at the first connection."""
    if kafka.certificate_file is None:
        for name in ("KAFKA_SSL_KEY_FILE", "KAFKA_SSL_KEY_PASSWORD"):
            if read.given(name) or read.given(f"{name}_FILE"):
                read.fault(name, "is given without KAFKA_SSL_CERTIFICATE_FILE")
        return
    try:
        # With a password in any case: without one OpenSSL would ask for it at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(
            kafka.certificate_file, kafka.key_file, kafka.key_password or ""
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or "its key is encrypted, and KAFKA_SSL_KEY_PASSWORD does not open it"
        read.fault("KAFKA_SSL_CERTIFICATE_FILE", f"expected a PEM certificate and its key (KAFKA_SSL_KEY_FILE): {why}")
