"""The bodies of notify's API."""

from services.notify.lifecycle import DELIVERED
from services.notify.recipients import OPTIONAL, READ
from services.notify.texts import LANGUAGES
from shared.fields import Body, Choice, Flag, Instant, Integer, Part, Pattern, Text, Uuid

_LOCAL = r"[A-Za-z0-9_%+'-]+(?:\.[A-Za-z0-9_%+'-]+)*"
_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
ADDRESS = rf"(?=.{{3,254}}$)(?=[^@]{{1,64}}@){_LOCAL}@{_DOMAIN}"


class NewWorkMail(Body):
    email = Pattern(ADDRESS, "an e-mail address such as anna@example.org", required=True)


class NewContact(NewWorkMail):
    language = Choice(
        *LANGUAGES, metadata={"description": "of mails and notifications; by default the request's Accept-Language"}
    )


class WorkMail(NewWorkMail):
    """One's own address at an employer, which proves that one gets mail there; nothing but the code goes to it."""

    verified = Flag()
    undelivered = Text(allow_none=True, metadata={"description": "why the last code's mail did not go out"})
    version = Integer()
    created_at = Instant()
    updated_at = Instant()


class Contact(WorkMail, NewContact):
    """Where one's own mail goes. Until it is verified, nothing goes there but the code."""


class SaidCode(Body):
    code = Pattern("[0-9]{6}", "the six digits that were mailed", required=True)


class Mailed(Body):
    """Which groups of notifications are mailed. All of them can be read in any case."""

    listings = Flag(load_default=True)
    offers = Flag(load_default=True)
    hires = Flag(load_default=True)
    money = Flag(load_default=True, metadata={"description": "always true"})


class Preferences(Body):
    language = Choice(*LANGUAGES, required=True, metadata={"description": "of mails and notifications"})
    mail = Part(Mailed, required=True)
    version = Integer(dump_only=True)


class OneClick(Body):
    """What mail programs post (RFC 8058), and the page's button."""

    one_click = Choice("One-Click", data_key="List-Unsubscribe")


class Unsubscribed(Body):
    group = Choice(*OPTIONAL)
    mailed = Flag()


class OtherContact(Body):
    """How to reach the other one of an offer; `email` is null where they have verified none."""

    offer_id = Uuid()
    role = Choice("insider", "seeker", metadata={"description": "what the other one is to the offer"})
    email = Text(allow_none=True)


class Notification(Body):
    """What one was told. `kind` is the type of the event that it tells of, `status` how far its mail is."""

    id = Text()
    kind = Choice(*READ)
    subject = Text()
    text = Text()
    offer_id = Uuid(allow_none=True)
    listing_id = Uuid(allow_none=True)
    created_at = Instant()
    status = Choice("queued", *DELIVERED)
    undelivered = Text(allow_none=True, metadata={"description": "why no mail went out"})
