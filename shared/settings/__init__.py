"""A process's settings: the environment, read once, typed, with every mistake named at once.

A secret may also come as NAME_FILE, the path of a file that holds it. A blank value counts as not given.
"""

import os
import re
import socket
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Literal

from shared.clock import Clock, FastClock, SystemClock
from shared.places import Licences, shipped
from shared.settings import values
from shared.settings.environment import Asked, Reader
from shared.settings.kafka import read_kafka
from shared.settings.sections import (
    PROVIDERS,
    TLS_MODES,
    Address,
    Common,
    Kafka,
    Mail,
    MongoDB,
    Network,
    OAuth,
    Places,
    Provider,
    Settings,
    Terms,
    Tokens,
    Web,
    Webhooks,
    Worker,
)

__all__ = [
    "EX_CONFIG", "Address", "Asked", "Common", "Kafka", "Mail", "MongoDB", "Need", "Network", "OAuth",
    "Places", "Provider", "Settings", "SettingsError", "Terms", "Tokens", "Web", "Webhooks", "Worker", "asked_for",
    "given_in_common", "load", "load_common", "load_kafka", "load_or_exit",
]  # fmt: skip

EX_CONFIG = 78
"""The exit code of a process with wrong settings (sysexits.h)."""

_SUBMISSIONS_PORT = 465
"""RFC 8314: TLS from the first byte."""

_OWN_ISSUER = "https://golem.local"
"""Of tokens that the development key signs."""

Need = Literal["web", "worker", "mail", "provider", "places", "webhooks"]


class SettingsError(Exception):
    """Wrong settings: `faults` holds one line a variable, each naming it and what was expected."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("wrong settings:\n" + "\n".join(f"  {fault}" for fault in faults))
        self.faults = faults


def load(service: str, *needs: Need, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of one of `service`'s processes, which needs these parts; SettingsError names all that is wrong."""
    read = Reader(environ)
    settings = _read(read, service, needs)
    read.refuse_misspelled()
    if read.faults:
        raise SettingsError(read.faults)
    return settings


def load_kafka(environ: Mapping[str, str] = os.environ) -> Kafka:
    """How a command comes in at Kafka, by the same variables as a worker; SettingsError names all that is wrong."""
    read = Reader(environ)
    kafka = read_kafka(read)
    if read.faults:
        raise SettingsError(read.faults)
    return kafka


def load_common(environ: Mapping[str, str] = os.environ) -> Common:
    """What all processes go by alike, for a command that looks at their work; SettingsError names what is wrong."""
    read = Reader(environ)
    common = _common(read)
    read.refuse_misspelled()
    if read.faults:
        raise SettingsError(read.faults)
    return common


def given_in_common(environ: Mapping[str, str]) -> dict[str, str]:
    """Those variables of an environment that `load_common` reads."""
    read = Reader({})
    _common(read)
    return {name: environ[name] for name in read.asked if name in environ}


def _common(read: Reader) -> Common:
    rules = read.optional("RULES_FILE", values.rules) or shipped()
    return Common(read.terms(), rules, _tolerance(read), _named_provider(read))


def _tolerance(read: Reader) -> timedelta:
    found: timedelta = read.one("CLOCK_TOLERANCE", values.seconds, Settings.clock_tolerance)
    return found


def _named_provider(read: Reader) -> str:
    found: str = read.one("PROVIDER", values.choice(*PROVIDERS), "sandbox")
    return found


def asked_for(service: str, *needs: Need) -> dict[str, Asked]:
    """What `load` asks the environment for, by name."""
    read = Reader({})
    _read(read, service, needs)
    return read.asked


