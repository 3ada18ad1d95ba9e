"""The register of employers whose word on a hire is taken: staff have checked that the domain is theirs.

`employer:<mark of its domain>`: name, domain, mailboxes (the addresses there that answer for hires, less their domain),
marks (of these addresses), ats {kind, secret, set_at}, audit [{by, at, action}]; staff_list, staff_sort_key (see
`staff_lists`). The secret signs what its applicant tracking system says, and leaves the database no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.matching.staff_lists import EMPLOYERS, enlist
from services.matching.store import listing_key
from shared.aggregate import Change, Document, Lifecycle, Row, Store, Trigger
from shared.http.answer.commands import Resource
from shared.http.request.tokens import Principal
from shared.ids import contact_mark, domain_mark, workplace_mark

KIND = "employer"
PATH = "/v1/employers"
STAFF = ("moderator", "operator")


def employer_id(mark: str) -> str:
    return f"{KIND}:{mark}"


def mark_of(employer_id: str) -> str:
    return employer_id.removeprefix(f"{KIND}:")


# -- the lifecycle


def public(change: Change) -> dict[str, Any]:
    """Marks alone: who reads the event knows an address or a domain again, and learns none."""
    return {"domain_mark": mark_of(change.id), "marks": change.get("marks", [])}


def register(change: Change, trigger: Trigger) -> None:
    change.set(mailboxes=[], marks=[], ats=None)
    enlist(change, EMPLOYERS, change.now)
    revise(change, trigger)


def revise(change: Change, trigger: Trigger) -> None:
    kept = dict(trigger.data)
    if kept.get("ats"):
        kept["ats"] = {**kept["ats"], "set_at": change.now}
    change.set(**kept)
    _record(change, trigger)


def remove(change: Change, trigger: Trigger) -> None:
    change.set(ats=None, mailboxes=[], marks=[])
    _record(change, trigger)


def _record(change: Change, trigger: Trigger) -> None:
    change.push("audit", {"by": trigger.by, "at": change.now, "action": trigger.name})


EMPLOYER = Lifecycle(
    KIND,
    states=("new", "registered", "removed"),
    rows=(
        Row(("new", "removed"), "register", to="registered", emits=("employer.registered",), by=STAFF, act=register),
        Row(("registered",), "revise", emits=("employer.registered",), by=STAFF, act=revise),
        Row(
            ("registered",), "remove", to="removed", emits=("employer.removed",), by=STAFF, act=remove,
            note="its word counts no more",
        ),
    ),
    public=public,
)  # fmt: skip


# -- over HTTP, and for who takes an employer's word


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


@dataclass(frozen=True)
class Employers:
    """The register, and whose listing is whose."""

    register: Resource
    key: bytes

    @classmethod
    def of(cls, store: Store, key: bytes) -> "Employers":
        return cls(Resource(store, EMPLOYER, roles, view, PATH), key)

    def mark(self, domain: str) -> str:
        return domain_mark(self.key, domain)

    def mailbox_marks(self, domain: str, mailboxes: list[str]) -> list[str]:
        return [contact_mark(self.key, f"{mailbox}@{domain}") for mailbox in mailboxes]

    def registered(self, mark: str) -> Document | None:
        """The employer of that mark, while it is registered."""
        found = self.register.store.get(employer_id(mark))
        return found if found is not None and found["state"] == "registered" else None

    def has(self, employer: Mapping[str, Any], listing_id: str) -> bool:
        """Whether a listing, by what is known of it here, is at this employer."""
        listing = self.register.store.get(listing_key(listing_id)) or {}
        return bool(listing.get("workplace_mark") == workplace_mark(self.key, listing_id, employer["domain"]))
