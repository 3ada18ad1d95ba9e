"""What comes in and goes out over HTTP about offers, a seeker's account and reviews."""

from services.matching.offer.lifecycle import PARTIES, STATES
from services.matching.offer.messages import LONGEST
from services.matching.offer.rules import EVIDENCE
from shared import fields
from shared.events.schemas_listing import HELP_KINDS
from shared.fields import Body, MoneySchema
from shared.http.answer.pages import PageQuery
from shared.places.fields import Licence

SHOWN_STATES = tuple(state for state in STATES if state != "new")


class Declared(Body):
    """What the law of some places has a seeker asked before they are charged; `GET /v1/rules` says where."""

    foreign_national = fields.Flag(
        metadata={"description": "neither a citizen nor a permanent resident of the country of the job"}
    )


class NewOffer(Body):
    """Which help of a listing a seeker asks for, at the listing's price, or at another that they name.

    `mode` hold (the only one): the money waits until the hire. `message` is for the insider alone to read.
    """

    listing_id = fields.Uuid(required=True)
    help = fields.Several(fields.Choice(*HELP_KINDS), 1, len(HELP_KINDS), unique=True, required=True)
    mode = fields.Choice("hold", load_default="hold")
    price = fields.Part(MoneySchema)
    declares = fields.Part(Declared)
    message = fields.Text(1, LONGEST, lines=True)


class Counter(Body):
    """Another price for the same help, and a word with it for the other."""

    price = fields.Part(MoneySchema, required=True)
    declares = fields.Part(Declared, metadata={"description": "the seeker's alone, where their offer did not say it"})
    message = fields.Text(1, LONGEST, lines=True)


class Help(Body):
    kind = fields.Choice(*HELP_KINDS, required=True)
    on = fields.Date(required=True)


class HelpAnswer(Help):
    answer = fields.Choice("confirmed", "denied", required=True)


class Evidence(Body):
    """A document by its SHA-256; the document itself stays with the insider until somebody asks for it."""

    kind = fields.Choice(*EVIDENCE, required=True)
    sha256 = fields.Sha256(required=True)


class ClaimHire(Body):
    start_on = fields.Date(required=True)
    evidence = fields.Several(fields.Part(Evidence), 0, 10, unique="sha256", load_default=list)


class ConfirmHire(Body):
    """`reason` is an arbiter's, who confirms a hire that the seeker does not."""

    start_on = fields.Date(required=True)
    reason = fields.Text(1, 1000, lines=True)


class EndHire(Body):
    on = fields.Date(required=True)


class Cancel(Body):
    """`reason` is for staff, who must give one, and is welcome from a party."""

    reason = fields.Text(1, 1000, lines=True)


class Search(PageQuery):
    role = fields.Choice(*PARTIES)
    status = fields.Choice(*SHOWN_STATES)
    listing_id = fields.Uuid()


class Claim(Body):
    """`evidence` is empty for the seeker until the help has begun; what it is worth, `grade`, is not."""

    start_on = fields.Date()
    evidence = fields.Several(fields.Part(Evidence))
    grade = fields.Integer(0, 3)
    at = fields.Instant()


class Hire(Body):
    start_on = fields.Date()
    confirmed_by = fields.Choice("seeker", "employer", "ats", "arbiter", "silence")
    evidence_grade = fields.Integer(0, 3)
    confirmed_at = fields.Instant()


class Ended(Body):
    on = fields.Date()
    by = fields.Choice(*PARTIES, "employer", "staff")
    at = fields.Instant()


class GivenHelp(Body):
    kind = fields.Choice(*HELP_KINDS)
    on = fields.Date()
    answer = fields.Choice("confirmed", "denied", optional=True)
    at = fields.Instant()


class CancelAsked(Body):
    by = fields.Choice(*PARTIES)
    at = fields.Instant()
    reason = fields.Text(0, 1000, allow_none=True, optional=True)


class Cancelled(Body):
    """`code`: alone, agreed, staff, no_reservation, consent_ended, left (one of them asked to be forgotten), or how the
    listing ended.
    """

    by = fields.Choice(*PARTIES, "staff", "system")
    at = fields.Instant()
    code = fields.Code()
    reason = fields.Text(0, 1000, allow_none=True, optional=True)


class Audited(Body):
    """What staff did to it, and why."""

    by = fields.PersonId()
    at = fields.Instant()
    action = fields.Code()
    reason = fields.Text(0, 1000, allow_none=True, optional=True)


class Message(Body):
    """What a party wrote with a proposal."""

    by = fields.Choice(*PARTIES)
    at = fields.Instant()
    text = fields.Text(1, LONGEST, lines=True)


class Part(Body):
    """A part of the price that is paid out so many days after the first day of work."""

    due_day = fields.Integer(0, 180)
    bps = fields.Integer(1, 10_000)


