"""Canaries: a word of its own in each text that a person can write over HTTP, in one story with several people.

`texts()` finds those fields in the declared operations, so a new one is missed in `PLANTED` or `EXEMPT` at once.
"""

from collections.abc import Iterator
from typing import Any

from marshmallow import Schema
from marshmallow import fields as marshmallow_fields

from services.escrow.api import operations as of_escrow
from services.listing.api import operations as of_listing
from services.matching.api import operations as of_matching
from services.notify.api import operations as of_notify
from shared import fields
from shared.places.fields import Subdivision

Field = tuple[str, str]
"""(operation's id, pointer into its body)."""

_NO_TEXT = (
    fields.Integer, fields.Choice, fields.Date, fields.Uuid, fields.Flag, fields.Country, fields.Currency,
    fields.Instant, fields.Code, fields.PersonId, Subdivision,
)  # fmt: skip
"""Numbers, days and words out of lists say nothing that a person thought of."""

OPERATIONS = {
    operation.id: operation
    for service in (of_listing, of_matching, of_escrow, of_notify)
    for operation in service.all
}  # fmt: skip


def texts() -> set[Field]:
    """Every field of a body that takes text."""
    bodies = ((name, operation.body) for name, operation in OPERATIONS.items() if operation.body)
    return {(name, pointer) for name, body in bodies for pointer in _texts(body)}


def _texts(schema: Schema, path: str = "") -> Iterator[str]:
    for name, field in schema.load_fields.items():
        yield from _of_field(field, f"{path}/{field.data_key or name}")


def _of_field(field: Any, path: str) -> Iterator[str]:
    if isinstance(field, marshmallow_fields.Nested):
        yield from _texts(field.schema, path)
    elif isinstance(field, marshmallow_fields.List):
        yield from _of_field(field.inner, f"{path}/*")
    elif not isinstance(field, _NO_TEXT):
        yield path


PUBLIC = "it is a public name, and stands in events"
OF_STAFF = "staff's own record, which they alone see"

PLANTED: dict[Field, str] = {
    ("createListing", "/title"): "",
    ("createListing", "/employer/name"): "",
    ("createListing", "/employer/domain"): "",
    ("createListing", "/region"): PUBLIC,
    ("createListing", "/duties/*"): "",
    ("createListing", "/skills/*"): PUBLIC,
    ("createListing", "/consent/who"): "",
    ("reviseListing", "/title"): "",
    ("reviseListing", "/employer/name"): "",
    ("reviseListing", "/employer/domain"): "",
    ("reviseListing", "/region"): "",
    ("reviseListing", "/duties/*"): "",
    ("reviseListing", "/skills/*"): "",
    ("reviseListing", "/consent/who"): "",
    ("returnListing", "/note"): "",
    ("removeListing", "/note"): "",
    ("reportListing", "/text"): "",
    ("decideReports", "/note"): OF_STAFF,
    ("reportInsider", "/text"): "",
    ("decideInsiderReports", "/note"): OF_STAFF,
    ("makeOffer", "/message"): "",
    ("counterOffer", "/message"): "",
    ("nameApplication", "/reference"): "",
    ("claimHire", "/evidence/*/sha256"): "",
    ("cancelOffer", "/reason"): "",
    ("confirmHire", "/reason"): OF_STAFF,
    ("putProfile", "/regions/*"): "",
    ("putProfile", "/skills/*"): "",
    ("reviewOffer", "/text"): "",
    ("removeReviewText", "/reason"): "",
    ("disputeEscrow", "/reason"): "",
    ("resolveDispute", "/reason"): "",
    ("putPayout", "/account"): "",
    ("putContact", "/email"): "",
    ("putWorkMail", "/email"): "",
    ("createWebhook", "/url"): "",
    ("createWebhook", "/headers/*/name"): "",
    ("changeWebhook", "/url"): "",
    ("changeWebhook", "/headers/*/name"): "",
}
"""Where a canary is planted, and why it is in events (PUBLIC; it goes from everything else) or not in the export."""

_EMPLOYERS = "it is an employer's, not a person's; staff take it away"
_IN_PASSING = "it goes out in one mail to an employer, and is kept until that is sent or given up"
_A_SYSTEMS = "of it the application's id is kept, and goes with the seeker who named it, or after 90 days"
_A_PROVIDERS = "ids and codes of the provider's, signed by it; it has them in its own books"
_A_RECEIVERS = "a secret of the receiver's; it is kept sealed and shown to nobody"
EXEMPT: dict[Field, str] = {
    ("fundEscrow", "/source"): "a token of the provider's, in whose books it stays; here it goes when it was used",
    ("verifyContact", "/code"): "six digits that were mailed; they are kept nowhere",
    ("verifyWorkMail", "/code"): "six digits that were mailed; they are kept nowhere",
    ("decideLoss", "/reason"): "staff alone see it; it goes as soon as one of the two is forgotten",
    ("askConsent", "/mailbox"): "an employer's mailbox that staff registered; it is kept sealed",
    ("askEmployer", "/address"): _IN_PASSING,
    ("askEmployer", "/reference"): _IN_PASSING,
    ("createWebhook", "/headers/*/value"): _A_RECEIVERS,
    ("changeWebhook", "/headers/*/value"): _A_RECEIVERS,
    ("greenhouseWebhook", "/action"): _A_SYSTEMS,
    ("greenhouseWebhook", "/payload"): _A_SYSTEMS,
    ("providerWebhook", "/id"): _A_PROVIDERS,
    ("providerWebhook", "/kind"): _A_PROVIDERS,
    ("providerWebhook", "/offer_id"): _A_PROVIDERS,
    ("providerWebhook", "/at"): _A_PROVIDERS,
    ("providerWebhook", "/outcome"): _A_PROVIDERS,
    ("providerWebhook", "/chargeback"): _A_PROVIDERS,
    ("registerEmployer", "/name"): _EMPLOYERS,
    ("registerEmployer", "/domain"): _EMPLOYERS,
    ("registerEmployer", "/mailboxes/*"): _EMPLOYERS,
    ("registerEmployer", "/ats/secret"): _EMPLOYERS,
    ("reviseEmployer", "/name"): _EMPLOYERS,
    ("reviseEmployer", "/mailboxes/*"): _EMPLOYERS,
    ("reviseEmployer", "/ats/secret"): _EMPLOYERS,
}


def canary(operation: str, pointer: str) -> str:
    """The word planted there: letters alone, so that no rule about texts minds it; of a hash it is the hash."""
    field = (operation, pointer)
    if field not in PLANTED:
        raise KeyError(field)
    number = sorted(PLANTED).index(field)
    if pointer.endswith("sha256"):
        return "c0ffee" + f"{number:058x}"
    letters = "".join("bcdfghjkmn"[int(digit)] for digit in f"{number:03d}")
    return f"kanari{letters}"
