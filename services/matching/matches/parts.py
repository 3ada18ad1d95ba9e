"""What the views of matches, profiles and records work with."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.matching.matches import alerts
from services.matching.matches.alerts import Alerts
from services.matching.matches.known import KnownRecords
from services.matching.offer.accounts import Accounts
from shared.aggregate import Store
from shared.poller import OnTimer
from shared.settings import Terms


@dataclass(frozen=True)
class Parts:
    """`terms` say when a review is shown."""

    store: Store
    accounts: Accounts
    terms: Terms
    records: KnownRecords

    @classmethod
    def of(cls, store: Store, accounts: Accounts, terms: Terms) -> "Parts":
        return cls(store, accounts, terms, KnownRecords(store, terms))

    @property
    def alerts(self) -> Alerts:
        return Alerts(self.store, self.accounts, self.records)

    @property
    def timers(self) -> Mapping[str, OnTimer]:
        return {alerts.KIND: self.alerts.on_timer}
