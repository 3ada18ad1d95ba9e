"""What is done now and then: sending again what failed, as an owner asked, deleting deliveries that are too old, and
switching off webhooks whose new URL answers no test.
"""

from functools import partial

from services.notify.webhooks.acts import is_held_too_long
from services.notify.webhooks.lifecycle import AGAIN, DELIVERY, REPLAYED, UNTESTED, WEBHOOK
from services.notify.webhooks.store import active, failed_after, forget_older
from shared.aggregate import Change, Document, Store, Trigger
from shared.aggregate.verdict import TAKEN
from shared.settings import Terms

_REPLAY_EVERY, _FORGET_EVERY = 1.0, 60.0
_AT_ONCE = 100


class Upkeep:
    """`step` does a part of what there is to do, and returns how many deliveries that were."""

    def __init__(self, store: Store, terms: Terms) -> None:
        self._store, self._terms = store, terms
        self._replay_at = self._forget_at = float("-inf")
        self._replayed = ""

    def step(self) -> int:
        now, done = self._store.clock.monotonic(), 0
        if now >= self._replay_at:
            asked = [webhook for webhook in active(self._store) if "replay_after" in webhook]
            done += self._next(asked) if asked else 0
            self._replay_at = now if asked else now + _REPLAY_EVERY
        if now >= self._forget_at:
            gone = forget_older(self._store, self._store.clock.now() - self._terms.keep_events, _AT_ONCE)
            self._forget_at = now if gone else now + _FORGET_EVERY
            waiting = [webhook["_id"] for webhook in active(self._store) if "held_since" in webhook]
            done += gone + sum(map(self._untested, waiting))
        return done

    def _next(self, asked: list[Document]) -> int:
        """Of the webhooks whose owners asked for it one, another each time: a step is to be short."""
        by_id = sorted(asked, key=lambda webhook: str(webhook["_id"]))
        webhook = next((each for each in by_id if each["_id"] > self._replayed), by_id[0])
        self._replayed = webhook["_id"]
        return self._replay(webhook)

    def _replay(self, webhook: Document) -> int:
        """The next failed deliveries, the oldest first; how far that is stands in the webhook. Where none of many had
        failed, that counts as one, for there are more to look at.
        """
        found, reached = failed_after(self._store, webhook["_id"], webhook["replay_after"], _AT_ONCE)
        for doc in found:
            self._store.run({doc["_id"]: DELIVERY}, partial(_again, doc["_id"]))
        self._store.run({webhook["_id"]: WEBHOOK}, partial(_replayed, webhook, reached))
        return len(found) or int(reached is not None)

    def _untested(self, webhook_id: str) -> bool:
        return self._store.run({webhook_id: WEBHOOK}, partial(_switched_off, webhook_id))


def _again(delivery_id: str, changes: dict[str, Change]) -> None:
    change = changes[delivery_id]
    DELIVERY.fold(change, Trigger(AGAIN, f"{change.get('version', 0)}:{AGAIN}", "event", change.now))


def _switched_off(webhook_id: str, changes: dict[str, Change]) -> bool:
    """Where its deliveries have waited too long; else nothing is written."""
    change = changes[webhook_id]
    trigger = Trigger(UNTESTED, f"{change.get('version', 0)}:{UNTESTED}", "event", change.now)
    return is_held_too_long(change, trigger) and WEBHOOK.fold(change, trigger) == TAKEN


def _replayed(webhook: Document, reached: str | None, changes: dict[str, Change]) -> None:
    change = changes[webhook["_id"]]
    if change.get("replay_after") == webhook["replay_after"]:  # else its owner has asked anew
        trigger_id = f"{webhook['replay_after']}:{REPLAYED}"
        WEBHOOK.fold(change, Trigger(REPLAYED, trigger_id, "event", change.now, {"reached": reached}))
