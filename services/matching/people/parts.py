"""What the views and the worker of people work with."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.matching.offer.accounts import Accounts
from services.matching.people.erasure import Erasing
from services.matching.people.people import KIND, People
from shared.http.answer.commands import Resource
from shared.poller.poller import OnTimer


@dataclass(frozen=True)
class Parts:
    """A person is forgotten, and gets everything of theirs: so `offers` and `accounts` are read here, too."""

    offers: Resource
    accounts: Accounts
    people: People

    @classmethod
    def of(cls, offers: Resource, accounts: Accounts) -> "Parts":
        erasing = Erasing(offers.store, offers.lifecycle)
        return cls(offers, accounts, People(offers.store, accounts, erasing))

    @property
    def timers(self) -> Mapping[str, OnTimer]:
        return {KIND: self.people.on_timer}
