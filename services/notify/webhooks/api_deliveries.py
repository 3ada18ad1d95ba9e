"""The log of what was sent to a webhook, and sending one again."""

from services.notify.webhooks import schemas
from services.notify.webhooks.lifecycle import DELIVERY
from services.notify.webhooks.parts import Parts
from services.notify.webhooks.store import deliveries, delivery_key
from services.notify.webhooks.views import delivery_view
from shared.http.answer.pages import after_text, page_of, page_response, text_page
from shared.http.declare.operations import DOCUMENT, Answer, Call, Operations

operations: Operations[Parts] = Operations("notify", "Webhooks", DELIVERY.commands())


@operations.get("/v1/webhooks/{webhook_id}/deliveries", "listDeliveries",
                "List what was sent to a webhook, newest first, with each attempt", who=DOCUMENT,
                query=schemas.DeliveryQuery, answers={200: page_of(schemas.Delivery)})  # fmt: skip
def list_of_webhook(call: Call[Parts]) -> Answer:
    call.parts.webhooks.read(call)
    found, reached = deliveries(call.parts.store, call.id, after_text(call), call.page.limit + 1, call.query)
    if reached and len(found) <= call.page.limit:
        return page_response(call, [delivery_view(each) for each in found], [reached])
    return text_page(call, found, "sort_key", delivery_view)


@operations.get("/v1/webhooks/{webhook_id}/deliveries/{delivery_id}", "showDelivery", "Show one delivery",
                who=DOCUMENT, answers={200: schemas.Delivery})  # fmt: skip
def show(call: Call[Parts]) -> Answer:
    return call.parts.deliveries.show(call, _at(call))


@operations.post("/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/retry", "retryDelivery",
                 "Send one event again, at once", who=DOCUMENT, command="retry",
                 answers={202: schemas.Delivery})  # fmt: skip
def retry(call: Call[Parts]) -> Answer:
    return call.parts.deliveries.command(call, status=202, at=_at(call))


def _at(call: Call[Parts]) -> str:
    return delivery_key(call.ids["webhook_id"], call.ids["delivery_id"])
