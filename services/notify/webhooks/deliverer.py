"""Sends what is due: each attempt is one POST, and what became of it is folded into the delivery and its webhook.

At least once: an attempt whose outcome was not stored is made again, with the same `webhook-id`. Of the two documents
the webhook is written first, so that a delivery that is over never waits for it.
"""

import json
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from threading import Lock, Thread
from typing import Any

from pymongo.errors import PyMongoError

from services.notify.webhooks import lifecycle as of
from services.notify.webhooks.acts import DISABLED_AFTER, HOURLY, secrets_of
from services.notify.webhooks.lanes import Lanes
from services.notify.webhooks.posting import Post, Unanswered
from services.notify.webhooks.signing import Signer
from services.notify.webhooks.store import SEALED_FOR, due
from shared.aggregate import Change, Contended, Document, Lifecycle, Store, Trigger, Verdict
from shared.sealing import unseal
from shared.telemetry import metrics

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
_ABORT = ("webhook-delivery", "abort-message")
_MAY_ASK_TO_WAIT = (429, 503)
_GONE = 410
LONGEST_WAIT = timedelta(days=1)
"""How long a receiver may have a delivery wait with Retry-After."""

_STORED_AGAIN_AFTER = (0.2, 1.0, 3.0)
"""Seconds between the attempts to store an outcome: what was sent is not sent again because the database fails once."""

REST_AFTER_FAILURE = timedelta(seconds=30)
"""How long nothing is sent to a webhook after an outcome that could not be stored: it would be sent again and again."""

LONGEST_REST = timedelta(minutes=10)
"""And how long all others to it: its owner may have mended it meanwhile."""
SLOW = timedelta(seconds=5)
"""A receiver that takes so long to answer gets one message at a time, whatever it answers."""

_PAGE = 64
log = logging.getLogger(__name__)

BodyOf = Callable[[Document, Document], bytes | None]
"""The body of a delivery to a webhook; None where its event is not kept any more, or its owner may not read it."""


@dataclass(frozen=True)
class Tried:
    """What an attempt came to: the triggers of the delivery and of its webhook. `well`: the receiver answered soon;
    None: it was not asked. `rest`: how long it wants no message.
    """

    delivery: str
    data: Mapping[str, Any]
    webhook: str | None = None
    well: bool | None = None
    rest: timedelta | None = None


Start = Callable[[Callable[[], None]], None]
"""Begins what it is given; it need not be over when this returns."""


def in_a_thread(run: Callable[[], None]) -> None:
    """One that ends with the process: what it had under way is then tried again."""
    Thread(target=run, name="webhook", daemon=True).start()


