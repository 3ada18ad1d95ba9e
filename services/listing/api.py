"""The listing's API. A view parses, lets the lifecycle decide, and serialises: no rule stands here."""

from dataclasses import replace
from functools import partial
from typing import Any

from services.listing import api_consents, api_export, api_policies, api_reports, api_rules, search, views
from services.listing.api_codes import operations as of_codes
from services.listing.crowds import MOST_HELD, page, place_of
from services.listing.jobposting import MEDIA, JobPosting, job_posting
from services.listing.lifecycle import LISTING
from services.listing.page import listing_page
from services.listing.parts import PATH, Parts
from services.listing.rules import in_words
from services.listing.schemas import Listing, NewListing, Refused, Revision
from services.listing.schemas_search import Search
from services.listing.search import Question
from services.listing.stems import asked as words_asked
from services.listing.store import find
from shared import VERSION
from shared.aggregate import Document
from shared.events.schemas_listing import HELP_KINDS
from shared.http.answer.commands import PlainCommands
from shared.http.answer.documents import document_response
from shared.http.answer.html import Page, language, wants_page
from shared.http.answer.pages import foreign_cursor, page_of, page_response
from shared.http.declare.operations import ANYONE, DOCUMENT, OPEN, Answer, Call, Operations
from shared.http.problems import Fault, Problem, invalid
from shared.process import status

operations: Operations[Parts] = Operations("listing", "Listings", LISTING.commands())
_ONE = {200: Listing}
_VARY = {"Vary": "Accept"}


@operations.post(
    PATH, "createListing", "Create a listing", who=ANYONE, body=NewListing, command="create", answers={201: Listing}
)
def create(call: Call[Parts]) -> Answer:
    call.parts.drafts.check(call.person, repeat_of=call.command_id if call.key else None)
    marks = call.parts.workplaces.of(call.person, call.command_id, call.body)
    return call.parts.listings.create(call, {**call.body, **marks})


@operations.get(PATH, "searchListings", "Search listings", who=OPEN, query=Search,
                answers={200: page_of(Listing)}, refuses=("forbidden",))  # fmt: skip
def find_listings(call: Call[Parts]) -> Answer:
    question = _question(call)
    try:
        place = place_of(call.page.after, question.order, MOST_HELD if question.shared else 0)
    except ValueError:
        raise foreign_cursor() from None
    read = partial(find, call.parts.store, call.parts.census)
    found, following = page(read, question, place, call.page.limit)
    items = [call.parts.listings.view(doc, views.roles(doc, call.reader)) for doc in found]
    return page_response(call, items, following.values() if following else None)


@operations.get(PATH + "/{id}", "getListing", "Show a listing", who=OPEN, answers=_ONE, page=True)
def show(call: Call[Parts]) -> Answer:
    doc, mine = call.parts.read(call)
    shown = call.parts.listings.view(doc, mine)
    if wants_page(call.header("Accept")):
        return Answer(_page(call, doc, shown), headers={"Vary": "Accept, Accept-Language"})
    answer = document_response(shown, version=doc["version"])
    # Unveiling changes no version.
    return replace(answer, headers=_VARY if "seeker" in mine else {**answer.headers, **_VARY})


def _page(call: Call[Parts], doc: Document, shown: dict[str, Any]) -> Page:
    """Of a listing as its caller sees it."""
    market, place = call.parts.market, doc.get("subdivision") or doc["country"]
    laws = {kind: in_words(place, kind, market.places.decision(place, kind)) for kind in HELP_KINDS}
    posting = JobPosting().dump(job_posting(doc)) if doc["state"] == search.PUBLISHED else None
    url = f"{call.parts.public_url}/listings/{doc['_id']}"
    return listing_page(shown, posting, laws, language(call.header("Accept-Language")), url)


@operations.get(
    "/v1/sitemap", "getSitemap", "List the pages of published listings, for search engines", who=OPEN,
    answers={200: None}, media="application/xml",
)  # fmt: skip
def show_sitemap(call: Call[Parts]) -> Answer:
    text, tag = call.parts.sitemap.get()
    return Answer(text, tag=tag)


@operations.get(
    PATH + "/{id}/jobposting",
    "getJobPosting",
    "Show a published listing as a schema.org JobPosting",
    who=OPEN,
    answers={200: JobPosting},
    media=MEDIA,
)
def show_job_posting(call: Call[Parts]) -> Answer:
    doc, _ = call.parts.read(call)
    if doc["state"] != search.PUBLISHED:
        raise Problem("not-found", "A job is posted only while its listing is published.")
    return document_response(job_posting(doc), version=doc["version"])


@operations.patch(
    PATH + "/{id}", "reviseListing", "Change a listing", who=DOCUMENT, body=Revision, command="revise", answers=_ONE
)
def revise(call: Call[Parts]) -> Answer:
    marks = call.parts.workplaces.of(call.person, call.id, call.body)
    return call.parts.listings.command(call, {**call.body, **marks})


@operations.post(
    PATH + "/{id}/submit", "submitListing", "Submit a listing for publication", who=DOCUMENT, command="submit",
    answers=_ONE,
)  # fmt: skip
def submit(call: Call[Parts]) -> Answer:
    parts = call.parts
    doc, mine = parts.listings.read(call)
    if "insider" not in mine or doc["state"] != "draft":
        return parts.listings.command(call)  # a repeat, or refused
    with parts.budget.reserved(call.person, doc["_id"]):
        return parts.listings.command(call)


_command = PlainCommands(operations, PATH + "/{id}", lambda parts: parts.listings, Listing)
_command("pauseListing", "Pause a listing: it takes no new offers", "pause")
_command("resumeListing", "Resume a paused listing", "resume")
_command("withdrawListing", "Withdraw a listing", "withdraw")
_command("returnListing", "Moderator: return a listing to its insider", "return", Refused)
_command("publishListing", "Moderator: publish a listing", "publish")
_command("removeListing", "Moderator: remove a listing", "remove", Refused)


def _question(call: Call[Parts]) -> Question:
    """Everyone finds what is published; ask for your own with `mine`; staff ask for any `status`."""
    asked = call.query
    if "q" in asked and not words_asked(asked["q"]):
        raise invalid([Fault.of_query("q", "words", "expected a word that says more than the, of, le or de")])
    if asked.get("mine"):
        return search.own_question(asked, call.person)
    if asked.get("status", search.PUBLISHED) == search.PUBLISHED:
        return search.public_question(asked)
    if call.principal.has(*views.STAFF):
        return search.status_question(asked)
    fault = Fault.of_query("status", "role", "expected published; others only with mine=true")
    raise Problem("forbidden", "Only staff see others' listings that are not published.", errors=[fault])


operations.include(
    of_codes,
    api_export.operations,
    api_rules.operations,
    api_consents.operations,
    api_reports.operations,
    api_policies.operations,
)
operations.include_slice(lambda parts: parts.store, status.of("listing", VERSION))
