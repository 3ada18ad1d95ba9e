"""Notify's API: one's own notifications, and what other files declare of addresses and preferences."""

from typing import Any

from services.notify import api_addresses, api_contacts, api_preferences, export
from services.notify.api_employer_links import operations as of_employer_links
from services.notify.parts import Parts
from services.notify.schemas import Notification
from services.notify.store import own
from shared.aggregate import Document
from shared.http.answer.pages import PageQuery, after_text, page_of, text_page
from shared.http.declare.operations import ANYONE, Answer, Call, Operations

operations: Operations[Parts] = Operations("notify", "Notifications")


@operations.get(
    "/v1/notifications", "listNotifications", "What one was told, newest first", who=ANYONE, query=PageQuery,
    answers={200: page_of(Notification)},
)  # fmt: skip
def notifications(call: Call[Parts]) -> Answer:
    found = own(call.parts.store, call.person, after_text(call), call.page.limit + 1)
    return text_page(call, found, "rank", view)


def view(doc: Document) -> dict[str, Any]:
    shown = {name: doc.get(name) for name in ("subject", "text", "offer_id", "listing_id", "created_at", "undelivered")}
    return shown | {"id": doc["_id"], "kind": doc["event_type"], "status": doc["state"]}


operations.include(api_addresses.operations, api_contacts.operations, api_preferences.operations)
operations.include(of_employer_links)
export.declare(operations, view)
