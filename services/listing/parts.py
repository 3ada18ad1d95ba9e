"""What the views of listing work with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.listing import consents, views
from services.listing.asks import Asks
from services.listing.budget import Budget
from services.listing.census import Census
from services.listing.employers_word import EmployersWord
from services.listing.reports import decided
from services.listing.rules import Rules
from services.listing.store import is_unveiled
from services.listing.workplaces import Workplaces
from shared.aggregate import Document, Lifecycle, Store
from shared.http.answer.commands import Resource
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
    market: Rules
    asks: Asks
    employers_word: EmployersWord
    desk: Desk
    public_url: str

    @classmethod
    def of(cls, store: Store, lifecycle: Lifecycle, market: Rules, key: bytes, public_url: str) -> "Parts":
        def roles(doc: Mapping[str, Any], principal: Principal) -> frozenset[str]:
            plain = views.roles(dict(doc), principal)
            if plain & views.KNOWS_EMPLOYER or principal == NOBODY:
                return plain
            unveiled = is_unveiled(store, doc["_id"], principal.person_id)
            return views.roles(dict(doc), principal, unveiled=True) if unveiled else plain

        def view(doc: Document, roles: frozenset[str]) -> dict[str, Any]:
            return views.view(doc, roles, lifecycle.terms.fee_bps, consents.on_record(market.places, doc))

        listings = Resource(store, lifecycle, roles, view, PATH)
        budget = Budget(store, lifecycle.terms.listings_a_week)
        desk = Desk.of(store, REPORT.with_terms(lifecycle.terms), key, "/v1/reports")
        word = EmployersWord(listings, market, key)
        return cls(
            store, listings, Workplaces(store, key), Census(store), budget, market, Asks(store), word, desk, public_url
        )
