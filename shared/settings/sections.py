"""The settings, in sections. `Terms` are the durations and limits of the agreement."""

from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from shared.clock import Clock, SystemClock
from shared.places import Licences, PlaceRules, shipped


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
    draft_expiry: timedelta = timedelta(days=180)
    # offer
    offer_expiry: timedelta = timedelta(days=7)
    offer_check: timedelta = timedelta(minutes=1)
    cancel_alone: timedelta = timedelta(hours=48)
    silence: timedelta = timedelta(days=14)
    silence_payout_after: timedelta = timedelta(days=7)
    lapse_after: timedelta = timedelta(days=75)
    after_dispute: timedelta = timedelta(days=7)
    start_on_before: timedelta = timedelta(days=30)
    start_on_after: timedelta = timedelta(days=365)
    # reviews: `review_blind` is how long the first waits for the second, and how long the second may still come
    review_within: timedelta = timedelta(days=60)
    review_blind: timedelta = timedelta(days=7)
    # escrow; `max_hold`: how long its provider may hold money, checked against it by the worker
    fund_within: timedelta = timedelta(hours=72)
    max_hold: timedelta = timedelta(days=810)
    retry_refused: timedelta = timedelta(days=1)
    ended_refund_after: timedelta = timedelta(days=7)
    payout_account_after: timedelta = timedelta(days=1)
    dispute_expiry: timedelta = timedelta(days=60)
    webhook_tolerance: timedelta = timedelta(minutes=5)
    # notify
    keep_notifications: timedelta = timedelta(days=90)
    keep_events: timedelta = timedelta(days=90)
    mail_not_older: timedelta = timedelta(days=7)
    former_address_told: timedelta = timedelta(days=7)
    code_expiry: timedelta = timedelta(minutes=15)
    code_tries: int = 5
    codes_a_day: int = 5
    codes_a_day_per_mailbox: int = 6
    code_again: timedelta = timedelta(minutes=1)
    webhooks_per_person: int = 20
    webhook_tests_a_day: int = 50
    employer_link_expiry: timedelta = timedelta(days=14)
    employer_links_a_week: int = 3
    employer_links_a_week_per_mailbox: int = 20
    # how long an employer may answer by a consent link, and take the answer back; how often one is asked
    consent_link_expiry: timedelta = timedelta(days=365)
    consent_asks_a_week: int = 3
    consent_asks_a_week_per_mailbox: int = 20
    # a seeker's budget of requests; an insider's of listings handed in; those not handed in within `draft_expiry`
    requests_a_week: int = 20
    listings_a_week: int = 20
    drafts_per_person: int = 50
    # reports: how many people within how long have a listing rest, when a moderator has decided at the latest, how long
    # records are kept, how long an address is recognised by its mark, and how many a person or address may make a day
    reports_to_rest: int = 3
    reports_within: timedelta = timedelta(days=1)
    reports_decided_within: timedelta = timedelta(days=2)
    reports_kept: timedelta = timedelta(days=1096)
    report_marks_kept: timedelta = timedelta(days=30)
    reports_a_day: int = 20
    # money: ten-thousandths of a release; the most a person may have accepted at once, in EUR minor units
    fee_bps: int = 500
    exposure_cap: int = 200_000
    # stolen cards: how long a payment may be charged back, and counts as exposure after it was paid out; and how long
    # after the hire an insider is paid who never yet had a payment outlast that. 0 is none
    chargeback_window: timedelta = timedelta(days=120)
    first_payout_wait: timedelta = timedelta(days=7)
    # how many escrows the provider is asked for in a second, to compare the books
    reconciliation_pace: int = 100
    # how long after its last change an offer or escrow that has ended goes to the archive. 0: never
    archive_after: timedelta = timedelta(0)


@dataclass(frozen=True)
class MongoDB:
    uri: str = field(repr=False)
    database: str


@dataclass(frozen=True)
class OAuth:
    """Where tokens come from, and as whom they are asked for (RFC 6749, client credentials)."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str | None = None


@dataclass(frozen=True)
class Kafka:
    """`ca_file` (PEM) holds the authorities that vouch for the brokers, in place of the system's; `certificate_file`
    and `key_file` (PEM; the key may be in the first) are what the client shows.
    """

    bootstrap_servers: tuple[str, ...]
    security_protocol: str
    sasl_mechanism: str | None
    sasl_username: str | None
    sasl_password: str | None = field(repr=False)
    group_instance_id: str | None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    key_password: str | None = field(default=None, repr=False)
    oauth: OAuth | None = None


Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Web:
    """`gateways`: who may say, with X-Forwarded-For, from where a request comes. `streams`: how many a process of
    notify serves at once, beside its requests.
    """

    bind: Address
    threads: int
    workers: int
    graceful_timeout: int
    keepalive: int
    body_limit: int
    cors_origins: tuple[str, ...]
    rate_per_second: int
    rate_burst: int
    public_rate_per_second: int
    public_rate_burst: int
    gateways: tuple[Network, ...]
    streams: int = 0


@dataclass(frozen=True)
class Worker:
    slot: str
    health_bind: Address


@dataclass(frozen=True)
class Tokens:
    """`issuer` is who signs the tokens; people go on being named by `former_issuer` where there was one before it."""

    issuer: str
    audience: str
    jwks_file: Path | None
    jwks_url: str | None
    former_issuer: str | None = None

    @property
    def pseudonym_issuer(self) -> str:
        return self.former_issuer or self.issuer


TLS_MODES = ("none", "starttls", "implicit")


@dataclass(frozen=True)
class Mail:
    """`tls` is one of `TLS_MODES`; `ca_file` (PEM) holds the authorities that vouch for the server, in place of the
    system's.
    """

    host: str
    port: int
    sender: str
    username: str | None
    password: str | None = field(repr=False)
    tls: str
    ca_file: Path | None
    at_once: int = 8


@dataclass(frozen=True)
class Webhooks:
    """`networks` may be reached beside public addresses, in development; `key_number` is which key signs v1a."""

    networks: tuple[Network, ...] = ()
    key_number: int = 1


PROVIDERS = ("sandbox",)
"""The payment providers that escrow has an adapter for."""


@dataclass(frozen=True)
class Provider:
    """`name` is the adapter's, of those in `PROVIDERS`."""

    name: str
    mongodb_uri: str = field(repr=False)
    webhook_url: str
    webhook_secret: str = field(repr=False)
    at_once: int = 64


@dataclass(frozen=True)
class Places:
    """What may be charged where: the shipped rules with the operator's laid over them, and the operator's licences."""

    rules: PlaceRules = field(default_factory=shipped, repr=False)
    licences: Licences = field(default_factory=Licences)


@dataclass(frozen=True)
class Common:
    """What all processes of the system go by alike: terms, rules by place, how far clocks may be apart, the adapter."""

    terms: Terms
    rules: PlaceRules = field(repr=False)
    clock_tolerance: timedelta
    provider: str


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
    places: Places
    clock: Clock = field(default_factory=SystemClock)
    clock_tolerance: timedelta = timedelta(seconds=30)
    """How far the clock may be from the database's; 0: they are not compared."""

    webhooks: Webhooks = field(default_factory=Webhooks)
