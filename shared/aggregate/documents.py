"""The core fields of a document: those that the aggregate store, the relay, the poller and the API write.

Every document kind of a service extends `CoreDocument` in the service's own `documents.py`. All fields are optional:
a field without a value is absent, never null. Times are aware, in UTC.
"""

from datetime import datetime
from typing import Any, TypedDict


class StoredEvent(TypedDict, total=False):
    """An event in the outbox."""

    seq: int  # its number in the aggregate, from 1
    id: str
    type: str
    version: int  # of the event type's schema
    time: datetime
    data: dict[str, Any]
    traceparent: str


class ParkedTrigger(TypedDict, total=False):
    """A trigger that came too early, offered again after each change; or a dead one that waits to be buried."""

    id: str
    name: str
    kind: str  # event, outcome, command or timer
    data: dict[str, Any]
    at: datetime
    sequence: int
    parked_at: datetime
    until: datetime  # absent: no limit
    then: str  # always reject: only the version before reads it
    offer_at: datetime  # it was left by a web process for the poller to fold, from then on
    traceparent: str
    record: dict[str, Any]  # the Kafka record it came in, for the dead letter
    reason: str  # why it is a dead letter
    error: str


class TakenCommand(TypedDict, total=False):
    """A command that was taken, so that its repeat gets the same answer."""

    id: str
    fingerprint: str  # of the parsed body; `erased` once its person was forgotten
    by: str  # whose it was; an older version did not write it
    status: int  # of the HTTP answer


class OpenTask(TypedDict, total=False):
    """What the poller is to carry out, and whose outcome the document waits for. Field `instruction` of a document."""

    id: str  # the outcome names it
    kind: str  # hold, release, refund, split, repay, check, mail
    attempts: int


class Step(TypedDict):
    """Something that happened and that no event tells of (`shared.aggregate.history`)."""

    after: int  # the number of the last event before it
    at: datetime
    what: str  # the trigger's name
    by: str  # a role
    status: str  # the state after it


class CoreDocument(TypedDict, total=False):
    _id: str
    kind: str
    version: int  # the ETag: one more with every change
    state: str
    updated_at: datetime
    created_at: datetime
    archived_at: datetime  # it ended long ago, and is in the archive since
    erased_at: datetime  # what it held of a person who asked to be forgotten is gone since

    applied: list[str]  # the inbox: ids of the triggers that were taken or ignored
    commands: list[TakenCommand]
    parked: list[ParkedTrigger]
    events: list[StoredEvent]  # the outbox
    seq: int  # the number of the last event
    steps: list[Step]  # what happened between the events
    steps_whole: bool  # they were written from the start on; absent where an older version made the document
    published: int  # the relay's mark: the broker has acknowledged the events up to this number
    outbox_at: datetime  # there while `published` < `seq`
    replays: int  # how often all or some of them were asked for again
    timers: dict[str, datetime]
    due_at: datetime  # the earliest timer that counts now


class Copy(CoreDocument, total=False):
    """A copy of another service's data: overwritten by every event with a higher sequence number."""

    number: int  # the sequence number (ce_sequence) of the event it was copied from


class ErasureDocument(Copy, total=False):
    """`erased:<person>`: a service's erasure of what it holds of a person. States: erasing, erased."""

    owner: str
    asked_at: datetime
    documents: int  # how many were erased
    done_at: datetime
