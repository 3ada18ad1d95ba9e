"""Webhooks over HTTP: what a person is sent, its secret, its tests, and the platform's public keys."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from services.notify.webhooks import api_deliveries, schemas
from services.notify.webhooks.lifecycle import TEST, WEBHOOK
from services.notify.webhooks.parts import Parts
from services.notify.webhooks.signing import public_keys
from services.notify.webhooks.store import (
    SEALED_FOR,
    TooMany,
    count_test,
    forget_deliveries,
    health,
    is_counted,
    new_delivery,
    own,
    reserve,
    uncount_test,
)
from services.notify.webhooks.views import delivery_view, view, with_secret
from shared.aggregate import Document
from shared.http.answer.pages import page_of
from shared.http.declare.operations import ANYONE, DOCUMENT, OPEN, Answer, Call, Operations, roles
from shared.http.problems import Fault, Problem
from shared.sealing import seal

operations: Operations[Parts] = Operations("notify", "Webhooks", WEBHOOK.commands())


@operations.post("/v1/webhooks", "createWebhook", "Create a webhook; its URL is sent a test event first", who=ANYONE,
                 body=schemas.NewWebhook, command="create", answers={201: schemas.WebhookWithSecret})  # fmt: skip
def create(call: Call[Parts]) -> Answer:
    parts, data = call.parts, _chosen(call, call.command_id)
    try:
        reserve(parts.store, call.person, call.command_id, parts.terms.webhooks_per_person)
    except TooMany:
        fault = Fault("", "webhooks", "delete one that is not needed")
        most = f"You may have {parts.terms.webhooks_per_person} webhooks."
        raise Problem("refused-by-rule", most, errors=[fault]) from None
    with _counted(call) as counted:
        answer = replace(parts.webhooks, view=with_secret(parts.key)).create(call, data | {"counted": counted})
    _begin_test(call, answer.body["id"])
    return answer


@operations.get("/v1/webhooks", "listWebhooks", "List your webhooks, newest first", who=ANYONE,
                answers={200: page_of(schemas.Webhook)})  # fmt: skip
def list_own(call: Call[Parts]) -> Answer:
    return Answer({"items": [view(doc) for doc in own(call.parts.store, call.person)], "next": None})


@operations.get("/v1/webhooks/jwks.json", "showWebhookKeys", "Show the public keys that sign webhooks (v1a)", who=OPEN,
                answers={200: schemas.PublicKeys})  # fmt: skip
def keys(call: Call[Parts]) -> Answer:
    return Answer(public_keys(call.parts.key, call.parts.key_number))


@operations.get("/v1/webhooks/health", "showWebhooksHealth", "Operator: show how the webhooks of all do",
                who=roles("operator"), answers={200: schemas.WebhooksHealth})  # fmt: skip
def show_health(call: Call[Parts]) -> Answer:
    return Answer(health(call.parts.store))


@operations.get("/v1/webhooks/{webhook_id}", "showWebhook", "Show a webhook", who=DOCUMENT,
                answers={200: schemas.Webhook})  # fmt: skip
def show(call: Call[Parts]) -> Answer:
    return call.parts.webhooks.show(call)


@operations.patch("/v1/webhooks/{webhook_id}", "changeWebhook", "Change a webhook; a new URL is tested first",
                  who=DOCUMENT, body=schemas.ChangeWebhook, command="change",
                  answers={200: schemas.Webhook})  # fmt: skip
def change(call: Call[Parts]) -> Answer:
    parts = call.parts
    with _counted(call, _moves(call)) as counted:
        answer = parts.webhooks.command(call, _chosen(call, call.id) | {"counted": counted})
    if "url" in call.body and is_counted(parts.store, call.person, call.command_id):
        _begin_test(call, call.id)
    return answer


@operations.delete("/v1/webhooks/{webhook_id}", "deleteWebhook", "Delete a webhook and its deliveries", who=DOCUMENT,
                   command="delete", answers={204: None})  # fmt: skip
def delete(call: Call[Parts]) -> Answer:
    call.parts.webhooks.command(call)
    forget_deliveries(call.parts.store, call.id)
    return Answer(status=204)


@operations.post("/v1/webhooks/{webhook_id}/rotate-secret", "rotateWebhookSecret",
                 "Give a webhook a new secret; for 24 hours the one before signs as well", who=DOCUMENT,
                 command="rotate", answers={200: schemas.WebhookWithSecret})  # fmt: skip
def rotate(call: Call[Parts]) -> Answer:
    return replace(call.parts.webhooks, view=with_secret(call.parts.key)).command(call)


@operations.post("/v1/webhooks/{webhook_id}/test", "testWebhook",
                 "Send a test event; a webhook that is not active becomes so when it answers", who=DOCUMENT,
                 command="test", answers={202: schemas.Delivery})  # fmt: skip
def test(call: Call[Parts]) -> Answer:
    with _counted(call) as counted:
        answer = call.parts.webhooks.command(call, {"counted": counted}, status=202)
    return replace(answer, body=delivery_view(_begin_test(call, call.id)), headers=_without_etag(answer.headers))


@operations.post("/v1/webhooks/{webhook_id}/replay", "replayWebhook", "Send again what failed since a time",
                 who=DOCUMENT, body=schemas.Replay, command="replay", answers={202: schemas.Webhook})  # fmt: skip
def replay(call: Call[Parts]) -> Answer:
    return call.parts.webhooks.command(call, call.body, status=202)


operations.include(api_deliveries.operations)


# -- inside


def _chosen(call: Call[Parts], webhook_id: str) -> dict[str, Any]:
    """The fields of the document that a body names; its headers sealed for this webhook."""
    data = dict(call.body)
    if "headers" in data:
        given = data.pop("headers")
        text = json.dumps({each["name"]: each["value"] for each in given})
        data |= {"header_names": [each["name"] for each in given] or None}
        data |= {"headers": seal(call.parts.key, SEALED_FOR, webhook_id, text) if given else None}
    if "url" in data:
        data["unreachable"] = call.parts.unreachable(data["url"])
    return data


def _moves(call: Call[Parts]) -> bool:
    """Whether this gives the caller's webhook another URL, as far as is known before it is written."""
    webhook = call.parts.store.get(call.id) or {}
    return webhook.get("owner") == call.person and call.body.get("url", webhook.get("url")) != webhook.get("url")


@contextmanager
def _counted(call: Call[Parts], begins: bool = True) -> Iterator[bool]:
    """Count the test that this request begins, before it is written; one that is refused begins none. Gives whether it
    may.
    """
    parts = call.parts
    most = parts.terms.webhook_tests_a_day
    may, is_new = count_test(parts.store, call.person, call.command_id, most) if begins else (False, False)
    try:
        yield may
    except Problem:
        if is_new:
            uncount_test(parts.store, call.person, call.command_id)
        raise


def _begin_test(call: Call[Parts], webhook_id: str) -> Document:
    """The delivery of a test event to its present URL; a repeat of the request finds it there."""
    store = call.parts.store
    webhook = store.get(webhook_id)
    assert webhook is not None, "it was written by this request"
    about = {"event_type": TEST, "url_number": webhook["url_number"]}
    change = new_delivery(store, webhook, call.command_id, **about)
    store.write([change])
    return store.get(change.id) or change.document()


def _without_etag(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "ETag"}
