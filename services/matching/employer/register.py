"""The register of employers who may confirm a hire: staff have checked that the domain is theirs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.matching.employer.acts import employer_id
from services.matching.employer.lifecycle import EMPLOYER
from services.matching.employer.views import roles, view
from services.matching.staff_lists import registered_domains
from services.matching.store import listing_key
from shared.aggregate import Document, Store
from shared.http.answer.commands import Resource
from shared.ids import contact_mark, domain_mark, workplace_mark

PATH = "/v1/employers"


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

    def is_registered_at(self, listing_id: str) -> bool:
        """Whether a listing, by what is known of it here, is at an employer whose domain staff have registered.

        A listing says where it is by a mark of its own, so each registered domain is held against it.
        """
        listing = self.register.store.get(listing_key(listing_id)) or {}
        mark = listing.get("workplace_mark")
        domains = registered_domains(self.register.store) if mark else ()
        return any(workplace_mark(self.key, listing_id, domain) == mark for domain in domains)

    def has(self, employer: Mapping[str, Any], listing_id: str) -> bool:
        """Whether a listing, by what is known of it here, is at this employer."""
        listing = self.register.store.get(listing_key(listing_id)) or {}
        return bool(listing.get("workplace_mark") == workplace_mark(self.key, listing_id, employer["domain"]))
