"""How a webhook and a delivery are shown, and what a caller is to them. Pure."""

from typing import Any

from services.notify.webhooks.signing import secret
from shared.aggregate import Document
from shared.http.answer.commands import View
from shared.http.declare.principal import Principal

_SHOWN = ("url", "types", "payload", "scope", "listing_id", "offer_id", "disabled_for", "failing_since", "verified_at",
          "replay_since", "created_at", "updated_at", "version")  # fmt: skip


def roles(doc: Document, principal: Principal) -> frozenset[str]:
    """Its owner; and an operator to a webhook that is sent everybody's events, whatever became of its owner's role."""
    if doc["state"] == "deleted":
        return frozenset()
    if doc.get("owner") == principal.person_id:
        return frozenset({"owner"})
    return principal.roles & {"operator"} if doc.get("scope") == "all" else frozenset()


def view(doc: Document, of: frozenset[str] = frozenset()) -> dict[str, Any]:
    shown = {name: doc.get(name) for name in _SHOWN}
    former = doc.get("former_secrets") or [{"until": doc.get("former_secret_until")}]
    shown |= {"former_secret_until": former[0]["until"]}
    return shown | {"id": doc["_id"], "status": doc["state"], "headers": doc.get("header_names", [])}


def with_secret(key: bytes) -> View:
    """As `view`, with the present secret."""
    return lambda doc, of: view(doc, of) | {"secret": secret(key, doc["_id"], doc["secret_number"])}


def delivery_view(doc: Document, of: frozenset[str] = frozenset()) -> dict[str, Any]:
    attempts = [{"status": None, "why": None, **each} for each in doc.get("attempts", [])]
    return {
        "id": doc["event_id"],
        "webhook_id": doc["webhook_id"],
        "type": doc["event_type"],
        "test": "number" not in doc,
        "status": doc["state"],
        "given_up_for": doc.get("given_up_for"),
        "attempts": attempts,
        "next_at": doc.get("deliver_at"),
        "created_at": doc["created_at"],
        "version": doc["version"],
    }
