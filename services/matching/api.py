"""Matching over HTTP: what its four subjects answer, put together."""

from services.matching.employer import api as employer
from services.matching.employer import api_ats, api_confirmations
from services.matching.matches import api as matches
from services.matching.matches import api_profile, api_records
from services.matching.offer import api as offer
from services.matching.offer import api_account, api_reviews
from services.matching.people import api as people
from services.matching.people import export

operations = offer.operations
operations.include(
    api_account.operations, api_profile.operations, matches.operations, api_reviews.operations,
    api_records.operations, employer.operations, api_confirmations.operations, api_ats.operations, people.operations,
)  # fmt: skip
export.declare(operations, offer.roles, offer.view)
