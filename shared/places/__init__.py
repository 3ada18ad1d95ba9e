"""What may be charged to a job seeker, where: the rules by place, an operator's own laid over them, and licences."""

from shared.places.files import BadRules, load, shipped
from shared.places.licences import BadLicences, Licence, Licences, read_licences
from shared.places.names import name_of, place_of
from shared.places.rules import ANYWHERE, Consent, Decision, Entry, Phrases, PlaceRules

__all__ = [
    "ANYWHERE", "BadLicences", "BadRules", "Consent", "Decision", "Entry", "Licence", "Licences", "Phrases",
    "PlaceRules", "load", "name_of", "place_of", "read_licences", "shipped",
]  # fmt: skip
