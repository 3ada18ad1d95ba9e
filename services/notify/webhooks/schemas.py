"""The bodies of webhooks and their deliveries."""

from services.notify.webhooks.lifecycle import TEST
from services.notify.webhooks.subscriptions import TYPES
from shared.events.catalogue import PUBLIC_NAMES
from shared.fields import Body, Choice, Flag, Id, Instant, Integer, Part, Pattern, Several, Text, Uuid
from shared.http.answer.pages import PageQuery

_URL = r"https?://[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]{1,1000}"
_OURS = (
    "webhook-", "proxy-", "connection$", "content-", "expect$", "host$", "keep-alive$", "te$", "trailer$", "transfer-",
    "upgrade$", "user-agent$",
)  # fmt: skip
"""How the names begin, or what they are, of the headers that carry the message itself."""


def _in_any_case(text: str) -> str:
    """A regular expression of it, as JSON Schema has them: without flags."""
    return "".join(f"[{each.upper()}{each}]" if each.isalpha() else each for each in text)


_NAME = f"(?!{'|'.join(map(_in_any_case, _OURS))})[A-Za-z0-9][A-Za-z0-9-]{{0,63}}"
_SAID = {
    "url": "where events are POSTed to: https, at a public address, port 443 or 8443",
    "types": "event types, `<group>.*` for all of a group, or `*`",
    "payload": "`full`: the whole event; `thin`: what happened and where to read it, nothing of what it says",
    "listing_id": "only events of this listing and its offers",
    "offer_id": "only events of this offer",
}


class Header(Body):
    """A header that you want sent with each message, such as Authorization."""

    name = Pattern(_NAME, "a header's name, none of those that carry the message itself", required=True)
    value = Pattern(r"[!-~]([ -~]{0,1022}[!-~])?", "1 to 1024 visible ASCII characters", required=True)


class _Subscription(Body):
    url = Pattern(_URL, "a URL such as https://example.com/hooks, in ASCII, without a fragment", _SAID["url"])
    types = Several(Choice(*TYPES), 1, 50, _SAID["types"], unique=True)
    payload = Choice("full", "thin", metadata={"description": _SAID["payload"]})
    listing_id = Uuid(allow_none=True, metadata={"description": _SAID["listing_id"]})
    offer_id = Uuid(allow_none=True, metadata={"description": _SAID["offer_id"]})
    headers = Several(Part(Header), 0, 10, "sent with each message; kept encrypted, never shown again", unique="name")


class ChangeWebhook(_Subscription):
    """What is not named stays as it is. A new `url` has to answer a test event before anything else goes there; what
    happens meanwhile waits, where the webhook was active.
    """


class NewWebhook(_Subscription):
    url = Pattern(_URL, "a URL such as https://example.com/hooks, in ASCII, without a fragment", _SAID["url"],
                  required=True)  # fmt: skip
    types = Several(Choice(*TYPES), 1, 50, _SAID["types"], unique=True, required=True)
    payload = Choice("full", "thin", load_default="full", metadata={"description": _SAID["payload"]})
    scope = Choice("own", "all", load_default="own", metadata={
        "description": "`own`: the events that you may read; `all`: every public event, for an integrator or operator",
    })  # fmt: skip


class Webhook(Body):
    """A webhook. `pending`: its URL has not answered the test event yet; `disabled`: see `disabled_for`."""

    id = Uuid()
    url = Text()
    types = Several(Text())
    payload = Choice("full", "thin")
    scope = Choice("own", "all")
    listing_id = Uuid(allow_none=True)
    offer_id = Uuid(allow_none=True)
    headers = Several(Text(), description="the names of your own headers")
    status = Choice("pending", "active", "disabled")
    disabled_for = Choice("failing", "gone", "untested", allow_none=True, metadata={
        "description": "`failing`: nothing but failures for 5 days; `gone`: it answered 410; `untested`: its new URL "
        "answered no test for 5 days. A test that it answers switches it on again",
    })  # fmt: skip
    failing_since = Instant("nothing but failures since then", allow_none=True)
    verified_at = Instant("when its URL answered the test", allow_none=True)
    former_secret_until = Instant("until then the secret before this one signs as well", allow_none=True)
    replay_since = Instant("what failed since then is being sent again", allow_none=True)
    version = Integer()
    created_at = Instant()
    updated_at = Instant()


class WebhookWithSecret(Webhook):
    """A webhook with its secret, which is shown in this answer alone."""

    secret = Text(metadata={"description": "`whsec_` and base64, as libraries of Standard Webhooks take it"})


class Replay(Body):
    since = Instant("what was begun since then, and failed, is sent again", required=True)


class DeliveryQuery(PageQuery):
    status = Choice("waiting", "delivered", "failed")
    type = Choice(*PUBLIC_NAMES, TEST)
    since = Instant("begun then or later")
    until = Instant("begun before")


class Attempt(Body):
    at = Instant()
    milliseconds = Integer()
    status = Integer(allow_none=True, metadata={"description": "of the answer; null where there was none"})
    why = Text(allow_none=True, metadata={"description": "what went wrong; null where nothing did"})


class Delivery(Body):
    """An event for a webhook. `id` is the event's, and the `webhook-id` of each attempt."""

    id = Uuid()
    webhook_id = Uuid()
    type = Text()
    test = Flag()
    status = Choice("waiting", "delivered", "failed")
    given_up_for = Text(allow_none=True, metadata={"description": "why it is not tried any more"})
    attempts = Several(Part(Attempt), description="the last 30")
    next_at = Instant("when it is tried next", allow_none=True)
    created_at = Instant()
    version = Integer()


class WebhooksHealth(Body):
    """How the webhooks of all do. Whose they are, and where they lead, is not told."""

    active = Integer(description="webhooks that events are sent to")
    failing = Integer(description="of those, with nothing but failures for a while")
    failing_since = Instant("since when the longest failing of them has", allow_none=True)
    waiting = Integer(description="deliveries that are to be tried, now or later; 10,000 at most are counted")
    overdue_seconds = Integer(description="since the longest due of those was due; 0: none is")


class PublicKey(Body):
    kty = Text()
    crv = Text()
    use = Text()
    alg = Text()
    kid = Id()
    x = Text()


class PublicKeys(Body):
    """The platform's public keys (RFC 7517) by which v1a signatures are checked: the present one first."""

    keys = Several(Part(PublicKey))
