"""Notify's API: the caller's notifications, and what other files declare of addresses and preferences."""

from services.notify import api_addresses, api_contacts, api_employer_links, api_export, api_preferences
from services.notify.log import api as log
from services.notify.parts import Parts
from services.notify.schemas import Notification
from services.notify.store import own
from services.notify.stream import api as stream
from services.notify.views import view
from services.notify.webhooks import api as webhooks
from shared import VERSION
from shared.http.answer.pages import PageQuery, after_text, page_of, text_page
from shared.http.declare.operations import ANYONE, Answer, Call, Operations
from shared.process import status

operations: Operations[Parts] = Operations("notify", "Notifications")


@operations.get(
    "/v1/notifications", "listNotifications", "List your notifications, newest first", who=ANYONE, query=PageQuery,
    answers={200: page_of(Notification)},
)  # fmt: skip
def notifications(call: Call[Parts]) -> Answer:
    found = own(call.parts.store, call.person, after_text(call), call.page.limit + 1)
    return text_page(call, found, "rank", view)


operations.include(
    api_addresses.operations, api_contacts.operations, api_preferences.operations, api_employer_links.operations,
    api_export.operations, log.operations, stream.operations,
)  # fmt: skip
operations.include_slice(lambda parts: parts.webhooks, webhooks.operations)
operations.include_slice(lambda parts: parts.store, status.of("notify", VERSION))
