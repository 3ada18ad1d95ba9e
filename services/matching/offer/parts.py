"""What the views and the worker of offers work with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from services.matching.offer import accounts, listings
from services.matching.offer.accounts import Accounts
from services.matching.offer.checks import Checks
from services.matching.offer.lifecycle import OFFER
from services.matching.offer.views import roles, view
from shared.aggregate import Document, Store, Trigger
from shared.http.answer.commands import Resource
from shared.http.answer.patience import Patience
from shared.places import PlaceRules, shipped
from shared.poller import OnTimer, Page
from shared.settings import Terms

OnePerson = Callable[[str, str], bool]


def offers_of(store: Store, terms: Terms) -> Resource:
    """Offers over HTTP, with the lifecycle that has these terms."""
    return Resource(store, OFFER.with_terms(terms), roles=roles, view=view, path="/v1/offers")


@dataclass(frozen=True)
class Parts:
    """`one_person`: whether two accounts are one person's; raises Refusal where one of the two is leaving.
    `at_registered`: whether a listing is at an employer whose domain staff have registered. `of_listing`: what others
    do when a timer of theirs, by its name, fires in a copy of a listing. `places`: the rules of places.
    """

    offers: Resource
    accounts: Accounts
    one_person: OnePerson
    at_registered: Callable[[str], bool]
    of_listing: Mapping[str, OnTimer] = field(default_factory=dict)
    places: PlaceRules = field(default_factory=shipped)
    patience: Patience = field(default_factory=Patience)

    @property
    def timers(self) -> Mapping[str, OnTimer]:
        return {listings.KIND: self._closing.on_timer, accounts.KIND: self.accounts.on_timer}

    @property
    def pages(self) -> Mapping[str, Page]:
        return {listings.KIND: self._closing.page}

    @property
    def _closing(self) -> listings.Closing:
        return listings.Closing(self.offers.store, self.offers.lifecycle, self.of_listing)

    def carry_out(self, document: Document) -> Trigger:
        return Checks(self.offers.store, self.accounts).carry_out(document)
