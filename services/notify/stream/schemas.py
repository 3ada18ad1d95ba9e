"""What a client that comes back sends."""

from services.notify.log import reading
from shared.fields import Body, Text


class Resumed(Body):
    last_event_id = Text(
        high=reading.LONGEST_CURSOR,
        data_key="Last-Event-ID",
        metadata={"description": "The cursor of the last event that was read, as browsers send it by themselves."},
    )
