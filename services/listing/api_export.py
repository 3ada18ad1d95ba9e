"""What listing holds of a person, for themselves."""

from dataclasses import replace

from services.listing.mailboxes import mailbox_of
from services.listing.parts import Parts
from services.listing.schemas import ListingShare
from services.listing.store import employers_known, of_insider
from services.listing.workplaces import work_id
from shared.http.answer.pages import PageQuery, after_text, text_page
from shared.http.declare.operations import ANYONE, Answer, Call, Operations

operations: Operations[Parts] = Operations("listing", "Listings")


@operations.get("/v1/me/export/listing", "exportListing", "Export your listings", who=ANYONE,
                query=PageQuery, answers={200: ListingShare})  # fmt: skip
def export(call: Call[Parts]) -> Answer:
    store, after = call.parts.store, after_text(call)
    found = of_insider(store, call.person, after, call.page.limit + 1)
    answer = text_page(call, found, "rank", lambda doc: call.parts.listings.view(doc, frozenset({"insider"})))
    rest = {} if after else {
        "employers_known": employers_known(store, call.person),
        "work_marks": (store.get(work_id(call.person)) or {}).get("marks", []),
        "mailbox_mark": mailbox_of(store, call.person),
        "reports": call.parts.desk.own(call.person),
    }  # fmt: skip
    return replace(answer, body={"person_id": call.person, **rest, **answer.body})
