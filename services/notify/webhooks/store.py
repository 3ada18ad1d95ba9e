"""Webhooks and deliveries in notify's collection: their ids, indexes and queries.

<uuid>                              a webhook
delivery:<webhook id>:<event id>    an event for it, or a test
webhooks:<person>                   which webhooks a person has
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from services.notify.webhooks.lifecycle import BEGUN, DELIVERY, WEBHOOK
from shared.aggregate import Change, Document, Store, Trigger, once
from shared.clock import format_time

WEBHOOKS = "webhooks"
SEALED_FOR = "webhook-headers"
_SHOWN = {"events": 0, "applied": 0}
_BY_DELIVERY = [("webhook_id", ASCENDING), ("sort_key", DESCENDING)]
_MOST_COUNTED = 10_000
MOST_LOOKED_AT = 5_000
"""Deliveries that one page, or one step, looks at."""
_DAY = timedelta(days=1)
_HELD = timedelta(minutes=1)
"""How long a place is held for a webhook that is being made."""


def by_sending(collection: Collection[Document]) -> None:
    """The active webhooks."""
    collection.create_index([("sends", ASCENDING)], sparse=True)


def by_delivery(collection: Collection[Document]) -> None:
    """A webhook's deliveries, newest first."""
    collection.create_index(_BY_DELIVERY, sparse=True)


def by_next_attempt(collection: Collection[Document]) -> None:
    """What is to be delivered, and when; and what is too old."""
    collection.create_index([("deliver_at", ASCENDING), ("webhook_id", ASCENDING)], sparse=True)
    collection.create_index([("begun_at", ASCENDING)], sparse=True)


def by_next_attempt_of_a_person(collection: Collection[Document]) -> None:
    """As above, where some people's are left out."""
    fields = [("deliver_at", ASCENDING), ("webhook_id", ASCENDING), ("owner", ASCENDING)]
    collection.create_index(fields, sparse=True)
    if "deliver_at_1_webhook_id_1" in collection.index_information():
        collection.drop_index("deliver_at_1_webhook_id_1")


MIGRATIONS = (by_sending, by_delivery, by_next_attempt, by_next_attempt_of_a_person)


class TooMany(Exception):
    """The person has as many webhooks as they may."""


def webhooks_key(person: str) -> str:
    return f"{WEBHOOKS}:{person}"


def delivery_key(webhook_id: str, event_id: str) -> str:
    return f"{DELIVERY.name}:{webhook_id}:{event_id}"


def reserve(store: Store, person: str, webhook_id: str, most: int) -> None:
    """Hold a place for a webhook of the person that is being made. Raises TooMany."""
    own = webhooks_key(person)

    def decide(changes: dict[str, Change]) -> None:
        change = changes[own]
        held = {each["id"]: each for each in change.get("held", [])}
        if webhook_id in held:
            return
        if len(held) >= most:
            known = store.load(held)
            held = {i: each for i, each in held.items() if _counts(known.get(i), each["at"], change.now)}
        if len(held) >= most:
            raise TooMany
        change.set(state="known", owner=person, held=[*held.values(), {"id": webhook_id, "at": change.now}])

    store.run({own: WEBHOOKS}, decide)


def count_test(store: Store, person: str, command_id: str, most: int) -> tuple[bool, bool]:
    """Count a test that the person's command begins among those of the day, over all their webhooks: whether it may
    begin, and whether it is counted anew. A command that was counted is known for a day.
    """
    own = webhooks_key(person)

    def decide(changes: dict[str, Change]) -> tuple[bool, bool]:
        change = changes[own]
        counted = [each for each in change.get("tests", []) if change.now - each["at"] < _DAY]
        if any(each["id"] == command_id for each in counted):
            return True, False
        if len(counted) >= most:
            return False, False
        change.set(state="known", owner=person, tests=[*counted, {"id": command_id, "at": change.now}])
        return True, True

    return store.run({own: WEBHOOKS}, decide)


def is_counted(store: Store, person: str, command_id: str) -> bool:
    """Whether this command was to begin a test."""
    return any(each["id"] == command_id for each in (store.get(webhooks_key(person)) or {}).get("tests", []))


def uncount_test(store: Store, person: str, command_id: str) -> None:
    """The command was refused: it begins no test."""
    own = webhooks_key(person)

    def decide(changes: dict[str, Change]) -> None:
        change = changes[own]
        change.set(tests=[each for each in change.get("tests", []) if each["id"] != command_id])

    store.run({own: WEBHOOKS}, decide)


def own(store: Store, person: str) -> list[Document]:
    """The person's webhooks, newest first."""
    held = (store.get(webhooks_key(person)) or {}).get("held", [])
    known = store.load(each["id"] for each in held)
    live = [doc for doc in known.values() if doc["kind"] == WEBHOOK.name and doc["state"] != "deleted"]
    return sorted(live, key=lambda doc: (doc["created_at"], doc["_id"]), reverse=True)


def active(store: Store) -> list[Document]:
    """The webhooks that events become deliveries for: those that are active, and those that were until their URL
    was changed.
    """
    return list(store.collection.find({"sends": True}, _SHOWN))