class Breakdown(Body):
    """What each side pays and gets at the present price, once all of it is paid out. The fee is one of the whole."""

    seeker_pays = fields.Part(MoneySchema)
    fee = fields.Part(MoneySchema)
    insider_receives = fields.Part(MoneySchema)


class Offer(Body):
    """`escrow_status` is null until the escrow was heard of; the escrow itself has the truth about the money.

    `begins_at` is when the help begins by itself; `begun_at` when it did: from then on the two see how to reach each
    other, and the seeker sees the employer.

    `messages` are there for its two people only, `application` (at the employer) and `declares` for its seeker and
    staff, `audit` for staff.
    """

    id = fields.Uuid()
    listing_id = fields.Uuid()
    insider = fields.PersonId()
    seeker = fields.PersonId()
    help = fields.Several(fields.Choice(*HELP_KINDS))
    mode = fields.Choice("hold")
    price = fields.Part(MoneySchema)
    fee_bps = fields.Integer(0, 10_000, metadata={"description": "as it was when the offer was made"})
    breakdown = fields.Part(Breakdown)
    licence = fields.Part(Licence, allow_none=True)
    declares = fields.Part(Declared, optional=True)
    tranches = fields.Several(fields.Part(Part))
    status = fields.Choice(*SHOWN_STATES)
    escrow_status = fields.Text(allow_none=True)
    version = fields.Integer()
    proposed_by = fields.Choice(*PARTIES)
    rounds = fields.Integer()
    messages = fields.Several(fields.Part(Message), optional=True)
    application = fields.Text(optional=True)
    help_given = fields.Several(fields.Part(GivenHelp))
    claims = fields.Several(fields.Part(Claim))
    cancel_asked = fields.Part(CancelAsked, allow_none=True)
    cancelled = fields.Part(Cancelled, allow_none=True)
    hire = fields.Part(Hire, allow_none=True)
    ended = fields.Part(Ended, allow_none=True)
    audit = fields.Several(fields.Part(Audited), optional=True)
    accepted_at = fields.Instant(allow_none=True)
    activated_at = fields.Instant(allow_none=True)
    begins_at = fields.Instant(allow_none=True)
    begun_at = fields.Instant(allow_none=True)
    created_at = fields.Instant()
    updated_at = fields.Instant()


class Requests(Body):
    """Offers you may make in any seven days. `next_at`: when you may make the next; null if you may now."""

    a_week = fields.Integer()
    used = fields.Integer()
    left = fields.Integer()
    next_at = fields.Instant(allow_none=True)


class Exposure(Body):
    """What you may have agreed to pay at one time in one currency, in all offers together."""

    cap = fields.Part(MoneySchema)
    used = fields.Part(MoneySchema)
    left = fields.Part(MoneySchema)


class Reservation(Body):
    """One of your open offers, `amount` 0 until it is accepted; or one that is over, whose payment may still be charged
    back: it counts `until` then, null while its escrow still holds money.
    """

    offer_id = fields.Uuid()
    listing_id = fields.Uuid()
    at = fields.Instant()
    amount = fields.Part(MoneySchema)
    until = fields.Instant(allow_none=True)


class Account(Body):
    requests = fields.Part(Requests)
    exposure = fields.Part(Exposure, metadata={"description": "in EUR"})
    exposures = fields.Several(fields.Part(Exposure), metadata={"description": "each currency on its own"})
    reservations = fields.Several(fields.Part(Reservation))


class NewReview(Body):
    """What one says of the other: `stars` 1 (bad) to 5 (good), and whether one would do it again with them."""

    stars = fields.Integer(1, 5, required=True)
    would_again = fields.Flag(optional=True)
    text = fields.Text(1, LONGEST, lines=True, optional=True)


class RemoveText(Body):
    """Whose text a moderator takes away, and why."""

    of = fields.Choice(*PARTIES, required=True)
    reason = fields.Text(1, 1000, lines=True, required=True)


class Removed(Body):
    at = fields.Instant()
    reason = fields.Text(1, 1000, optional=True)


class Review(NewReview):
    """A review; `removed` is there where a moderator took its text away."""

    at = fields.Instant()
    removed = fields.Part(Removed, optional=True)


class Reviews(Body):
    """Both reviews of an offer, by who wrote them; null where there is none, or it is not shown yet.

    `given` says whose are in. They are shown from `shown_from` on (null while there is none). `until` is how long you
    may still write yours; null where you may not.
    """

    offer_id = fields.Uuid()
    given = fields.Several(fields.Choice(*PARTIES))
    insider = fields.Part(Review, allow_none=True)
    seeker = fields.Part(Review, allow_none=True)
    shown_from = fields.Instant(allow_none=True)
    until = fields.Instant(allow_none=True)
