"""What matching's processes are made of: a slice for each subject, and the one place that joins them."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.matching.employer.parts import Parts as Employer
from services.matching.matches.alerts import ARRIVED
from services.matching.matches.parts import Parts as Matches
from services.matching.offer.accounts import Accounts
from services.matching.offer.parts import Parts as Offer
from services.matching.offer.parts import offers_of
from services.matching.people.parts import Parts as People
from shared.aggregate import Store
from shared.poller import OnTimer
from shared.settings import Settings


@dataclass(frozen=True)
class Parts:
    """Made once a process. No subject knows this, nor what stands above it: what it needs from there comes in here."""

    offer: Offer
    matches: Matches
    employer: Employer
    people: People

    @classmethod
    def of(cls, settings: Settings, store: Store) -> "Parts":
        places = settings.places.rules
        offers, accounts = offers_of(store, settings.terms), Accounts(store, settings.terms, places)
        people = People.of(offers, accounts, settings.pseudonym_key)
        employer = Employer.of(offers, settings.pseudonym_key)
        matches = Matches.of(store, accounts, settings.terms)
        of_listing = {ARRIVED: matches.alerts.on_arrival}
        offer = Offer(offers, accounts, people.people.between, employer.employers.is_registered_at, of_listing, places)
        return cls(offer, matches, employer, people)

    @property
    def timers(self) -> Mapping[str, OnTimer]:
        """What a worker does when the timer of a document fires that is no lifecycle's, by the document's kind."""
        subjects = self.offer.timers, self.matches.timers, self.employer.timers, self.people.timers
        return {kind: act for timers in subjects for kind, act in timers.items()}
