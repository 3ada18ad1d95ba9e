"""What a message says: the event in CloudEvents' structured mode, whole or with nothing but where to read of it."""

import json
from collections.abc import Mapping
from typing import Any

from services.notify.log.reading import Entry, after
from services.notify.webhooks.lifecycle import TEST
from shared.aggregate import Document, Store
from shared.clock import format_time
from shared.events import latest, source_of

_PAGES = {"listing": "/v1/listings/", "matching": "/v1/offers/", "escrow": "/v1/escrows/"}
"""Where what an event is about is read, by the service that emits it."""


def may_read(webhook: Mapping[str, Any], entry: Entry) -> bool:
    """Whether the webhook's owner is sent this event: one that is about them, or any, where they may have all."""
    return entry.is_for(webhook["owner"], reads_all=webhook["scope"] == "all")


class Messages:
    """The bodies of deliveries; `public_url` is where things are read."""

    def __init__(self, store: Store, public_url: str) -> None:
        self._store, self._public_url = store, public_url

    def body_of(self, delivery: Document, webhook: Document) -> bytes | None:
        """The same at each attempt; None where the event is not kept any more, or no more for the owner to read."""
        if "number" not in delivery:
            return _written(_test(delivery))
        found = after(self._store, delivery["number"] - 1, 1)
        if not found or found[0].id != delivery["event_id"] or not may_read(webhook, found[0]):
            return None
        event = found[0].structured(webhook["owner"])
        return _written(event if webhook["payload"] == "full" else self._thin(event))

    def _thin(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """Its attributes, and where to read what it is about."""
        declared = latest(event["type"])
        page = _PAGES.get(declared.owner) if declared.subject_field else None
        said = {"url": f"{self._public_url}{page}{event['subject']}"} if page else {}
        return {name: value for name, value in event.items() if name != "dataschema"} | {"data": said}


def _test(delivery: Document) -> Mapping[str, Any]:
    return {
        "specversion": "1.0",
        "id": delivery["event_id"],
        "source": source_of("notify"),
        "type": TEST,
        "time": format_time(delivery["created_at"]),
        "subject": delivery["webhook_id"],
        "datacontenttype": "application/json",
        "data": {"webhook_id": delivery["webhook_id"]},
    }


def _written(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
