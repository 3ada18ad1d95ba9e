"""What notify holds of a person, for themselves. Its copies of offers say nothing that matching's share does not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from services.notify.schemas import Notification
from services.notify.store import contact_id, own, work_mail_id
from shared.aggregate import Document
from shared.fields import Body, Instant, Part, PersonId, Several, Text
from shared.http.answer.pages import PageQuery, after_text, text_page
from shared.http.declare.operations import ANYONE, Answer, Call, Operations


class Address(Body):
    """`unmailed` are the groups of notifications that are not mailed, `sent` is when codes went there of late."""

    email = Text(allow_none=True)
    language = Text(allow_none=True)
    unmailed = Several(Text(), allow_none=True)
    undelivered = Text(allow_none=True)
    created_at = Instant(allow_none=True)
    verified_at = Instant(allow_none=True)
    sent = Several(Instant(), allow_none=True)


class NotifyShare(Body):
    """What one was told, in pages. The first page has one's addresses as well, null where one gave none."""

    person_id = PersonId()
    contact = Part(Address, allow_none=True)
    work_mail = Part(Address, allow_none=True)
    items = Several(Part(Notification))
    next = Text(1, 1024, allow_none=True)


def declare(operations: Operations[Any], view: Callable[[Document], dict[str, Any]]) -> None:
    """The operation; how a notification is shown is the API's."""

    @operations.get("/v1/me/export/notify", "exportNotify", "What is held of oneself here: addresses, notifications",
                    who=ANYONE, query=PageQuery, answers={200: NotifyShare})  # fmt: skip
    def export(call: Call[Any]) -> Answer:
        store, after = call.parts.store, after_text(call)
        answer = text_page(call, own(store, call.person, after, call.page.limit + 1), "rank", view)
        rest = {} if after else {
            "contact": _address(store.get(contact_id(call.person))),
            "work_mail": _address(store.get(work_mail_id(call.person))),
        }  # fmt: skip
        return replace(answer, body={"person_id": call.person, **rest, **answer.body})


def _address(doc: Document | None) -> Document | None:
    return {name: doc.get(name) for name in Address().fields} if doc else None
