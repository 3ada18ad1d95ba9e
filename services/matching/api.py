"""Matching over HTTP: what its four subjects answer, put together, each with its slice of the parts."""

from services.matching.employer import api as employer
from services.matching.employer import api_ats, api_confirmations
from services.matching.matches import api as matches
from services.matching.matches import api_profile, api_records
from services.matching.offer import api as offer
from services.matching.offer import api_account, api_reviews
from services.matching.parts import Parts
from services.matching.people import api as people
from services.matching.people import api_export, api_reports
from shared import VERSION
from shared.http.declare.operations import Operations
from shared.process import status

operations: Operations[Parts] = Operations("matching", "Offers")
operations.include_slice(lambda parts: parts.offer, offer.operations, api_account.operations, api_reviews.operations)
operations.include_slice(
    lambda parts: parts.matches, matches.operations, api_profile.operations, api_records.operations
)
operations.include_slice(
    lambda parts: parts.employer, employer.operations, api_confirmations.operations, api_ats.operations
)
operations.include_slice(lambda parts: parts.people, people.operations, api_export.operations, api_reports.operations)
operations.include_slice(lambda parts: parts.offer.offers.store, status.of("matching", VERSION))
