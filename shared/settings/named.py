"""Every setting by its name: its unit, what it does, and what a change of it does to a system that has worked before.

Defaults, and which process reads what, are the readers' own (`asked_for`); docs/settings.md is made of both, and a test
compares.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ANEW = "counts from the next start of the process"
NEW_ONLY = "counts for what begins after it; what runs keeps its deadline"
NEVER = "**never change it**"


@dataclass(frozen=True)
class Named:
    """One setting. `unit` is what its text is; `change` what another value does later."""

    name: str
    unit: str
    does: str
    change: str = ANEW


def _days(name: str, does: str) -> Named:
    return Named(name, "seconds", does, NEW_ONLY)


def _rule(name: str, unit: str, does: str) -> Named:
    return Named(name, unit, does, ANEW)


SECTIONS: Mapping[str, tuple[Named, ...]] = MappingProxyType(
    {
        "Database and log": (
            Named("MONGODB_URI", "URI", "the database server, with its login, TLS, read and write concern"),
            Named("MONGODB_DATABASE", "name", "the service's database there", "another database is an empty system"),
            Named("LOG_LEVEL", "word", "what is logged: DEBUG, INFO, WARNING or ERROR"),
            Named("OTEL_EXPORTER_OTLP_ENDPOINT", "URL", "where traces go; without it, nowhere"),
        ),
        "People and links": (
            Named(
                "PSEUDONYM_KEY", "key, 32 bytes or more",
                "names people: pseudonyms are made with it, and the keys of links",
                f"{NEVER}: everybody would be somebody else; a start with another key than the documents know "
                "is refused",
            ),
            Named(
                "TOKEN_ISSUER", "text", "the `iss` that tokens must have; people are named by it, too",
                f"{NEVER} without PSEUDONYM_ISSUER: a start with another one than the documents know is refused",
            ),
            Named(
                "PSEUDONYM_ISSUER", "text", "the issuer that people are named by, where tokens have a newer one",
                "set it to what TOKEN_ISSUER was when that changes, and leave it so for ever",
            ),
            Named("TOKEN_AUDIENCE", "text", "the `aud` that tokens must have", "older tokens are refused"),
            Named("JWKS_FILE", "file", "the public keys that tokens are signed with (or JWKS_URL)"),
            Named("JWKS_URL", "URL", "where these keys are fetched (or JWKS_FILE)"),
            Named(
                "CLOCK_TOLERANCE", "seconds",
                "how far a process's clock may be from the database's; further off, it writes nothing and is not "
                "ready. 0: they are not compared",
            ),
            Named(
                "PUBLIC_URL", "URL", "where links in mails and answers point",
                "links that were mailed keep the old one",
            ),
        ),
        "Kafka": (
            Named("KAFKA_BOOTSTRAP_SERVERS", "host:port, comma between", "the brokers"),
            Named("KAFKA_SECURITY_PROTOCOL", "word", "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"),
            Named(
                "KAFKA_SSL_CA_FILE", "PEM file",
                "authorities that vouch for the brokers, in place of the system's; with SSL",
            ),
            Named("KAFKA_SSL_CERTIFICATE_FILE", "PEM file", "the certificate that the client shows; with SSL"),
            Named("KAFKA_SSL_KEY_FILE", "PEM file", "its key, where that is not in the same file"),
            Named("KAFKA_SSL_KEY_PASSWORD", "text", "opens the key, where it is encrypted"),
            Named(
                "KAFKA_SASL_MECHANISM", "word",
                "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER; needed with SASL",
            ),
            Named("KAFKA_SASL_USERNAME", "text", "needed with PLAIN and SCRAM"),
            Named("KAFKA_SASL_PASSWORD", "text", "needed with PLAIN and SCRAM"),
            Named(
                "KAFKA_OAUTH_TOKEN_URL", "https URL",
                "where tokens are asked for by client credentials; needed with OAUTHBEARER",
            ),
            Named("KAFKA_OAUTH_CLIENT_ID", "text", "needed with OAUTHBEARER"),
            Named("KAFKA_OAUTH_CLIENT_SECRET", "text", "needed with OAUTHBEARER"),
            Named("KAFKA_OAUTH_SCOPE", "text", "the scope of the tokens"),
            Named(
                "KAFKA_GROUP_INSTANCE_ID", "text",
                "the worker's fixed name in its group, unique in it: a restart moves no partition",
            ),
        ),
        "Web processes": (
            Named("BIND", "host:port", "where the web process listens"),
            Named("WEB_THREADS", "number", "requests at once in one process"),
            Named("STREAMS", "number", "streams of events at once in one process; 0: it serves none, as a web process"),
            Named("WEB_WORKERS", "number", "processes behind one port"),
            Named("WEB_GRACEFUL_TIMEOUT", "seconds", "how long requests under way may take when it is asked to stop"),
            Named("WEB_KEEPALIVE", "seconds", "how long a quiet connection stays open"),
            Named("WEB_BODY_LIMIT", "bytes", "the largest body of a request"),
            Named("CORS_ORIGINS", "origins, comma between", "web pages of these origins may call; `*` for all"),
            Named("RATE_PER_SECOND", "requests", "what a person may ask each second over time; more is 429"),
            Named("RATE_BURST", "requests", "what a person may ask at once"),
            Named(
                "PUBLIC_RATE_PER_SECOND", "requests",
                "what one address may ask each second over time without a token; of IPv6 a /64 is one",
            ),
            Named("PUBLIC_RATE_BURST", "requests", "what one address may ask at once without a token"),
            Named(
                "FORWARDED_ALLOW_IPS", "networks, comma between",
                "where the gateway is: only from there X-Forwarded-For says whose request it is",
            ),
        ),
        "Workers": (
            Named("WORKER_SLOT", "text", "the worker's name among those of its service; the host's name by default"),
            Named("HEALTH_BIND", "host:port", "where /livez, /readyz and /metrics of a worker answer"),
        ),
        "Mail": (
            Named("SMTP_HOST", "host", "the mail server"),
            Named("SMTP_PORT", "number", "its port; 465 is TLS from the first byte"),
            Named("SMTP_FROM", "address", "whom mails are from"),
            Named("SMTP_USERNAME", "ASCII text", "its login; without it there is none"),
            Named("SMTP_PASSWORD", "ASCII text", "needed with SMTP_USERNAME"),
            Named(
                "SMTP_TLS", "word",
                "none, starttls or implicit; by default implicit on port 465, starttls with a login, else none",
            ),
            Named("SMTP_STARTTLS", "0 or 1", "the older form of SMTP_TLS; not beside it"),
            Named("SMTP_CA_FILE", "PEM file", "authorities that vouch for the mail server, in place of the system's"),
            Named("SMTP_AT_ONCE", "mails", "how many a worker hands over at once, each over a connection of its own"),
        ),
        "Payment provider": (
            Named(
                "PROVIDER", "word", "the adapter",
                "open escrows are at the provider that holds them: settle them first",
            ),
            Named(
                "PROVIDER_MONGODB_URI", "URI with a database", "the provider's own books",
                "another database is an empty provider",
            ),
            Named("PROVIDER_WEBHOOK_URL", "URL", "where the provider sends its notices"),
            Named("PROVIDER_AT_ONCE", "instructions", "how many a worker has under way at the provider at once"),
            Named(
                "PROVIDER_WEBHOOK_SECRET", "16 bytes or more", "signs the provider's notices",
                "change it in web and worker at once",
            ),
            _rule("WEBHOOK_TOLERANCE", "seconds", "how old or early the signature of a notice may be"),
        ),
        "Webhooks": (
            Named(
                "WEBHOOK_NETWORKS", "networks, comma between",
                "what webhooks may reach beside public addresses, over HTTP too and at any port: for development alone",
            ),
            Named(
                "WEBHOOK_KEY_NUMBER", "number",
                "which of the platform's keys signs webhooks; the one before and the next are published beside it",
                "one more is the next key: receivers that read the keys know it already",
            ),
            _rule("WEBHOOKS_PER_PERSON", "number", "webhooks that a person may have"),
            _rule("WEBHOOK_TESTS_A_DAY", "number", "test events that a person's webhooks may be sent in a day"),
        ),
        "Terms: listings and offers": (
            _days("LISTING_EXPIRY", "how long a listing stays published"),
            _days("DRAFT_EXPIRY", "how long a draft of a listing is kept that nobody touches"),
            _days("OFFER_EXPIRY", "how long an offer waits for an answer"),
            _days("OFFER_CHECK", "how long an offer waits for the listing's event before it is looked at again"),
            _days("CANCEL_ALONE", "how long after acceptance either side may cancel alone"),
            _days("SILENCE", "how long a claimed hire waits for the other side's word"),
            _days("LAPSE_AFTER", "how long an active offer waits for a hire"),
            _days("AFTER_DISPUTE", "how long an offer is left undisturbed after a dispute"),
            _days("START_ON_BEFORE", "how long before acceptance a job may have begun"),
            _days("START_ON_AFTER", "how long after acceptance a job may begin"),
            _days("SILENCE_PAYOUT_AFTER", "how long a hire that only silence confirmed waits for its payout"),
            _rule("REPORTS_TO_REST", "number", "people with an account whose reports have a listing rest in review"),
            _days("REPORTS_WITHIN", "the time in which their reports have to come for that"),
            _days("REPORTS_DECIDED_WITHIN", "how soon a moderator decides on a report, as the policy promises"),
            _days("REPORTS_KEPT", "how long the record of a report is kept"),
            _days("REPORT_MARKS_KEPT", "how long a report without an account keeps the mark of its address"),
            _rule("REPORTS_A_DAY", "number", "new reports of a person or address at once, and over time in a day"),
            _rule("LISTINGS_A_WEEK", "number", "listings that an insider may hand in in a week"),
            _rule(
                "DRAFTS_PER_PERSON", "number",
                "listings that an insider may write within `DRAFT_EXPIRY` and not hand in; withdrawn ones count",
            ),
            _rule("REQUESTS_A_WEEK", "number", "offers that a seeker may make in a week"),
            _rule(
                "EXPOSURE_CAP", "cents of EUR",
                "the most that a seeker may have accepted and not yet settled in EUR; other currencies: RULES_FILE",
            ),
            _days("REVIEW_WITHIN", "how long after its end an offer may be reviewed"),
            _days("REVIEW_BLIND", "how long the first review waits for the second, and the second may still come"),
        ),
        "Terms: money": (
            Named(
                "FEE_BPS", "ten-thousandths", "the platform's fee, of each release",
                "counts for what is agreed after it",
            ),
            _days("FUND_WITHIN", "how long the seeker may take to fund an escrow"),
            Named(
                "MAX_HOLD", "seconds", "how long the provider may hold money; a plan that could take longer is refused",
                "counts for new offers; escrow's worker does not start with more than its provider allows",
            ),
            _days("CHARGEBACK_WINDOW", "how long a payment may be charged back, and counts as exposure; 0 is none"),
            _days("FIRST_PAYOUT_WAIT", "how long after the hire an insider is paid who is new; 0 is none"),
            _days("PAYOUT_ACCOUNT_AFTER", "how long after it was named a payout account serves; 0 is at once"),
            _days("RETRY_REFUSED", "how long after a refused payout or refund it is tried again"),
            _days("ENDED_REFUND_AFTER", "how long the rest waits where the seeker says that the job has ended"),
            _days("DISPUTE_EXPIRY", "how long a dispute waits for its arbiter"),
            Named(
                "ARCHIVE_AFTER", "seconds",
                "how long after its last change what has ended goes to the archive (offers, escrows); 0 is never",
                "the same for web and worker; once anything is archived, a worker does not start with 0",
            ),
            _rule(
                "RECONCILIATION_PACE", "number a second",
                "escrows that the provider is asked for at most, to compare its books with theirs; 0 is no limit",
            ),
        ),
        "Terms: mails and notifications": (
            _days("KEEP_NOTIFICATIONS", "how long a notification is kept"),
            _days("KEEP_EVENTS", "how long the log of events is kept that other systems read"),
            _rule("MAIL_NOT_OLDER", "seconds", "what is older than that is not mailed any more"),
            _days("CODE_EXPIRY", "how long a mailed code may be typed in"),
            _rule("CODE_TRIES", "number", "how often a code may be typed in wrongly"),
            _rule("CODES_A_DAY", "number", "codes that a person may ask for in a day"),
            _rule("CODES_A_DAY_PER_MAILBOX", "number", "codes that are sent to one mailbox in a day, whoever asks"),
            _rule("CODE_AGAIN", "seconds", "the pause between two codes"),
            _days("FORMER_ADDRESS_TOLD", "how long a former address is still mailed what concerns the account"),
            _days("EMPLOYER_LINK_EXPIRY", "how long an employer may use the link of a mail"),
            _rule("EMPLOYER_LINKS_A_WEEK", "number", "mails to the employer of one hire in a week"),
            _rule("EMPLOYER_LINKS_A_WEEK_PER_MAILBOX", "number", "such mails to one mailbox in a week"),
            _days("CONSENT_LINK_EXPIRY", "how long an employer may consent by its link, and take it back"),
            _rule("CONSENT_ASKS_A_WEEK", "number", "mails to the employer of one listing in a week, for its consent"),
            _rule("CONSENT_ASKS_A_WEEK_PER_MAILBOX", "number", "those to one mailbox, whoever asks"),
        ),
        "What may be charged where": (
            Named(
                "RULES_FILE", "JSON file", "the operator's own decisions by place, laid over the shipped rules",
                "counts from the next start of the process, for prices named after it; `golem rules check` checks it",
            ),
            Named(
                "LICENCES", "JSON, or its file",
                "licences that the operator holds: place, number, valid_until; valid_from where one does not hold yet",
                "counts for prices named after it",
            ),
        ),
        "Trying out": (
            Named(
                "STACK_CLOCK", "TIME at TIME times NUMBER",
                "a clock that runs faster; `golem up --days-in` sets it for its own "
                "processes. Where the database is not on this machine (a loopback address), a process does not "
                "start with it",
                "each process says so at its start; never set it yourself",
            ),
        ),
    }
)  # fmt: skip

NAMES = frozenset(named.name for section in SECTIONS.values() for named in section)
SECRETS = frozenset({
    "KAFKA_OAUTH_CLIENT_SECRET", "KAFKA_SASL_PASSWORD", "KAFKA_SSL_KEY_PASSWORD", "MONGODB_URI", "PROVIDER_MONGODB_URI",
    "PROVIDER_WEBHOOK_SECRET", "PSEUDONYM_KEY", "SMTP_PASSWORD",
})  # fmt: skip
"""Each may come as NAME_FILE instead, the path of a file that holds it."""

OTHERS = frozenset({
    "GATEWAY_BIND", "GATEWAY_DEV", "GATEWAY_PATIENCE", "GATEWAY_PORT", "GATEWAY_PROXIES", "GATEWAY_SITE",
    "GATEWAY_STORAGE", "GOLEM_DATA", "KAFKA_CLIENTS", "KAFKA_CLIENTS_PROTOCOL", "KAFKA_HEAP_OPTS", "KAFKA_LOG4J_OPTS",
    "KAFKA_OPTS", "KAFKA_PARTITIONS", "KAFKA_REPLICATION", "MONGODB_ROOT_USERNAME", "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TIMEOUT", "PAGE_AUDIENCE", "PAGE_CLIENT_ID", "PAGE_CONNECT",
    "PAGE_ISSUER", "PAGE_PEOPLE", "PAGE_SCOPE", "PAGE_TOKEN", "WEB_CONCURRENCY",
})  # fmt: skip
"""Names that other programs read, of ours or not: never a slip of the pen."""
