"""The documents of matches: what a seeker looks for, and of which new ones they are told."""

from datetime import datetime
from typing import TypedDict

from shared.aggregate.documents import Copy, CoreDocument


class Code(TypedDict):
    scheme: str
    code: str


class LeastPay(TypedDict, total=False):
    amount: int  # minor units
    currency: str
    per: str


class ProfileDocument(CoreDocument, total=False):
    """`profile:<person>`. Its fields go when it is deleted; the document stays, so that no version is used twice."""

    occupations: list[Code]
    industries: list[Code]
    countries: list[str]
    regions: list[str]
    skills: list[str]
    help: list[str]
    pay: LeastPay


class AlertDocument(Copy, total=False):
    """`alert:<person>`: they may be told of new matches. All but `told_at` goes when they want that no more."""

    owner: str
    cadence: str  # at_once, daily or weekly; a copy of notify's preference
    since: datetime  # what came before has been looked at
    told_at: datetime  # when they were told last
    wants: list[str]  # facets: who has one wakes it; there with `at_once`, until it is woken


class TellingDocument(CoreDocument, total=False):
    """`telling:<person>:<since>`: what one look found, in its one event."""

    until: datetime  # what came before has been looked at
