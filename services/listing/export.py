"""What listing holds of a person, for themselves."""

from dataclasses import replace
from typing import Any

from services.listing import views
from services.listing.schemas import Listing
from services.listing.store import employers_known, of_insider
from services.listing.workplaces import work_id
from shared.fields import Body, Instant, Part, PersonId, Several, Text, Uuid
from shared.http.answer.pages import PageQuery, after_text, text_page
from shared.http.declare.operations import ANYONE, Answer, Call, Operations


class KnownEmployer(Body):
    """A listing whose employer one may see."""

    listing_id = Uuid()
    since = Instant()


class ListingShare(Body):
    """One's listings, in pages. The first page has the rest: the employers one was told of, and the marks of the
    domains at which one gets mail.
    """

    person_id = PersonId()
    employers_known = Several(Part(KnownEmployer))
    work_marks = Several(Text())
    items = Several(Part(Listing))
    next = Text(1, 1024, allow_none=True)


def declare(operations: Operations[Any]) -> None:
    """The operation; its parts are the API's."""
    operations.get("/v1/me/export/listing", "exportListing", "What is held of oneself here: one's listings", who=ANYONE,
                   query=PageQuery, answers={200: ListingShare})(export)  # fmt: skip


def export(call: Call[Any]) -> Answer:
    store, after = call.parts.store, after_text(call)
    found = of_insider(store, call.person, after, call.page.limit + 1)
    answer = text_page(call, found, "rank", lambda doc: views.view(doc, frozenset({"insider"})))
    rest = {} if after else {
        "employers_known": employers_known(store, call.person),
        "work_marks": (store.get(work_id(call.person)) or {}).get("marks", []),
    }  # fmt: skip
    return replace(answer, body={"person_id": call.person, **rest, **answer.body})
