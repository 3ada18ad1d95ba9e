"""What the views of matching work with."""

from dataclasses import dataclass

from services.matching.employer.ats import Matching
from services.matching.employer.confirmations import Confirmations
from services.matching.employer.register import Employers
from services.matching.offer.accounts import Accounts
from services.matching.people.people import People
from shared.http.answer.commands import Resource


@dataclass(frozen=True)
class Parts:
    """Made once a process, in `main.build`."""

    offers: Resource
    accounts: Accounts
    employers: Employers
    confirmations: Confirmations
    ats: Matching
    people: People
