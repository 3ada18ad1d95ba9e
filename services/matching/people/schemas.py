"""What goes out over HTTP to a person about themselves."""

from services.matching.matches.schemas import Profile
from services.matching.offer.schemas import Account, Offer, Review
from shared import fields
from shared.events.schemas_matches import CADENCES
from shared.fields import Body
from shared.reports.schemas import OwnReport


class Leaving(Body):
    """Offers end, listings are withdrawn, texts and addresses are deleted: within minutes, in all services."""

    person_id = fields.PersonId()
    asked_at = fields.Instant()


SHARES = ("listing", "matching", "escrow", "notify")


class Share(Body):
    service = fields.Text()
    href = fields.Text()


class Export(Body):
    """All data held about you, one part for each service; each part comes in pages."""

    person_id = fields.PersonId()
    shares = fields.Several(fields.Part(Share))


class Person(Body):
    """`state`: known, asking or leaving (to be forgotten), erased. `mark`: a keyed hash of your verified address."""

    state = fields.Text()
    mark = fields.Text(allow_none=True)
    box_mark = fields.Text(
        allow_none=True, metadata={"description": "of its mailbox, where that has a plainer address"}
    )
    identity = fields.Text(allow_none=True, metadata={"description": "what stays, to count one mailbox once"})
    asked_at = fields.Instant(allow_none=True)
    erased_at = fields.Instant(allow_none=True)


class BothReviews(Body):
    """The other's is there once it is shown."""

    insider = fields.Part(Review, allow_none=True)
    seeker = fields.Part(Review, allow_none=True)


class WithReviews(Offer):
    reviews = fields.Part(BothReviews)


class MatchingShare(Body):
    """Your offers, in pages. The first page also has your account, profile and reports of insiders."""

    person_id = fields.PersonId()
    person = fields.Part(Person, allow_none=True, optional=True)
    account = fields.Part(Account, optional=True)
    profile = fields.Part(Profile, allow_none=True, optional=True)
    reports = fields.Several(fields.Part(OwnReport), optional=True)
    new_matches = fields.Choice(
        *CADENCES, allow_none=True, optional=True, metadata={"description": "how often you are told of new ones"}
    )
    items = fields.Several(fields.Part(WithReviews))
    next = fields.Text(1, 1024, allow_none=True)
