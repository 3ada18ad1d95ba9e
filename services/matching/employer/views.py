"""What staff see of a registered employer, and of what an applicant tracking system reported. Pure."""

from collections.abc import Mapping
from typing import Any

from services.matching.employer.acts import mark_of
from services.matching.employer.lifecycle import STAFF
from shared.aggregate import Document
from shared.http.declare.principal import Principal


def roles(doc: Document, principal: Principal) -> frozenset[str]:
    return principal.roles.intersection(STAFF)


def view(doc: Document, of: frozenset[str] = frozenset()) -> dict[str, Any]:
    """All but the secret."""
    ats, mark = doc.get("ats"), mark_of(doc["_id"])
    return {
        **{name: doc[name] for name in ("name", "domain", "mailboxes", "audit", "version", "created_at", "updated_at")},
        "id": mark,
        "status": doc["state"],
        "ats": {"kind": ats["kind"], "webhook": f"/v1/webhooks/{ats['kind']}/{mark}", "set_at": ats["set_at"]}
        if ats
        else None,
    }


def ats_event_view(doc: Mapping[str, Any]) -> dict[str, Any]:
    """As staff see it."""
    outcome = doc.get("outcome") or {}
    return {
        **{name: doc.get(name) for name in ("employer", "application", "start_on", "received_at")},
        "id": mark_of(doc["_id"]),
        "status": doc["state"],
        "rule": outcome.get("rule"),
        "offers": outcome.get("offers", []),
    }
