"""The document of matches: what a seeker looks for."""

from typing import TypedDict

from shared.aggregate.documents import CoreDocument


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
