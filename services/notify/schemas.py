"""The bodies of notify's API."""

from services.notify.lifecycle import DELIVERED
from services.notify.recipients import READ
from shared.http.fields import Body, Choice, Instant, Integer, Pattern, Text, Uuid

_LOCAL = r"[A-Za-z0-9_%+'-]+(?:\.[A-Za-z0-9_%+'-]+)*"
_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"


class NewContact(Body):
    email = Pattern(
        rf"(?=.{{3,254}}$)(?=[^@]{{1,64}}@){_LOCAL}@{_DOMAIN}",
        "an e-mail address such as anna@example.org",
        required=True,
    )


class Contact(NewContact):
    """Where one's own mail goes."""

    version = Integer()
    created_at = Instant()
    updated_at = Instant()


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
