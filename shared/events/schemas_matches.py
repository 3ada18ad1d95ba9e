"""The data of `matches.*`: how often a person wants to be told of new matches, and what was found for them."""

from functools import partial

from shared.events.event_type import EventType
from shared.events.schemas_listing import Classified
from shared.fields import EventData, Id, Integer, Part, PersonId, Several, Word

AT_ONCE = "at_once"
CADENCES = (AT_ONCE, "daily", "weekly")
OFF = "off"
MOST_MATCHES = 10


class MatchesWanted(EventData):
    person_id = PersonId("who is to be told")
    cadence = Word("how often", known=(OFF, *CADENCES))


class FoundMatch(EventData):
    listing_id = Id("a listing that is new to them")
    occupation = Part(Classified, "what the role is")
    score = Integer(0, 10_000, "the sum of its reasons' points")
    reasons = Several(Word(), 1, 20, "why it fits, by the codes of docs/matching.md")


class MatchesFound(EventData):
    person_id = PersonId("whose matches they are")
    cadence = Word("how often they want to be told", known=CADENCES)
    items = Several(Part(FoundMatch), 1, MOST_MATCHES, "the best first")
    more = Integer(0, 10_000, "how many more there are")


_internal = partial(EventType, internal=True)
EVENTS = (
    _internal("matches.wanted", MatchesWanted, "how often a person is to be told of new matches", owner="notify"),
    _internal("matches.found", MatchesFound, "new matches of a person who asked to be told", owner="matching"),
)
