"""What may be charged to a job seeker, where: the rules by place, an operator's own laid over them, and licences."""

from shared.places.files import BadRules, load, overlaid, shipped
from shared.places.licences import BadLicences, Licence, Licences, read_licences
from shared.places.names import name_of, place_of
from shared.places.rules import ANYWHERE, Cap, Consent, Decision, Entry, Phrases, PlaceRules, Question

__all__ = [
    "ANYWHERE", "BadLicences", "BadRules", "Cap", "Consent", "Decision", "Entry", "Licence", "Licences", "Phrases",
    "PlaceRules", "Question", "load", "name_of", "overlaid", "place_of", "read_licences", "shipped",
]  # fmt: skip