def _read(read: Reader, service: str, needs: Sequence[Need]) -> Settings:
    web, worker, provider = "web" in needs, "worker" in needs, "provider" in needs
    mongodb = MongoDB(read.secret("MONGODB_URI", values.mongodb), read.one("MONGODB_DATABASE", values.name, service))
    clock = _clock(read, mongodb.uri)
    tolerance = _tolerance(read)
    log_level = read.one("LOG_LEVEL", values.choice("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
    with read.checked(web or worker):
        key = read.secret("PSEUDONYM_KEY", values.key) or b""
        public_url = read.one("PUBLIC_URL", values.base_url, "http://localhost:8080")
        otlp_endpoint = read.optional("OTEL_EXPORTER_OTLP_ENDPOINT", values.base_url)
        terms = read.terms()
    with read.checked(worker):
        kafka = read_kafka(read)
        health = read.one("HEALTH_BIND", values.address, Address("0.0.0.0", 8001))
        of_worker = Worker(read.one("WORKER_SLOT", values.text, socket.gethostname()), health)
    with read.checked(web):
        of_web, tokens = _web(read), _tokens(read, mongodb.uri)
    with read.checked("mail" in needs):
        mail = _mail(read)
    of_provider = _provider(read, provider, worker)
    with read.checked("places" in needs):
        places = _places(read, tokens)
    with read.checked("webhooks" in needs):
        webhooks = _webhooks(read)
    return Settings(
        service,
        log_level,
        key,
        public_url,
        otlp_endpoint,
        mongodb,
        kafka,
        of_web,
        of_worker,
        tokens,
        mail,
        of_provider,
        terms,
        places,
        clock,
        timedelta() if isinstance(clock, FastClock) else tolerance,
        webhooks,
    )


def _provider(read: Reader, provider: bool, worker: bool) -> Provider:
    with read.checked(provider and worker):
        books, callback = (
            read.secret("PROVIDER_MONGODB_URI", values.mongodb),
            read.one("PROVIDER_WEBHOOK_URL", values.url),
        )
        at_once = read.one("PROVIDER_AT_ONCE", values.whole(1, 256), 64)
    with read.checked(provider):
        named = _named_provider(read)
        secret = read.secret("PROVIDER_WEBHOOK_SECRET", values.long_secret)
    return Provider(named, books, callback, secret, at_once)


def load_or_exit(service: str, *needs: Need, environ: Mapping[str, str] = os.environ) -> Settings:
    """As `load`, for a process's entry: wrong settings are printed on stderr, and the process ends with 78."""
    try:
        return load(service, *needs, environ=environ)
    except SettingsError as error:
        print(f"{service}: {error}", file=sys.stderr, flush=True)
        raise SystemExit(EX_CONFIG) from None


def _clock(read: Reader, database: str | None) -> Clock:
    """The machine's, unless `golem up` gave its own processes another: anywhere else that is a fault."""
    given = read.optional("STACK_CLOCK", FastClock.parse)
    if given is not None and not values.is_here(database or ""):
        read.fault("STACK_CLOCK", "is for trying out with `golem up` on one machine, and the database is on another")
    return given or SystemClock()


def _web(read: Reader) -> Web:
    return Web(
        bind=read.one("BIND", values.address, Address("0.0.0.0", 8000)),
        threads=read.one("WEB_THREADS", values.whole(1, 256), 8),
        workers=read.one("WEB_WORKERS", values.whole(1, 64), 1),
        graceful_timeout=read.one("WEB_GRACEFUL_TIMEOUT", values.whole(1, 600), 20),
        keepalive=read.one("WEB_KEEPALIVE", values.whole(1, 600), 75),
        body_limit=read.one("WEB_BODY_LIMIT", values.whole(1024, 10**7), 64 * 1024),
        cors_origins=read.one("CORS_ORIGINS", values.origins, ()),
        rate_per_second=read.one("RATE_PER_SECOND", values.whole(1, 10**6), 20),
        rate_burst=read.one("RATE_BURST", values.whole(1, 10**6), 200),
        public_rate_per_second=read.one("PUBLIC_RATE_PER_SECOND", values.whole(1, 10**6), 10),
        public_rate_burst=read.one("PUBLIC_RATE_BURST", values.whole(1, 10**6), 100),
        gateways=read.one("FORWARDED_ALLOW_IPS", values.networks, values.networks("127.0.0.1,::1")),
        streams=read.one("STREAMS", values.whole(0, 10_000), 0),
    )


def _tokens(read: Reader, database: str | None) -> Tokens:
    """The development key is for what runs by its issuer, or on one machine: beside another's name whoever has it could
    come in as any of that provider's people.
    """
    keys_file, keys_url = read.optional("JWKS_FILE", values.readable), read.optional("JWKS_URL", values.url)
    if read.given("JWKS_FILE") == read.given("JWKS_URL"):
        read.fault("JWKS_FILE", "give one of JWKS_FILE and JWKS_URL: the public keys that tokens are signed with")
    issuer = read.one("TOKEN_ISSUER", values.text, _OWN_ISSUER)
    if keys_file and issuer != _OWN_ISSUER and not values.is_here(database or "") and _is_development(keys_file):
        read.fault("JWKS_FILE", "holds the development key, and TOKEN_ISSUER is another's: name its keys by JWKS_URL")
    audience = read.one("TOKEN_AUDIENCE", values.text, "good-golem")
    return Tokens(issuer, audience, keys_file, keys_url, read.optional("PSEUDONYM_ISSUER", values.text))


def _is_development(keys: Path) -> bool:
    """Whether one of them was made by `make secrets` or `golem up`."""
    try:
        return re.search(r'"kid"\s*:\s*"local-', keys.read_text(errors="replace")) is not None
    except OSError:
        return False  # whoever needs them says so


def _places(read: Reader, tokens: Tokens) -> Places:
    """A licence for development is for a stack with a key of its own, never beside real people's identities."""
    rules = read.optional("RULES_FILE", values.rules) or shipped()
    licences = read.optional("LICENCES", values.licences) or Licences()
    if tokens.jwks_url and any(each.development for each in licences.all):
        read.fault("LICENCES", "holds one for development, and JWKS_URL is an identity provider: enter your own")
    return Places(rules, licences)


def _webhooks(read: Reader) -> Webhooks:
    networks = read.one("WEBHOOK_NETWORKS", values.networks, ())
    return Webhooks(networks, read.one("WEBHOOK_KEY_NUMBER", values.whole(1, 10**6), 1))


def _mail(read: Reader) -> Mail:
    user = read.optional("SMTP_USERNAME", values.ascii_text)
    port = read.one("SMTP_PORT", values.whole(1, 65535))
    return Mail(
        read.one("SMTP_HOST", values.text),
        port,
        read.one("SMTP_FROM", values.mailbox, "Good Golem <no-reply@golem.local>"),
        user,
        read.optional("SMTP_PASSWORD", values.ascii_text, needed=user is not None, secret=True),
        _mail_tls(read, port, with_login=user is not None),
        read.optional("SMTP_CA_FILE", values.certificates),
        read.one("SMTP_AT_ONCE", values.whole(1, 256), 8),
    )


def _mail_tls(read: Reader, port: int | None, with_login: bool) -> str:
    """SMTP_TLS, or what SMTP_STARTTLS of older versions says; with neither, a password never goes out in the clear."""
    older, given = read.optional("SMTP_STARTTLS", values.flag), read.given("SMTP_TLS")
    if older is not None:
        if given:
            read.fault("SMTP_STARTTLS", "is given beside SMTP_TLS, which takes its place")
        return "starttls" if older else "none"
    default = "implicit" if port == _SUBMISSIONS_PORT else "starttls" if with_login else "none"
    mode: str = read.one("SMTP_TLS", values.choice(*TLS_MODES), default)
    return mode
