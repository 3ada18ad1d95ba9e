"""What the views of matches, profiles and records work with."""

from dataclasses import dataclass

from services.matching.offer.accounts import Accounts
from shared.aggregate import Store
from shared.settings import Terms


@dataclass(frozen=True)
class Parts:
    """`terms` say when a review is shown."""

    store: Store
    accounts: Accounts
    terms: Terms
