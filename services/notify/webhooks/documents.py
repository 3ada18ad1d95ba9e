"""The documents of webhooks in the collection `notifications`."""

from datetime import datetime
from typing import TypedDict

from shared.aggregate.documents import CoreDocument


class Failure(TypedDict):
    """An attempt that failed, and the event that it was for."""

    at: datetime
    type: str
    id: str


class FormerSecret(TypedDict):
    number: int
    until: datetime  # when it signs no more


class WebhookDocument(CoreDocument, total=False):
    """A webhook, by its UUID. All that its owner wrote goes when it is deleted, or with its owner."""

    owner: str
    scope: str  # own: what its owner may read; all: every public event
    url: str
    url_number: int  # one more with each new URL: an older one's test says nothing of it
    types: list[str]  # names of events, `<group>.*` or `*`
    payload: str  # full or thin
    listing_id: str
    offer_id: str
    headers: str  # sealed: what its owner had sent with each message
    header_names: list[str]
    secret_number: int
    former_secrets: list[FormerSecret]  # the last first
    former_secret_until: datetime  # of an older version: until then the secret before signs as well
    sends: bool  # events become deliveries: there while it is active, and on while a new URL is tested after that
    held_since: datetime  # there while a new URL is tested and deliveries wait: when the URL was changed
    verified_at: datetime  # when the present URL answered its test
    disabled_for: str  # why it was switched off
    failures: list[Failure]  # since the last success, of the last 24 h, one an hour
    failing_since: datetime  # nothing but failures since then
    tests: list[datetime]  # of an older version
    replay_since: datetime  # what failed since then is being sent again
    replay_after: str  # and how far that is: the sort key of the last one


class Attempt(TypedDict, total=False):
    """One try to deliver."""

    at: datetime
    milliseconds: int
    status: int  # of the answer; absent where there was none
    why: str  # what went wrong; absent where nothing did


class DeliveryDocument(CoreDocument, total=False):
    """`delivery:<webhook id>:<event id>`. Deleted with its webhook, and when its event is not kept any more."""

    owner: str
    webhook_id: str
    begun_at: datetime
    event_id: str  # the `webhook-id` of each attempt
    event_type: str
    number: int  # of the event in the log; absent of a test
    url_number: int  # of a test: which URL it is to prove
    sort_key: str  # of a webhook's deliveries: by when they were begun
    deliver_at: datetime  # when it is tried next; absent where it is not
    tries: int  # since it was begun, or begun again
    attempts: list[Attempt]  # the last ones
    given_up_for: str
    retried: list[datetime]  # when its owner had it begun again, of the last day


class FanOutDocument(CoreDocument, total=False):
    """`fan_out`: how far the log of events has become deliveries."""

    number: int


class Held(TypedDict):
    id: str
    at: datetime


class Tested(TypedDict):
    """A test, by the command that began it."""

    id: str
    at: datetime


class WebhooksDocument(CoreDocument, total=False):
    """`webhooks:<person>`: which they have, or had, and how many tests they have begun."""

    owner: str
    held: list[Held]
    tests: list[Tested]  # of all their webhooks, the last day's; those of deleted ones too