def health(store: Store) -> dict[str, Any]:
    """How the webhooks of all do, as an operator is told."""
    sending = [each for each in active(store) if each["state"] == "active"]
    to_try = {"deliver_at": {"$exists": True}}
    failing = [each["failing_since"] for each in sending if each.get("failing_since")]
    first = next(iter(store.collection.find(to_try, {"deliver_at": 1}).sort("deliver_at", ASCENDING).limit(1)), None)
    late = (store.clock.now() - first["deliver_at"]).total_seconds() if first else 0
    return {
        "active": len(sending),
        "failing": len(failing),
        "failing_since": min(failing, default=None),
        "waiting": sum(1 for _ in store.collection.find(to_try, {"_id": 1}).limit(_MOST_COUNTED)),
        "overdue_seconds": max(0, int(late)),
    }


def new_delivery(store: Store, webhook: Document, event_id: str, **about: Any) -> Change:
    """A delivery to be written; where it is there already, writing it changes nothing."""
    change = Change(delivery_key(webhook["_id"], event_id), DELIVERY, None, store.clock.now())
    data = {"owner": webhook["owner"], "webhook_id": webhook["_id"], "event_id": event_id, **about}
    DELIVERY.fold(change, Trigger(BEGUN, event_id, "event", change.now, data))
    return change


def deliveries(
    store: Store, webhook_id: str, after: str | None, limit: int, asked: Mapping[str, Any]
) -> tuple[list[Document], str | None]:
    """A webhook's deliveries, newest first, after the sort key `after`; `asked`: status, type, since, until. And the
    sort key up to which was looked, where that is not all: no index has the status or the type.
    """
    below = [{"$lt": after}] if after else []
    below += [{"$lt": format_time(asked["until"])}] if "until" in asked else []
    above = [{"$gte": format_time(asked["since"])}] if "since" in asked else []
    bounds: list[dict[str, Any]] = [{"sort_key": bound} for bound in (*below, *above)] or [
        {"sort_key": {"$exists": True}}
    ]
    query: dict[str, Any] = {"webhook_id": webhook_id, "$and": bounds}
    named = {"status": "state", "type": "event_type"}
    asks = {field: asked[name] for name, field in named.items() if name in asked}
    reached = _looked_at(store, query, DESCENDING) if asks else None
    if reached:
        bounds.append({"sort_key": {"$gte": reached}})
    found = store.collection.find({**query, **asks}, _SHOWN).sort("sort_key", DESCENDING).hint(_BY_DELIVERY)
    return list(found.limit(limit)), reached


def failed_after(store: Store, webhook_id: str, after: str, limit: int) -> tuple[list[Document], str | None]:
    """Its deliveries that failed, after the sort key `after`, the oldest first: {_id, sort_key}. And the sort key after
    which to go on; None: that was all.
    """
    query: dict[str, Any] = {"webhook_id": webhook_id, "sort_key": {"$gt": after}}
    reached = _looked_at(store, query, ASCENDING)
    if reached:
        query["sort_key"] = {"$gt": after, "$lte": reached}
    failed = store.collection.find({**query, "state": "failed"}, {"sort_key": 1}).sort("sort_key", ASCENDING)
    found = list(failed.hint(_BY_DELIVERY).limit(limit))
    return found, found[-1]["sort_key"] if len(found) == limit else reached


def _looked_at(store: Store, query: Mapping[str, Any], direction: int) -> str | None:
    """The sort key of the last of these that is looked at, by the index alone; None where there are fewer."""
    found = store.collection.find(query, {"sort_key": 1, "_id": 0}).sort("sort_key", direction).hint(_BY_DELIVERY)
    return next((str(doc["sort_key"]) for doc in found.skip(MOST_LOOKED_AT - 1).limit(1)), None)


def forget_older(store: Store, than: datetime, limit: int) -> int:
    """Delete deliveries that were begun before then; how many."""
    found = store.collection.find({"begun_at": {"$lt": than}}, {"_id": 1}).limit(limit)
    ids = [doc["_id"] for doc in found]
    return store.collection.delete_many({"_id": {"$in": ids}}).deleted_count if ids else 0


def due(store: Store, limit: int, but_not: Iterable[str], not_of: Iterable[str] = ()) -> list[Document]:
    """Deliveries to be tried now, the longest due first: none of the webhooks `but_not`, nor of the people `not_of`."""
    query: dict[str, Any] = {"deliver_at": {"$lte": store.clock.now()}}
    if full := sorted(but_not):
        query["webhook_id"] = {"$nin": full}
    if people := sorted(not_of):
        query["owner"] = {"$nin": people}
    return once(store.collection.find(query, _SHOWN).sort("deliver_at", ASCENDING).limit(limit))


def forget_deliveries(store: Store, webhook_id: str) -> None:
    """Delete the deliveries of a webhook."""
    store.collection.delete_many({"webhook_id": webhook_id, "kind": DELIVERY.name})


def _counts(webhook: Document | None, at: datetime, now: datetime) -> bool:
    return now - at < _HELD if webhook is None else webhook["state"] != "deleted"
