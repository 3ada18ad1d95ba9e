"""Every event type and version: its schema, who emits it, what it says. Strict to emit, tolerant to read.

The marshmallow schemas are the source of truth; the JSON Schema files and `docs/events.md` are made from here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from types import MappingProxyType
from typing import Any, Literal

from marshmallow import Schema, ValidationError

from shared.events import schemas_escrow as escrow
from shared.events import schemas_listing as listing
from shared.events import schemas_matches as matches
from shared.events import schemas_matching as matching
from shared.events import schemas_person as person

SCHEMA_BASE = "https://goodgolem.example/schemas/"


class CatalogueError(ValueError):
    """An event that the catalogue does not know, or that does not fit its schema."""


class UnknownType(CatalogueError):
    """No event of that name."""


class UnknownVersion(CatalogueError):
    """The event is known, that version of it is not."""


class SchemaError(CatalogueError):
    """Data that does not fit its schema: `field` is the first wrong one (`help.0.price`), `errors` has them all.

    Its text names the first five, and repeats no value.
    """

    def __init__(self, name: str, version: int, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        self.field = next(iter(self.errors), "")
        says = "; ".join(f"{field or 'data'}: {message}" for field, message in islice(self.errors.items(), 5))
        super().__init__(f"{name} v{version}: {says}")


@dataclass(frozen=True, slots=True)
class EventType:
    """One version of one event. `owner` is the service that emits it, `subject_field` the data's own aggregate id.

    An `internal` one is between the services: no subscriber may read it, and it may change with them.
    """

    name: str
    version: int
    schema: type[Schema]
    owner: str
    summary: str
    promised: bool = False
    subject_field: str | None = None
    internal: bool = False


def _listing(name: str, schema: type[Schema], summary: str, promised: bool = False) -> EventType:
    return EventType(f"listing.{name}", 1, schema, "listing", summary, promised, "listing_id")


def _matching(name: str, schema: type[Schema], summary: str, promised: bool = False) -> EventType:
    return EventType(name, 1, schema, "matching", summary, promised, "offer_id")


def _internal(name: str, owner: str, schema: type[Schema], summary: str) -> EventType:
    return EventType(name, 1, schema, owner, summary, internal=True)


def _escrow(name: str, schema: type[Schema], summary: str) -> EventType:
    return EventType(name, 1, schema, "escrow", summary, False, "offer_id")


_TYPES = (
    _listing("submitted", listing.ListingState, "the insider asks for it to be published"),
    _listing("created", listing.ListingCreated, "published: seekers may make offers", promised=True),
    _listing("returned", listing.ListingReturned, "a moderator gave it back to its insider"),
    _listing("revised", listing.ListingState, "new terms, for later offers only"),
    _listing("paused", listing.ListingState, "takes no new offers for now"),
    _listing("resumed", listing.ListingState, "takes offers again"),
    _listing("rested", listing.ListingState, "waits for a moderator, as several people reported it"),
    _listing("kept", listing.ListingState, "a moderator looked at what was reported, and left it as it was"),
    _listing("filled", listing.ListingState, "its last seat is taken"),
    _listing("expired", listing.ListingState, "its time is over"),
    _listing("withdrawn", listing.ListingState, "the insider took it back"),
    _listing("removed", listing.ListingRemoved, "a moderator took it away"),
    _listing("consent_given", listing.ListingState, "the employer consents to its paid help"),
    _listing("consent_refused", listing.ListingState, "the employer refuses"),
    _listing("consent_withdrawn", listing.ListingState, "the employer takes its consent back"),
    _matching("offer.made", matching.OfferState, "a seeker asks an insider for help"),
    _matching("offer.countered", matching.OfferBy, "other terms are proposed"),
    _matching("offer.accepted", matching.OfferAccepted, "both agree on help and price", promised=True),
    _matching("offer.declined", matching.OfferBy, "the other side says no"),
    _matching("offer.withdrawn", matching.OfferBy, "the one who made it takes it back"),
    _matching("offer.expired", matching.OfferState, "nobody answered in time"),
    _matching("offer.cancelled", matching.OfferCancelled, "called off by a party, staff, or as its listing ended"),
    _matching("offer.cancel_asked", matching.OfferBy, "a party asks the other to call it off"),
    _matching("offer.consent_ended", matching.OfferState, "the employer says no; the help has begun, and it goes on"),
    _matching("offer.activated", matching.OfferActivated, "the money is held, or there is none"),
    _matching("offer.begun", matching.OfferBy, "the help begins: contacts and the employer are revealed"),
    _matching("offer.lapsed", matching.OfferState, "it was not funded, or no hire came of it in time"),
    _matching("offer.completed", matching.OfferState, "the hire is paid out in full, or was free of charge"),
    _matching("offer.closed", matching.OfferClosed, "ended as its money went another way"),
    _matching(
        "offer.reviewed", matching.OfferBy, "one of the two has reviewed the other; the event does not carry the text"
    ),
    _matching("help.given", matching.HelpGiven, "the insider records help; the seeker confirms or denies it"),
    _matching("hire.claimed", matching.HireClaimed, "the insider says that the seeker was hired"),
    _matching("hire.rejected", matching.OfferState, "the seeker says that they were not"),
    _matching("hire.confirmed", matching.HireConfirmed, "the seeker was hired: the escrow pays", promised=True),
    _matching("hire.ended", matching.HireEnded, "the job that was found has ended"),
    _escrow("escrow.opened", escrow.EscrowOpened, "waits to be funded"),
    _escrow("escrow.held", escrow.EscrowHeld, "the provider holds the seeker's money"),
    _escrow("escrow.declined", escrow.EscrowRefused, "the provider declined; may be tried again"),
    _escrow("escrow.lapsed", escrow.EscrowState, "never funded"),
    _escrow("escrow.probation_started", escrow.EscrowState, "the hire is known; tranches fall due from now"),
    _escrow("escrow.postpone_proposed", escrow.EscrowPostponed, "the insider proposes a later first day of work"),
    _escrow("escrow.postponed", escrow.EscrowPostponed, "the seeker agrees: payouts not yet due follow that day"),
    _escrow("escrow.postpone_declined", escrow.EscrowPostponed, "the seeker declines: the day stays as it was"),
    _escrow("escrow.released", escrow.EscrowReleased, "one tranche is paid to the insider"),
    _escrow("escrow.settled", escrow.EscrowState, "the last is paid"),
    _escrow("escrow.release_refused", escrow.EscrowReleaseRefused, "the provider refuses a payout; tried again"),
    _escrow("escrow.refunded", escrow.EscrowRefunded, "the money is back with the seeker"),
    _escrow("escrow.refund_refused", escrow.EscrowRefused, "the provider refuses a refund; tried again"),
    _escrow("escrow.split", escrow.EscrowSplit, "shared between the two by an arbiter"),
    _escrow("escrow.set_off_returned", escrow.EscrowSetOffReturned, "what was kept for a loss is paid to the insider"),
    _escrow("escrow.charged_back", escrow.EscrowChargedBack, "the seeker's bank took the money back"),
    _escrow("escrow.chargeback_reversed", escrow.EscrowState, "the bank gave it back"),
    _escrow("dispute.opened", escrow.DisputeOpened, "a party disputes; the money waits"),
    _escrow("dispute.withdrawn", escrow.DisputeWithdrawn, "by the one who opened it"),
    _escrow("dispute.resolved", escrow.DisputeResolved, "an arbiter decided"),
    _escrow("dispute.expired", escrow.EscrowState, "nobody decided in time"),
    EventType("person.erased", 1, person.PersonErased, "matching", "a person asked to be forgotten"),
    _internal("contact.verified", "notify", person.ContactVerified, "a person's address is theirs"),
    _internal("contact.replaced", "notify", person.OfPerson, "a person's verified address was replaced or deleted"),
    _internal("payout.changed", "escrow", person.OfPerson, "where a person is paid was set, changed or deleted"),
    _internal("work.verified", "notify", person.WorkVerified, "a person gets mail at an employer's domain"),
    _internal("webhook.disabled", "notify", person.WebhookDisabled, "nothing is sent to a person's webhook any more"),
    _internal("report.decided", "listing", person.ReportDecided, "a moderator decided on a listing they reported"),
    _internal(
        "insider_report.decided", "matching", person.InsiderReportDecided, "a moderator decided on a reported insider"
    ),
    EventType(
        "listing.consent_asked",
        1,
        listing.ConsentAsked,
        "listing",
        "the employer is asked by mail",
        False,
        "listing_id",
        internal=True,
    ),
    _internal("matches.wanted", "notify", matches.MatchesWanted, "how often a person is to be told of new matches"),
    _internal("matches.found", "matching", matches.MatchesFound, "new matches of a person who asked to be told"),
    _internal("employer.registered", "matching", person.Employer, "staff have checked an employer's domain"),
    _internal("employer.removed", "matching", person.Employer, "staff do not vouch for that employer any more"),
)

CATALOGUE: Mapping[tuple[str, int], EventType] = MappingProxyType({(each.name, each.version): each for each in _TYPES})
"""By (name, version)."""

_LATEST = {each.name: each for each in sorted(_TYPES, key=lambda each: each.version)}
EVENT_NAMES: tuple[str, ...] = tuple(dict.fromkeys(each.name for each in _TYPES))
"""Every event name, which is also its topic, in the order of the lifecycles."""
PUBLIC_NAMES: tuple[str, ...] = tuple(name for name in EVENT_NAMES if not _LATEST[name].internal)
"""Those that a subscriber may read."""

INTERNAL_NAMES: frozenset[str] = frozenset(EVENT_NAMES) - frozenset(PUBLIC_NAMES)
"""Those between the services: marks and registers. No deadline decides by what they bring."""


def latest(name: str) -> EventType:
    """The newest version of the event `name`, the one that is emitted; UnknownType."""
    try:
        return _LATEST[name]
    except KeyError:
        raise UnknownType(f"no event is called {name!r}") from None


def find(name: str, version: int) -> EventType:
    """That version of that event; UnknownType, UnknownVersion."""
    try:
        return CATALOGUE[name, version]
    except KeyError:
        newest = latest(name).version
        raise UnknownVersion(f"{name} has no version {version} here; the newest is {newest}") from None


def dataschema_uri(name: str, version: int) -> str:
    """The `ce_dataschema` of an event and the `$id` of its JSON Schema; ends in `/<name>/<version>`."""
    return f"{SCHEMA_BASE}{name}/{version}"


def parse_dataschema(uri: str) -> tuple[str, int]:
    """(name, version) of a `ce_dataschema`, known or not; ValueError where it is not of that form."""
    name, _, version = uri.removeprefix(SCHEMA_BASE).partition("/")
    number = int(version) if version.isascii() and version.isdigit() and len(version) <= 6 else 0
    if number < 1 or uri != dataschema_uri(name, number):
        raise ValueError(f"a dataschema has the form {SCHEMA_BASE}<type>/<version>")
    return name, number


def emit_data(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` as the newest version of `name` carries it, ready for JSON; datetimes and dates may be objects or text.

    Strict: an unknown, missing or wrong field raises SchemaError; an unknown name UnknownType.
    """
    return _load(latest(name), "raise", data)


def read_data(name: str, version: int, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The known fields of `raw`, checked; times and dates stay text. Unknown fields are dropped.

    Raises UnknownType, UnknownVersion, SchemaError.
    """
    return _load(find(name, version), "exclude", raw)


_Unknown = Literal["raise", "exclude"]


@cache
def _schema(schema: type[Schema], unknown: _Unknown) -> Schema:
    return schema(unknown=unknown)


def _load(event: EventType, unknown: _Unknown, data: Mapping[str, Any]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = _schema(event.schema, unknown).load(data)
    except ValidationError as error:
        raise SchemaError(event.name, event.version, dict(_flat(error.messages))) from None
    return loaded


def _flat(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """marshmallow's tree of messages as (dotted path, message)."""
    if not isinstance(messages, dict):
        yield path, " ".join(map(str, messages)) if isinstance(messages, list) else str(messages)
        return
    for key, below in messages.items():
        step = "" if key == "_schema" else str(key)
        yield from _flat(below, f"{path}.{step}".strip("."))
