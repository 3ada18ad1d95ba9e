"""The data of events about people and employers: pseudonyms and marks are all that they say.

A mark is a keyed hash (`shared.ids`): who has the key and the address can see that two are the same, nobody else can
tell what it was made of.
"""

from shared.fields import EventData, Id, PersonId, Several, Text, Word


class PersonErased(EventData):
    person_id = PersonId("whose personal data is to be deleted")


class OfPerson(EventData):
    """Says whom it is about, and nothing of what it was or is."""

    person_id = PersonId("whose it is")


class WebhookDisabled(EventData):
    person_id = PersonId("whose webhook it is")
    webhook_id = Id("the webhook")
    host = Text(1, 253, description="the host of its URL")
    reason = Word("why nothing is sent there any more", known=("failing", "gone", "untested"))
    failed = Several(Text(1, 128), 0, 5, "the type and the id of events that failed last")


class ContactVerified(EventData):
    person_id = PersonId("who gave the code that was mailed to their address")
    mark = Id("the mark of that address")
    box_mark = Id("the mark of its mailbox, where another address is the plainest one of it", optional=True)


class WorkVerified(EventData):
    person_id = PersonId("who gave the code that was mailed to their address at work")
    domain_mark = Id("the mark of that address's domain")


class ReportDecided(EventData):
    """Says that somebody reported a listing, never why or in what words."""

    person_id = PersonId("who reported it")
    listing_id = Id("what they reported")
    decision = Word("what the moderator decided", known=("keep", "remove"))


class InsiderReportDecided(EventData):
    person_id = PersonId("who is told: who reported the insider, or the insider")
    insider = PersonId("who was reported")
    decision = Word("what the moderator decided", known=("keep", "act"))


class Employer(EventData):
    """What staff say of an employer."""

    domain_mark = Id("the mark of a domain that staff have checked to be an employer's")
    marks = Several(Id(), 0, 20, "the marks of the addresses there at which hires are confirmed", optional=True)
