"""What escrow holds of a person, for themselves."""

from dataclasses import replace
from typing import Any

from services.escrow import schemas
from services.escrow.store import own_escrows
from shared.http import fields
from shared.http.commands import Roles, View
from shared.http.fields import Body
from shared.http.operations import ANYONE, Answer, Call, Operations
from shared.http.pages import PageQuery, after_text, text_page


class WithJournal(schemas.Escrow):
    journal = fields.Several(fields.Part(schemas.Entry))


class EscrowShare(Body):
    """The escrows of one's agreements, each with its journal, in pages."""

    person_id = fields.PersonId()
    items = fields.Several(fields.Part(WithJournal))
    next = fields.Text(1, 1024, allow_none=True)


def declare(operations: Operations[Any], roles: Roles, view: View) -> None:
    """The operation; what of an escrow one sees is the API's."""

    @operations.get("/v1/me/export/escrow", "exportEscrow", "What is held of oneself here: one's escrows", who=ANYONE,
                    query=PageQuery, answers={200: EscrowShare})  # fmt: skip
    def export(call: Call[Any]) -> Answer:
        store = call.parts.escrows.store
        found = own_escrows(store.collection, call.person, None, None, after_text(call), call.page.limit + 1)
        journals = {doc["_id"]: doc.get("journal", []) for doc in store.load(each["_id"] for each in found).values()}

        def whole(doc: dict[str, Any]) -> dict[str, Any]:
            return view(doc, roles(doc, call.principal)) | {"journal": journals[doc["_id"]]}

        answer = text_page(call, found, "position", whole)
        return replace(answer, body={"person_id": call.person, **answer.body})
