"""What the views of listing work with."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from services.listing import views
from services.listing.budget import Budget
from services.listing.census import Census
from services.listing.rules import Rules
from services.listing.store import is_unveiled
from services.listing.workplaces import Workplaces
from shared.aggregate import Lifecycle, Store
from shared.http.answer.commands import Resource
from shared.http.declare.principal import NOBODY, Principal

PATH = "/v1/listings"


@dataclass(frozen=True)
class Parts:
    """Made once a process, in `main.build`."""

    store: Store
    listings: Resource
    workplaces: Workplaces
    census: Census
    budget: Budget
    market: Rules

    @classmethod
    def of(cls, store: Store, lifecycle: Lifecycle, market: Rules, key: bytes) -> "Parts":
        def roles(doc: Mapping[str, Any], principal: Principal) -> frozenset[str]:
            plain = views.roles(dict(doc), principal)
            if plain & views.KNOWS_EMPLOYER or principal == NOBODY:
                return plain
            unveiled = is_unveiled(store, doc["_id"], principal.person_id)
            return views.roles(dict(doc), principal, unveiled=True) if unveiled else plain

        view = partial(views.view, fee_bps=lifecycle.terms.fee_bps)
        listings = Resource(store, lifecycle, roles, view, PATH)
        budget = Budget(store, lifecycle.terms.listings_a_week)
        return cls(store, listings, Workplaces(store, key), Census(store), budget, market)
