"""The bodies of notify's API."""

from services.notify.lifecycle import DELIVERED
from services.notify.preferences import STOPPABLE
from services.notify.recipients import KINDS
from services.notify.templates import LANGUAGES
from services.notify.webhooks.schemas import Webhook
from shared.events.schemas_matches import CADENCES, OFF
from shared.fields import (
    Body,
    Choice,
    Flag,
    Id,
    Instant,
    Integer,
    MailAddress,
    Part,
    Pattern,
    PersonId,
    Several,
    Text,
    Uuid,
)


class NewWorkMail(Body):
    email = MailAddress(required=True)


class NewContact(NewWorkMail):
    language = Choice(
        *LANGUAGES, metadata={"description": "of mails and notifications; by default the request's Accept-Language"}
    )


class WorkMail(NewWorkMail):
    """Your e-mail address at an employer, which proves that you work there; only the code is sent to it."""

    verified = Flag()
    undelivered = Text(allow_none=True, metadata={"description": "why the last code's mail did not go out"})
    version = Integer()
    created_at = Instant()
    updated_at = Instant()


class Contact(WorkMail, NewContact):
    """Your e-mail address. Until it is verified, only the code is sent to it."""


class SaidCode(Body):
    code = Pattern("[0-9]{6}", "the six digits that were mailed", required=True)


class Mailed(Body):
    """Which groups of notifications are mailed. All of them can be read in any case."""

    listings = Flag(load_default=True)
    offers = Flag(load_default=True)
    hires = Flag(load_default=True)
    money = Flag(load_default=True, metadata={"const": True, "description": "they cannot be stopped"})


class Preferences(Body):
    language = Choice(*LANGUAGES, required=True, metadata={"description": "of mails and notifications"})
    mail = Part(Mailed, required=True)
    matches = Choice(
        OFF,
        *CADENCES,
        load_default=OFF,
        metadata={
            "description": "how you are told of new matches of your profile: within minutes of a listing (once an hour "
            "at most), or by one mail a day or a week; ten at most, the best first, and nothing where none is new"
        },
    )
    version = Integer(dump_only=True)


class OneClick(Body):
    """What mail programs post (RFC 8058), and the page's button."""

    one_click = Choice("One-Click", data_key="List-Unsubscribe")


class Unsubscribed(Body):
    group = Choice(*STOPPABLE)
    mailed = Flag()


class OtherContact(Body):
    """How to reach the other party of an offer; `email` is null if they have not verified one."""

    offer_id = Uuid()
    role = Choice("insider", "seeker", metadata={"description": "the other party's role in the offer"})
    email = Text(allow_none=True)


class Notification(Body):
    """A notification. `kind` is the type of the event that it is about, `status` that of its e-mail."""

    id = Text()
    kind = Choice(*KINDS, metadata={"x-grows": True})
    subject = Text()
    text = Text()
    offer_id = Id(allow_none=True)
    listing_id = Id(allow_none=True)
    created_at = Instant()
    status = Choice("queued", *DELIVERED)
    undelivered = Text(allow_none=True, metadata={"description": "why no mail went out"})


class NewEmployerLink(Body):
    """`reference`: who was hired, as the employer knows them (a name, the application's number). It and the address
    stand in that one mail; neither is stored.
    """

    offer_id = Uuid(required=True)
    address = MailAddress("an e-mail address at the employer", required=True)
    reference = Text(1, 120, required=True)
    language = Choice(*LANGUAGES, metadata={"description": "of the mail; by default Accept-Language"})


class EmployerLink(Body):
    """The last link of an offer. `status`: queued, sent, or undelivered (and why)."""

    offer_id = Uuid()
    status = Choice("queued", "sent", "undelivered")
    undelivered = Text(allow_none=True)
    asked_at = Instant()
    expires_at = Instant()
    version = Integer()


class FormerAddress(Body):
    """A verified address of before: for some days we still tell you there of what could be a theft."""

    email = Text()
    at = Instant(metadata={"description": "when it was replaced or deleted"})


class Address(Body):
    """`unmailed` are the groups of notifications that are not mailed, `matches` is how often you are told of new ones,
    `sent` is when codes went there of late.
    """

    email = Text(allow_none=True)
    language = Text(allow_none=True)
    unmailed = Several(Text(), allow_none=True)
    matches = Text(allow_none=True)
    undelivered = Text(allow_none=True)
    created_at = Instant(allow_none=True)
    verified_at = Instant(allow_none=True)
    sent = Several(Instant(), allow_none=True)


class NotifyShare(Body):
    """Your notifications, in pages. The first page has your addresses (null where you gave none) and webhooks too."""

    person_id = PersonId()
    contact = Part(Address, allow_none=True, optional=True)
    former_contacts = Several(Part(FormerAddress), optional=True)
    work_mail = Part(Address, allow_none=True, optional=True)
    webhooks = Several(Part(Webhook), optional=True)
    items = Several(Part(Notification))
    next = Text(1, 1024, allow_none=True)
