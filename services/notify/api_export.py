"""What notify holds of a person, for themselves. Its copies of offers say nothing that matching's share does not."""

from dataclasses import replace

from services.notify import former
from services.notify.parts import Parts
from services.notify.schemas import NotifyShare
from services.notify.store import contact_id, own, work_mail_id
from services.notify.views import exported_address, view
from services.notify.webhooks.store import own as own_webhooks
from services.notify.webhooks.views import view as webhook_view
from shared.http.answer.pages import PageQuery, after_text, text_page
from shared.http.declare.operations import ANYONE, Answer, Call, Operations

operations: Operations[Parts] = Operations("notify", "Notifications")


@operations.get("/v1/me/export/notify", "exportNotify", "Export your e-mail addresses and notifications",
                who=ANYONE, query=PageQuery, answers={200: NotifyShare})  # fmt: skip
def export(call: Call[Parts]) -> Answer:
    store, after = call.parts.store, after_text(call)
    answer = text_page(call, own(store, call.person, after, call.page.limit + 1), "rank", view)
    rest = {} if after else {
        "contact": exported_address(store.get(contact_id(call.person))),
        "former_contacts": former.of_person(store, call.person, call.parts.terms),
        "webhooks": [webhook_view(doc) for doc in own_webhooks(store, call.person)],
        "work_mail": exported_address(store.get(work_mail_id(call.person))),
    }  # fmt: skip
    return replace(answer, body={"person_id": call.person, **rest, **answer.body})
