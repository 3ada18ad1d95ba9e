"""Makes deliveries of the log's events: one for each webhook that asked for it, then the cursor moves on.

What was numbered in this process is taken at once; that another worker left something is looked at once a second.

Crash-safe: a delivery's id is made of the webhook's and the event's, so what was made before the cursor moved is found
there when the same events are read again.
"""

from services.notify.log.reading import Entry, after
from services.notify.webhooks.messages import may_read
from services.notify.webhooks.store import active, new_delivery
from services.notify.webhooks.subscriptions import asks_for
from shared.aggregate import Change, Document, Store

CURSOR = "fan_out"
_AT_ONCE = 200
_MOST_WRITES = 1000
_LOOKS_EVERY_S = 1.0


class FanOut:
    """`step` takes the next events and returns how many. Raises pymongo's errors; then the same are taken again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._look_at = float("-inf")

    def step(self, numbered: int = 1) -> int:
        """`numbered`: how many events have a number since the last step, as far as this process knows."""
        now = self._store.clock.monotonic()
        if not numbered and now < self._look_at:
            return 0
        self._look_at = now  # where this fails, or takes some, there may be more
        cursor = (self._store.get(CURSOR) or {}).get("number", 0)
        entries = after(self._store, cursor, _AT_ONCE)
        if not entries:
            self._look_at = now + _LOOKS_EVERY_S
            return 0
        webhooks = active(self._store)
        entries = entries[: max(1, _MOST_WRITES // max(1, len(webhooks)))]  # numbers are given between two steps
        made = [self._delivery(w, each) for each in entries for w in webhooks if _is_for(w, each)]
        self._store.write(made)
        self._move(entries[-1].number)
        return len(entries)

    def _delivery(self, webhook: Document, entry: Entry) -> Change:
        return new_delivery(self._store, webhook, entry.id, event_type=entry.type, number=entry.number)

    def _move(self, number: int) -> None:
        """Never back: another worker may have gone on."""

        def decide(changes: dict[str, Change]) -> None:
            change = changes[CURSOR]
            if change.get("number", 0) < number:
                change.set(state="known", number=number)

        self._store.run({CURSOR: CURSOR}, decide)


def _is_for(webhook: Document, entry: Entry) -> bool:
    about = {**entry.data, "offer_id": entry.offer_id, "listing_id": entry.listing_id}
    return may_read(webhook, entry) and asks_for(webhook, entry.type, about)
