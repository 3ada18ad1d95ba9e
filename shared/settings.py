"""Everything a process is told from outside: the environment, read once, typed, with every mistake named at once.

A secret may also come as NAME_FILE, the path of a file that holds it. A blank value counts as not given.
"""

import base64
import binascii
import difflib
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

EX_CONFIG = 78
"""The exit code of a process with wrong settings (sysexits.h)."""

Need = Literal["web", "worker", "mail", "provider"]
Value = TypeVar("Value")


class SettingsError(Exception):
    """Wrong settings: `faults` holds one line a variable, each naming it and what was expected."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("wrong settings:\n" + "\n".join(f"  {fault}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True)
class Address:
    """Where to listen."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Terms:
    """The agreement's durations and limits. Each is a variable of the same name in capitals; durations in seconds."""

    # listing
    listing_expiry: timedelta = timedelta(days=90)
    # offer
    offer_expiry: timedelta = timedelta(days=7)
    offer_check: timedelta = timedelta(minutes=1)
    cancel_alone: timedelta = timedelta(hours=48)
    silence: timedelta = timedelta(days=14)
    lapse_after: timedelta = timedelta(days=75)
    after_dispute: timedelta = timedelta(days=7)
    start_on_before: timedelta = timedelta(days=30)
    start_on_after: timedelta = timedelta(days=365)
    # reviews: `review_blind` is how long the first waits for the second, and how long the second may still come
    review_within: timedelta = timedelta(days=60)
    review_blind: timedelta = timedelta(days=7)
    # escrow; `max_hold`: how long its provider may hold money, checked against it by the worker
    fund_within: timedelta = timedelta(hours=72)
    max_hold: timedelta = timedelta(days=800)
    retry_refused: timedelta = timedelta(days=1)
    ended_refund_after: timedelta = timedelta(days=7)
    dispute_expiry: timedelta = timedelta(days=60)
    webhook_tolerance: timedelta = timedelta(minutes=5)
    # notify
    keep_notifications: timedelta = timedelta(days=90)
    mail_not_older: timedelta = timedelta(days=7)
    code_expiry: timedelta = timedelta(minutes=15)
    code_tries: int = 5
    codes_a_day: int = 5
    code_again: timedelta = timedelta(minutes=1)
    employer_link_expiry: timedelta = timedelta(days=14)
    employer_links_a_week: int = 3
    # a seeker's budget of requests
    requests_a_week: int = 20
    # money: ten-thousandths of a release; the most a person may have accepted at once, in EUR minor units
    fee_bps: int = 500
    exposure_cap: int = 200_000


@dataclass(frozen=True)
class MongoDB:
    uri: str = field(repr=False)
    database: str


@dataclass(frozen=True)
class Kafka:
    bootstrap_servers: tuple[str, ...]
    security_protocol: str
    sasl_mechanism: str | None
    sasl_username: str | None
    sasl_password: str | None = field(repr=False)
    group_instance_id: str | None


@dataclass(frozen=True)
class Web:
    bind: Address
    threads: int
    workers: int
    graceful_timeout: int
    keepalive: int
    body_limit: int
    cors_origins: tuple[str, ...]
    rate_per_second: int
    rate_burst: int


@dataclass(frozen=True)
class Worker:
    slot: str
    health_bind: Address


@dataclass(frozen=True)
class Tokens:
    issuer: str
    audience: str
    jwks_file: Path | None
    jwks_url: str | None


@dataclass(frozen=True)
class Mail:
    host: str
    port: int
    sender: str
    username: str | None
    password: str | None = field(repr=False)
    starttls: bool


@dataclass(frozen=True)
class Provider:
    mongodb_uri: str = field(repr=False)
    webhook_url: str
    webhook_secret: str = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """What one process works by. A part that the process did not ask for is there with its defaults, unchecked."""

    service: str
    log_level: str
    pseudonym_key: bytes = field(repr=False)
    public_url: str
    otlp_endpoint: str | None
    mongodb: MongoDB
    kafka: Kafka
    web: Web
    worker: Worker
    tokens: Tokens
    mail: Mail
    provider: Provider
    terms: Terms


