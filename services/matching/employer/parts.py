"""What the views and the worker of employers work with."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.matching.employer import ats
from services.matching.employer.confirmations import Confirmations
from services.matching.employer.register import Employers
from shared.http.answer.commands import Resource
from shared.poller import OnTimer


@dataclass(frozen=True)
class Parts:
    """Whose word is taken, and the two ways in which it comes: a mailed link, and an applicant tracking system."""

    offers: Resource
    employers: Employers
    confirmations: Confirmations
    ats: ats.Matching

    @classmethod
    def of(cls, offers: Resource, key: bytes) -> "Parts":
        employers = Employers.of(offers.store, key)
        matching = ats.Matching(offers.store, offers.lifecycle, employers)
        return cls(offers, employers, Confirmations(offers, employers), matching)

    @property
    def timers(self) -> Mapping[str, OnTimer]:
        return {ats.KIND: self.ats.on_timer}
