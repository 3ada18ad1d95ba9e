"""What the views of matching work with."""

from dataclasses import dataclass

from services.matching.accounts import Accounts
from services.matching.ats import Matching
from services.matching.confirmations import Confirmations
from services.matching.employers import Employers
from services.matching.people import People
from shared.http.commands import Resource


@dataclass(frozen=True)
class Parts:
    """Made once a process, in `main.build`."""

    offers: Resource
    accounts: Accounts
    employers: Employers
    confirmations: Confirmations
    ats: Matching
    people: People
