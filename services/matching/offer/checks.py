"""The second look at an offer, a minute after it was made or accepted: is its listing open to it, is it reserved?

Several documents cannot be written at once, so an offer may be written while its listing is being filled. The check
finds that, and calls the offer off. It is an instruction of the offer, carried out by the worker's poller.
"""

from services.matching.offer.accounts import Accounts
from services.matching.store import listing_key
from shared.aggregate import Document, Store, Trigger


class Checks:
    """Carries out the instruction `check` of an offer."""

    def __init__(self, store: Store, accounts: Accounts) -> None:
        self._store, self._accounts = store, accounts

    def carry_out(self, document: Document) -> Trigger:
        """`checked`, with the listing's status and whether the seeker's account has the reservation."""
        listing = self._store.get(listing_key(document["listing_id"])) or {}
        amount = int(document["price"]) if document.get("accepted_at") else 0
        instruction_id = document["instruction"]["id"]
        data = {
            "instruction_id": instruction_id,
            "status": listing.get("status", "unknown"),
            "reserved": self._accounts.holds(document["seeker"], document["_id"], amount),
        }
        now = self._store.clock.now()
        return Trigger(name="checked", id=f"{instruction_id}:checked", kind="outcome", at=now, data=data)
