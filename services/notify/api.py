"""Notify's API: one's own notifications, and where one's mail goes."""

from dataclasses import dataclass
from typing import Any

from services.notify.schemas import Contact, NewContact, Notification
from services.notify.store import contact_id, own
from shared.aggregate import Change, Document, Store
from shared.http.idempotency import document_response
from shared.http.operations import ANYONE, Answer, Call, Operations
from shared.http.pages import PageQuery, after_text, page_of, text_page
from shared.http.problems import Problem


@dataclass(frozen=True)
class Parts:
    """What the views work with."""

    store: Store


operations: Operations[Parts] = Operations("notify", "Notifications")


@operations.get(
    "/v1/notifications", "listNotifications", "What one was told, newest first", who=ANYONE, query=PageQuery,
    answers={200: page_of(Notification)},
)  # fmt: skip
def notifications(call: Call[Parts]) -> Answer:
    found = own(call.parts.store, call.person, after_text(call), call.page.limit + 1)
    return text_page(call, found, "rank", view)


@operations.get("/v1/me/contact", "getContact", "Where one's mail goes", who=ANYONE, answers={200: Contact})
def contact(call: Call[Parts]) -> Answer:
    doc = call.parts.store.get(contact_id(call.person))
    if doc is None:
        raise Problem("not-found", "No address is known; PUT one here.")
    return document_response(doc)


@operations.put(
    "/v1/me/contact", "putContact", "Say where one's mail goes", who=ANYONE, body=NewContact, match=True,
    answers={200: Contact},
)  # fmt: skip
def put_contact(call: Call[Parts]) -> Answer:
    own_id = contact_id(call.person)

    def decide(changes: dict[str, Change]) -> Document:
        change = changes[own_id]
        if not change.is_new or call.if_match.versions is not None:
            call.if_match.check(change.version)
        if change.is_new:
            change.set(state="known", owner=call.person, created_at=change.now)
        if change.get("email") != call.body["email"]:
            change.set(email=call.body["email"])
        return change.document()

    return document_response(call.parts.store.run({own_id: "contact"}, decide))


def view(doc: Document) -> dict[str, Any]:
    shown = {name: doc.get(name) for name in ("subject", "text", "offer_id", "listing_id", "created_at", "undelivered")}
    return shown | {"id": doc["_id"], "kind": doc["event_type"], "status": doc["state"]}
