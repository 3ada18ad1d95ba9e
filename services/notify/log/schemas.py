"""What may be asked of the log, and what it answers."""

from typing import Any

from marshmallow import fields

from services.notify.log.reading import LONGEST_CURSOR
from shared.fields import Body, Flag, Instant, Integer, Part, Pattern, Query, Several, Text, Uuid


class Listed(Text):
    """Several, with commas between."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Any:
        text = super()._deserialize(value, attr, data, **more)
        return [each.strip() for each in text.split(",")]


class AskedLog(Query):
    """From where, and which."""

    after = Pattern(
        rf"[A-Za-z0-9_-]{{1,{LONGEST_CURSOR}}}", "a cursor", metadata={"description": "what arrived after that event"}
    )
    from_timestamp = Instant(metadata={"description": "without `after`: what arrived at this time or later"})
    types = Listed(1, 1000, metadata={"description": "event types, `<group>.*` or `*`, with commas between"})
    offer_id = Uuid()
    listing_id = Uuid()


class AskedEvents(AskedLog):
    limit = Integer(1, 100, load_default=20)


class CloudEvent(Body):
    """CloudEvents 1.0, structured mode; `data` as in the event's JSON Schema."""

    specversion = Text()
    id = Text()
    source = Text()
    type = Text()
    time = Instant()
    subject = Text()
    partitionkey = Text()
    sequence = Text(metadata={"description": "the event's number within its source and subject, of ten digits"})
    dataschema = Text()
    datacontenttype = Text()
    data = fields.Raw(required=True, metadata={"type": "object"})


class LoggedEvent(Body):
    cursor = Text()
    event = Part(CloudEvent)


class EventsPage(Body):
    items = Several(Part(LoggedEvent))
    next = Text(metadata={"description": "the `after` of the next request, now or later"})
    more = Flag(
        metadata={"description": "whether to go on at once: there may be more, also after a page without items"}
    )
