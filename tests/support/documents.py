"""Which type describes a stored document, by service and kind."""

from collections.abc import Mapping
from typing import Any, get_type_hints

import services.escrow.documents as escrow
import services.listing.documents as listing
import services.matching.employer.documents as employer
import services.matching.matches.documents as matches
import services.matching.offer.documents as offer
import services.matching.people.documents as people
import services.notify.documents as notify
import services.notify.webhooks.documents as webhooks
from shared.aggregate import erasure
from shared.aggregate.documents import ErasureDocument

TYPES: Mapping[str, Mapping[str, type]] = {
    "escrow": {
        "escrow": escrow.EscrowDocument,
        "payout": escrow.PayoutDocument,
        "debt": escrow.DebtDocument,
    },
    "listing": {
        "listing": listing.ListingDocument,
        "unveiled": listing.UnveiledDocument,
        "mailbox": listing.MailboxCopy,
        "work": listing.WorkDocument,
        "employer": listing.EmployerCopy,
        "account": listing.AccountDocument,
        "report": listing.ReportDocument,
        "consent_asks": listing.AsksDocument,
    },
    "matching": {
        "offer": offer.OfferDocument,
        "listing": offer.ListingCopy,
        "account": offer.AccountDocument,
        "employer": employer.EmployerDocument,
        "ats_event": employer.AtsEventDocument,
        "profile": matches.ProfileDocument,
        "alert": matches.AlertDocument,
        "telling": matches.TellingDocument,
        "person": people.PersonDocument,
        "report": people.ReportDocument,
    },
    "notify": {
        "notification": notify.NotificationDocument,
        "contact": notify.AddressDocument,
        "former": notify.FormerDocument,
        "work_mail": notify.AddressDocument,
        "mailbox": notify.MailboxDocument,
        "offer": notify.OfferCopy,
        "employer_link": notify.EmployerLinkDocument,
        "consent_mail": notify.ConsentMailDocument,
        "employer": notify.EmployerCopy,
        "listing": notify.ListingCopy,
        "event": notify.LoggedEvent,
        "webhook": webhooks.WebhookDocument,
        "webhooks": webhooks.WebhooksDocument,
        "delivery": webhooks.DeliveryDocument,
        "fan_out": webhooks.FanOutDocument,
    },
}
NOT_AGGREGATES = ("lease", "migrations", "naming", "worker")


def undeclared(service: str, document: Mapping[str, Any]) -> set[str]:
    """The fields that the type of this document does not name, as `kind.field`."""
    kind = document["kind"]
    if kind in NOT_AGGREGATES:
        return set()
    shape = ErasureDocument if kind == erasure.KIND else TYPES[service].get(kind)
    return {f"{kind}.{name}" for name in document.keys() - (get_type_hints(shape).keys() if shape else set())}