def load(service: str, *needs: Need, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of one of `service`'s processes, which needs these parts; SettingsError names all that is wrong."""
    read = _Reader(environ)
    web, worker, provider = "web" in needs, "worker" in needs, "provider" in needs
    mongodb = MongoDB(read.secret("MONGODB_URI", _mongodb), read.one("MONGODB_DATABASE", _name, service))
    log_level = read.one("LOG_LEVEL", _choice("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
    with read.checked(web or worker):
        key = read.secret("PSEUDONYM_KEY", _key) or b""
        public_url = read.one("PUBLIC_URL", _base_url, "http://localhost:8080")
        otlp_endpoint = read.optional("OTEL_EXPORTER_OTLP_ENDPOINT", _base_url)
        terms = read.terms()
    with read.checked(worker):
        kafka = _kafka(read)
        health = read.one("HEALTH_BIND", _address, Address("0.0.0.0", 8001))
        of_worker = Worker(read.one("WORKER_SLOT", _text, socket.gethostname()), health)
    with read.checked(web):
        of_web, tokens = _web(read), _tokens(read)
    with read.checked("mail" in needs):
        mail = _mail(read)
    with read.checked(provider and worker):
        books, callback = read.secret("PROVIDER_MONGODB_URI", _mongodb), read.one("PROVIDER_WEBHOOK_URL", _url)
    with read.checked(provider):
        of_provider = Provider(books, callback, read.secret("PROVIDER_WEBHOOK_SECRET", _long_secret))
    read.refuse_misspelled()
    if read.faults:
        raise SettingsError(read.faults)
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
    )


def load_or_exit(service: str, *needs: Need, environ: Mapping[str, str] = os.environ) -> Settings:
    """As `load`, for a process's entry: wrong settings are said on stderr, and the process ends with 78."""
    try:
        return load(service, *needs, environ=environ)
    except SettingsError as error:
        print(f"{service}: {error}", file=sys.stderr, flush=True)
        raise SystemExit(EX_CONFIG) from None


def _kafka(read: "_Reader") -> Kafka:
    protocol = read.one(
        "KAFKA_SECURITY_PROTOCOL", _choice("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"), "PLAINTEXT"
    )
    sasl = protocol.startswith("SASL_")
    return Kafka(
        read.one("KAFKA_BOOTSTRAP_SERVERS", _servers),
        protocol,
        read.optional("KAFKA_SASL_MECHANISM", _choice("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"), needed=sasl),
        read.optional("KAFKA_SASL_USERNAME", _text, needed=sasl),
        read.optional("KAFKA_SASL_PASSWORD", _text, needed=sasl, secret=True),
        read.optional("KAFKA_GROUP_INSTANCE_ID", _text),
    )


def _web(read: "_Reader") -> Web:
    return Web(
        bind=read.one("BIND", _address, Address("0.0.0.0", 8000)),
        threads=read.one("WEB_THREADS", _whole(1, 256), 8),
        workers=read.one("WEB_WORKERS", _whole(1, 64), 1),
        graceful_timeout=read.one("WEB_GRACEFUL_TIMEOUT", _whole(1, 600), 20),
        keepalive=read.one("WEB_KEEPALIVE", _whole(1, 600), 75),
        body_limit=read.one("WEB_BODY_LIMIT", _whole(1024, 10**7), 64 * 1024),
        cors_origins=read.one("CORS_ORIGINS", _origins, ()),
        rate_per_second=read.one("RATE_PER_SECOND", _whole(1, 10**6), 20),
        rate_burst=read.one("RATE_BURST", _whole(1, 10**6), 200),
    )


def _tokens(read: "_Reader") -> Tokens:
    keys_file, keys_url = read.optional("JWKS_FILE", _readable), read.optional("JWKS_URL", _url)
    if read.given("JWKS_FILE") == read.given("JWKS_URL"):
        read.fault("JWKS_FILE", "give one of JWKS_FILE and JWKS_URL: the public keys that tokens are signed with")
    issuer = read.one("TOKEN_ISSUER", _text, "https://golem.local")
    return Tokens(issuer, read.one("TOKEN_AUDIENCE", _text, "good-golem"), keys_file, keys_url)


def _mail(read: "_Reader") -> Mail:
    user = read.optional("SMTP_USERNAME", _text)
    return Mail(
        read.one("SMTP_HOST", _text),
        read.one("SMTP_PORT", _whole(1, 65535)),
        read.one("SMTP_FROM", _mailbox, "Good Golem <no-reply@golem.local>"),
        user,
        read.optional("SMTP_PASSWORD", _text, needed=user is not None, secret=True),
        read.one("SMTP_STARTTLS", _flag, False),
    )


class _Reader:
    """Takes values out of an environment and remembers what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.faults: list[str] = []
        self._known: set[str] = set()
        self._checked = True

    @contextmanager
    def checked(self, needed: bool) -> Iterator[None]:
        """Faults inside count only where the process needs this part."""
        self._checked = needed
        yield
        self._checked = True

    def fault(self, name: str, says: str) -> None:
        if self._checked:
            self.faults.append(f"{name}: {says}")

    def given(self, name: str) -> bool:
        self._known.add(name)
        return bool(self.environ.get(name, "").strip())

    def one(self, name: str, parse: Callable[[str], Any], default: Any = None, secret: bool = False) -> Any:
        """The parsed value, the default, or None after a fault (Any: a fault ends the process before it is used)."""
        raw = None
        try:
            raw = self._secret(name) if secret else self._plain(name)
            if raw is None:
                if default is None:
                    self.fault(name, "is missing" + (f" (or {name}_FILE)" if secret else ""))
                return default
            return parse(raw)
        except ValueError as error:
            self.fault(name, f"{error}" + ("" if secret else f", not {str(raw)[:60]!r}"))
            return default

    def secret(self, name: str, parse: Callable[[str], Any]) -> Any:
        return self.one(name, parse, secret=True)

    def optional(
        self, name: str, parse: Callable[[str], Value], needed: bool = False, secret: bool = False
    ) -> Value | None:
        if needed or self.given(name) or (secret and self.given(f"{name}_FILE")):
            value: Value | None = self.one(name, parse, secret=secret)
            return value
        return None

    def terms(self) -> Terms:
        values: dict[str, Any] = {}
        for term in fields(Terms):
            span = isinstance(term.default, timedelta)
            parse: Callable[[str], Any] = _seconds if span else _whole(0, 10_000 if term.name == "fee_bps" else 10**9)
            values[term.name] = self.one(term.name.upper(), parse, term.default)
        return Terms(**values)

    def refuse_misspelled(self) -> None:
        """A variable that is nearly one of ours is a slip of the pen; that it was silently ignored would hurt."""
        prefixes = (
            "MONGODB_", "KAFKA_", "JWKS_", "TOKEN_", "PSEUDONYM_", "PUBLIC_", "SMTP_", "PROVIDER_", "CORS_", "WEB_",
        )  # fmt: skip
        for name in sorted(set(self.environ) - self._known):
            if name.startswith(prefixes):
                near = difflib.get_close_matches(name, sorted(self._known), n=1, cutoff=0.9)
                if near:
                    self.faults.append(f"{name}: is unknown; {near[0]} is meant?")

    def _plain(self, name: str) -> str | None:
        return self.environ[name].strip() if self.given(name) else None

    def _secret(self, name: str) -> str | None:
        beside = f"{name}_FILE"
        in_file, plain = self.given(beside), self._plain(name)
        if not in_file:
            return plain
        if plain is not None:
            raise ValueError(f"is given twice, also as {beside}")
        try:
            return Path(self.environ[beside].strip()).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{beside} cannot be read: {type(error).__name__}") from None


def _text(raw: str) -> str:
    if not raw.isprintable():
        raise ValueError("expected printable text")
    return raw


def _name(raw: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", raw):
        raise ValueError("expected letters, digits, _ and -")
    return raw


def _choice(*words: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if raw.upper() not in words:
            raise ValueError(f"expected one of {', '.join(words)}")
        return raw.upper()

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(raw: str) -> int:
        if not re.fullmatch(r"[0-9]{1,18}", raw) or not low <= int(raw) <= high:
            raise ValueError(f"expected a whole number from {low} to {high}")
        return int(raw)

    return parse


def _seconds(raw: str) -> timedelta:
    if not re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,6})?", raw):
        raise ValueError("expected a number of seconds")
    return timedelta(seconds=float(raw))


def _flag(raw: str) -> bool:
    if raw.lower() not in ("0", "1", "true", "false"):
        raise ValueError("expected 0 or 1")
    return raw.lower() in ("1", "true")


def _address(raw: str) -> Address:
    host, colon, port = raw.rpartition(":")
    if not colon or not host or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError("expected host:port")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


def _servers(raw: str) -> tuple[str, ...]:
    servers = tuple(part.strip() for part in raw.split(",") if part.strip())
    for server in servers:
        _address(server)
    return servers


def _origins(raw: str) -> tuple[str, ...]:
    origins = tuple(part.strip().rstrip("/") for part in raw.split(",") if part.strip())
    if not all(origin == "*" or re.fullmatch(r"https?://[^/\s*]+", origin) for origin in origins):
        raise ValueError("expected a comma list of origins such as https://app.example")
    return origins


def _url(raw: str) -> str:
    parts = urlsplit(raw)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("expected an http or https URL")
    return raw


def _base_url(raw: str) -> str:
    """Where links point, without a slash at its end: paths are put behind it."""
    base = _url(raw).rstrip("/")
    if not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._~/-]*)?", base):
        raise ValueError("expected a URL such as https://golem.example, without user, query or fragment")
    return base


def _mongodb(raw: str) -> str:
    if not re.match(r"mongodb(\+srv)?://[^/\s]", raw):
        raise ValueError("expected a mongodb:// or mongodb+srv:// URI")
    return raw


def _mailbox(raw: str) -> str:
    if not raw.isprintable() or not re.search(r"[^\s@<>]+@[^\s@<>]+>?$", raw):
        raise ValueError("expected an address such as Good Golem <no-reply@golem.local>")
    return raw


def _readable(raw: str) -> Path:
    path = Path(raw)
    if not path.is_file():
        raise ValueError("expected a file that exists")
    return path


def _long_secret(raw: str) -> str:
    if len(raw.encode()) < 16:
        raise ValueError("expected at least 16 bytes")
    return raw


def _key(raw: str) -> bytes:
    """Hex, else base64, else the text's own bytes; whichever it is, at least 32 bytes."""
    key = raw.encode()
    if re.fullmatch(r"([0-9a-fA-F]{2}){32,}", raw):
        key = bytes.fromhex(raw)
    elif re.fullmatch(r"[A-Za-z0-9+/]{43,}=*", raw):
        try:
            key = base64.b64decode(raw, validate=True)
        except binascii.Error:
            key = raw.encode()
    if len(key) < 32:
        raise ValueError("expected at least 32 bytes as hex, base64 or text")
    return key