class Deliverer:
    """`step()` sets in motion what is due, and returns how many that were; `start` runs each, in its own thread."""

    def __init__(
        self,
        store: Store,
        post: Post,
        signer: Signer,
        body_of: BodyOf,
        key: bytes,
        *,
        webhook: Lifecycle = of.WEBHOOK,
        start: Start = in_a_thread,
        lanes: Lanes | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store, self._post, self._signer, self._body_of, self._key = store, post, signer, body_of, key
        self._webhook, self._start, self._lanes, self._chance = webhook, start, lanes or Lanes(), chance
        self._in_hand: set[str] = set()
        self._lock = Lock()

    def step(self) -> int:
        free = self._lanes.free()
        if free <= 0:
            return 0
        with self._lock:
            in_hand = frozenset(self._in_hand)  # before the read: what ends after it is not in what is read
        full = self._lanes.full(self._store.clock.monotonic())
        found = due(self._store, _PAGE + len(in_hand), full, self._lanes.full_people())
        webhooks = self._store.load(doc["webhook_id"] for doc in found)
        new = [doc for doc in found if doc["_id"] not in in_hand]
        return sum(self._begin(doc, webhooks.get(doc["webhook_id"])) for doc in new)

    def _begin(self, doc: Document, webhook: Document | None) -> int:
        if not self._lanes.take(doc["webhook_id"], doc["owner"]):
            return 0
        with self._lock:
            self._in_hand.add(doc["_id"])
        self._start(partial(self.carry, doc, webhook))
        return 1

    def carry(self, doc: Document, webhook: Document | None) -> None:
        """Make one attempt and store what became of it."""
        tried = self._tried(doc, webhook)
        rest = tried.rest
        try:
            self._tell_patiently(doc, webhook, tried)
        except (PyMongoError, Contended) as error:
            log.warning("what became of a delivery could not be stored", extra={"error": type(error).__name__})
            rest = REST_AFTER_FAILURE
        except Exception:
            log.exception("what became of a delivery could not be folded", extra={"id": doc["_id"]})
            rest = REST_AFTER_FAILURE
        finally:
            rest_until = self._store.clock.monotonic() + rest.total_seconds() if rest else None
            self._lanes.give(doc["webhook_id"], doc["owner"], tried.well, rest_until)
            with self._lock:
                self._in_hand.discard(doc["_id"])

    # -- one attempt

    def _tried(self, doc: Document, webhook: Document | None) -> Tried:
        """As `_try`; what fails inside counts as an attempt of its delivery, not of its webhook."""
        try:
            return self._try(doc, webhook)
        except Exception:
            log.exception("a delivery failed inside", extra={"id": doc["_id"]})
            return Tried(of.UNANSWERED, self._failed(self._store.clock.now(), 0, "internal"))

    def _try(self, doc: Document, webhook: Document | None) -> Tried:
        if reason := _not_to_be_sent(doc, webhook):
            return self._unsent(webhook, reason)
        assert webhook is not None, "it is sent to one that is there"
        body = self._body_of(doc, webhook)
        if body is None:
            return Tried(of.ENDED, {"reason": "not_kept"})
        at, begun = self._store.clock.now(), self._store.clock.monotonic()
        secrets = secrets_of(webhook, at)
        signed = self._signer.headers(webhook["_id"], secrets, doc["event_id"], at, body)
        try:
            answer = self._post(webhook["url"], body, {**self._own(webhook), "Content-Type": CONTENT_TYPE, **signed})
        except Unanswered as error:
            metrics.WEBHOOK_ATTEMPTS.labels(error.why).inc()
            took = self._milliseconds(begun)
            return Tried(of.UNANSWERED, self._failed(at, took, error.why), of.FAILED, well=False)
        metrics.WEBHOOK_ATTEMPTS.labels(f"{answer.status // 100}xx").inc()
        return self._answered(doc, webhook, at, self._milliseconds(begun), answer.status, answer.headers)

    def _unsent(self, webhook: Document | None, reason: str) -> Tried:
        if webhook is None or reason != "pending":
            return Tried(of.ENDED, {"reason": reason})
        return Tried(of.HELD, {"since": webhook.get("held_since", self._store.clock.now())})

    def _answered(
        self, doc: Document, webhook: Document, at: datetime, took: int, status: int, headers: Mapping[str, str]
    ) -> Tried:
        attempt, well = {"at": at, "milliseconds": took, "status": status}, took < SLOW.total_seconds() * 1000
        if 200 <= status < 300:
            return Tried(of.ANSWERED, {"attempt": attempt}, of.SUCCEEDED, well=well)
        if status == _GONE:
            return Tried(of.ENDED, {"attempt": attempt, "reason": "gone"}, of.GONE, well=well)
        if headers.get(_ABORT[0], "").strip().lower() == _ABORT[1]:
            return Tried(of.ENDED, {"attempt": attempt, "reason": "aborted"}, well=well)
        wait = _wait(headers.get("retry-after"), at) if status in _MAY_ASK_TO_WAIT else None
        data = {"attempt": attempt, "jitter": self._chance(), "wait": wait}
        return Tried(of.UNANSWERED, data, of.FAILED, well=well, rest=min(wait, LONGEST_REST) if wait else None)

    def _failed(self, at: datetime, took: int, why: str) -> Mapping[str, Any]:
        return {"attempt": {"at": at, "milliseconds": took, "why": why}, "jitter": self._chance()}

    def _own(self, webhook: Document) -> Mapping[str, str]:
        """The owner's own headers. Raises Unreadable."""
        if "headers" not in webhook:
            return {}
        own: Mapping[str, str] = json.loads(unseal(self._key, SEALED_FOR, webhook["_id"], webhook["headers"]))
        return own

    def _milliseconds(self, begun: float) -> int:
        return round((self._store.clock.monotonic() - begun) * 1000)

    # -- what became of it

    def _tell_patiently(self, doc: Document, webhook: Document | None, tried: Tried) -> None:
        for seconds in _STORED_AGAIN_AFTER:
            try:
                return self._tell(doc, webhook, tried)
            except (PyMongoError, Contended):
                self._store.sleep(seconds)
        return self._tell(doc, webhook, tried)

    def _tell(self, doc: Document, webhook: Document | None, tried: Tried) -> None:
        if webhook is None or webhook["state"] == "deleted":
            self._store.collection.delete_one({"_id": doc["_id"]})
            return
        name = of.VERIFIED if tried.webhook == of.SUCCEEDED and _is_test(doc) else tried.webhook
        if name and _concerns(webhook, name, _is_test(doc), self._store.clock.now()):
            data = {"type": doc["event_type"], "id": doc["event_id"], "url_number": doc.get("url_number")}
            self._fold(webhook["_id"], self._webhook, f"{doc['_id']}:{doc['version']}:{name}", name, data)
        self._fold(doc["_id"], of.DELIVERY, f"{doc['version']}:{tried.delivery}", tried.delivery, tried.data)

    def _fold(self, document_id: str, kind: Lifecycle, trigger_id: str, name: str, data: Mapping[str, Any]) -> Verdict:
        """The id is of the delivery as it was read: two workers that tried it at once count as one attempt."""

        def decide(changes: dict[str, Change]) -> Verdict:
            change = changes[document_id]
            return kind.fold(change, Trigger(name, trigger_id, "event", change.now, data))

        return self._store.run({document_id: kind}, decide)


def _is_test(doc: Document) -> bool:
    return "number" not in doc


def _not_to_be_sent(doc: Document, webhook: Document | None) -> str | None:
    """Why nothing goes out; `pending`: not yet."""
    if webhook is None or webhook["state"] == "deleted":
        return "deleted"
    if _is_test(doc):
        return None if doc["url_number"] == webhook["url_number"] else "other_url"
    return None if webhook["state"] == "active" else str(webhook["state"])


def _concerns(webhook: Document, name: str, is_test: bool, now: datetime) -> bool:
    """Whether the webhook's document has to hear of it; most of the time it need not be written."""
    if is_test:
        return webhook["state"] != "active" and name in (of.VERIFIED, of.GONE)
    if name == of.SUCCEEDED:
        return "failures" in webhook
    if name == of.FAILED:
        failures, since = webhook.get("failures", []), webhook.get("failing_since")
        is_over = since is not None and now - since >= DISABLED_AFTER
        return is_over or not failures or now - failures[-1]["at"] >= HOURLY
    return True


def _wait(retry_after: str | None, now: datetime) -> timedelta | None:
    """RFC 9110: seconds, or a date; a day at most. None where it is neither, or past."""
    text = (retry_after or "").strip()
    try:
        wait = timedelta(seconds=int(text)) if text.isdecimal() else parsedate_to_datetime(text) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(wait, LONGEST_WAIT) if wait > timedelta() else None
