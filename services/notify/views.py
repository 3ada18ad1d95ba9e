"""How a notification, an address, preferences and a mail to an employer are shown to their person. Pure."""

from typing import Any

from services.notify import addresses
from services.notify.recipients import OPTIONAL
from services.notify.schemas import Address
from services.notify.templates import DEFAULT_LANGUAGE
from shared.aggregate import Document
from shared.events.schemas_matches import OFF


def view(doc: Document) -> dict[str, Any]:
    shown = {name: doc.get(name) for name in ("subject", "text", "offer_id", "listing_id", "created_at", "undelivered")}
    return shown | {"id": doc["_id"], "kind": doc["event_type"], "status": doc["state"]}


def address_view(doc: Document) -> dict[str, Any]:
    return {
        "language": DEFAULT_LANGUAGE,
        **doc,
        "verified": addresses.is_verified(doc),
        "undelivered": doc.get("undelivered"),
    }


def preferences_view(contact: Document | None) -> dict[str, Any]:
    known = contact or {"version": 0}
    stopped = known.get("unmailed", [])
    mail = {group: group not in stopped for group in OPTIONAL} | {"money": True}
    shown = {"language": known.get("language", DEFAULT_LANGUAGE), "mail": mail, "version": known["version"]}
    return shown | {"matches": known.get("matches", OFF)}


def exported_address(doc: Document | None) -> Document | None:
    return {name: doc.get(name) for name in Address().fields} if doc else None


def employer_link_view(doc: Document) -> dict[str, Any]:
    """The last link of an offer, and how far its mail is."""
    reason = doc.get("undelivered")
    mail_status = "queued" if doc.get("instruction") else "undelivered" if reason else "sent"
    link = {"asked_at": doc["link"]["at"], "expires_at": doc["link"]["until"]}
    return {
        "offer_id": doc["offer_id"],
        "status": mail_status,
        "undelivered": reason,
        "version": doc["version"],
        **link,
    }
