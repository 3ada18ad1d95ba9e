"""What the views of listing work with."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from services.listing import consents, views
from services.listing.asks import Asks
from services.listing.budget import Budget
from services.listing.census import Census
from services.listing.drafts import Drafts
from services.listing.employers_word import EmployersWord
from services.listing.mailboxes import mailbox_of
from services.listing.page import sitemap
from services.listing.reports import decided
from services.listing.rules import Rules
from services.listing.store import KNOWN, is_unveiled, newest, unveiled_id
from services.listing.workplaces import Workplaces
from shared.aggregate import Document, Lifecycle, Store
from shared.http.answer.commands import Resource
from shared.http.answer.kept import KeptText
from shared.http.declare.operations import Call
from shared.http.declare.principal import NOBODY, Principal
from shared.reports.desk import Desk
from shared.reports.desk import lifecycle as reports_lifecycle

PATH = "/v1/listings"
REPORT = reports_lifecycle(decided)


@dataclass(frozen=True)
class Parts:
    """Made once a process, in `main.build`."""

    store: Store
    listings: Resource
    workplaces: Workplaces
    census: Census
    budget: Budget
    drafts: Drafts
    market: Rules
    asks: Asks
    employers_word: EmployersWord
    desk: Desk
    public_url: str
    sitemap: KeptText

    @classmethod
    def of(cls, store: Store, lifecycle: Lifecycle, market: Rules, key: bytes, public_url: str) -> "Parts":
        def roles(doc: Document, principal: Principal) -> frozenset[str]:
            return _roles(doc, principal, lambda: is_unveiled(store, doc["_id"], principal.person_id))

        def view(doc: Document, roles: frozenset[str]) -> dict[str, Any]:
            return views.view(doc, roles, lifecycle.terms.fee_bps, consents.on_record(market.places, doc))

        listings = Resource(store, lifecycle, roles, view, PATH)
        terms = lifecycle.terms
        budget, drafts = Budget(store, terms.listings_a_week), Drafts(store, terms)
        reports = REPORT.with_terms(terms)
        desk = Desk.of(store, reports, key, "/v1/reports", partial(mailbox_of, store))
        word = EmployersWord(listings, market, key)
        on_map = KeptText(lambda: sitemap(newest(store), f"{public_url}/listings/"), store.clock.monotonic)
        return cls(
            store, listings, Workplaces(store, key), Census(store), budget, drafts, market, Asks(store), word, desk,
            public_url, on_map,
        )  # fmt: skip

    def read(self, call: Call["Parts"]) -> tuple[Document, frozenset[str]]:
        """The listing that the path names, and what the caller is to it: read at once with what says whether they know
        its employer. Raises Problem 404.
        """
        beside = unveiled_id(call.id, call.reader.person_id)
        found = self.store.load([call.id, beside] if call.caller else [call.id])
        unveiled = found.get(beside, {}).get("state") == KNOWN
        seen = replace(self.listings, roles=lambda doc, principal: _roles(doc, principal, lambda: unveiled))
        return seen.visible(found.get(call.id), call.reader, call.id)


def _roles(doc: Document, principal: Principal, is_known: Callable[[], bool]) -> frozenset[str]:
    """`is_known`: whether the employer was unveiled to them; asked only where it decides."""
    plain = views.roles(doc, principal)
    if plain & views.KNOWS_EMPLOYER or principal == NOBODY:
        return plain
    return views.roles(doc, principal, unveiled=True) if is_known() else plain
