"""What the views and the worker of people work with."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from services.matching.offer.accounts import Accounts
from services.matching.people.erasure import Erasing
from services.matching.people.people import KIND, People, mailbox_of
from services.matching.people.reports import REPORT, Tidying
from shared.http.answer.commands import Resource
from shared.poller import OnTimer
from shared.reports.desk import Desk


@dataclass(frozen=True)
class Parts:
    """A person is forgotten, and gets everything of theirs: so `offers` and `accounts` are read here, too."""

    offers: Resource
    accounts: Accounts
    people: People
    desk: Desk

    @classmethod
    def of(cls, offers: Resource, accounts: Accounts, key: bytes) -> "Parts":
        erasing = Erasing(offers.store, offers.lifecycle)
        table = REPORT.with_terms(offers.lifecycle.terms)
        desk = Desk.of(offers.store, table, key, "/v1/insider-reports", partial(mailbox_of, offers.store))
        return cls(offers, accounts, People(offers.store, accounts, erasing), desk)

    @property
    def timers(self) -> Mapping[str, OnTimer]:
        return {KIND: self.people.on_timer, REPORT.name: Tidying(self.desk.terms).on_timer}
