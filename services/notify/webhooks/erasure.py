"""Erase a person's webhooks: what they wrote goes, and what was sent to them; the empty documents stay."""

from functools import partial

from services.notify.webhooks.lifecycle import ERASED, WEBHOOK
from services.notify.webhooks.store import WEBHOOKS, forget_deliveries, own, webhooks_key
from shared.aggregate import Change, Store, Trigger


def forget(store: Store, person: str) -> int:
    """How many were erased; 0 when nothing is left."""
    found = own(store, person)
    for webhook in found:
        store.run({webhook["_id"]: WEBHOOK}, partial(_forget, webhook["_id"]))
        forget_deliveries(store, webhook["_id"])
    held = webhooks_key(person)
    store.run({held: WEBHOOKS}, lambda changes: changes[held].set(held=None, tests=None))
    return len(found)


def _forget(webhook_id: str, changes: dict[str, Change]) -> None:
    change = changes[webhook_id]
    WEBHOOK.fold(change, Trigger(ERASED, f"{webhook_id}:erased", "event", change.now))
