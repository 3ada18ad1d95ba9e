"""The data of events about people and employers: pseudonyms and marks are all that they say.

A mark is a keyed hash (`shared.ids`): who has the key and the address can see that two are the same, nobody else can
tell what it was made of.
"""

from functools import partial

from shared.events.event_type import EventType
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


_internal = partial(EventType, internal=True)
EVENTS = (
    EventType("person.erased", PersonErased, "a person asked to be forgotten", owner="matching"),
    _internal("contact.verified", ContactVerified, "a person's address is theirs", owner="notify"),
    _internal("contact.replaced", OfPerson, "a person's verified address was replaced or deleted", owner="notify"),
    _internal("payout.changed", OfPerson, "where a person is paid was set, changed or deleted", owner="escrow"),
    _internal("work.verified", WorkVerified, "a person gets mail at an employer's domain", owner="notify"),
    _internal("webhook.disabled", WebhookDisabled, "nothing is sent to a person's webhook any more", owner="notify"),
    _internal("report.decided", ReportDecided, "a moderator decided on a listing they reported", owner="listing"),
    _internal(
        "insider_report.decided", InsiderReportDecided, "a moderator decided on a reported insider", owner="matching"
    ),
    _internal("employer.registered", Employer, "staff have checked an employer's domain", owner="matching"),
    _internal("employer.removed", Employer, "staff do not vouch for that employer any more", owner="matching"),
)
