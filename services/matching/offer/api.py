"""Offers over HTTP: thin views. A seeker asks, an insider answers, and both see the hire through."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from services.matching.offer import schemas
from services.matching.offer.accounts import Accounts
from services.matching.offer.beginning import told_now
from services.matching.offer.history import history
from services.matching.offer.lifecycle import OFFER, OPEN
from services.matching.offer.parts import Parts
from services.matching.offer.prices import fixed_price
from services.matching.offer.views import roles, view
from services.matching.store import listing_key, own_offers
from shared.aggregate import Contended, Document, Refusal
from shared.http.answer.commands import PlainCommands, problem_of_refusal
from shared.http.answer.history import declare_history
from shared.http.answer.pages import after_text, page_of, text_page
from shared.http.declare.explanation import Explanation
from shared.http.declare.operations import ANYONE, DOCUMENT, Answer, Call, Operations
from shared.http.problems import Problem

operations: Operations[Parts] = Operations("matching", "Offers", OFFER.commands())


# -- made and answered


@operations.post("/v1/offers", "makeOffer", "Make an offer to an insider", who=ANYONE, body=schemas.NewOffer,
                 command="propose", answers={201: schemas.Offer})  # fmt: skip
def make(call: Call[Parts]) -> Answer:
    parts, offer_id = call.parts, call.command_id
    if parts.offers.store.get(offer_id) is not None:
        return parts.offers.create(call, {})
    listing = parts.offers.store.get(listing_key(call.body["listing_id"]))
    if listing is None:
        wait = parts.patience.seconds(call.person, call.body["listing_id"])
        raise Problem("not-found", "No such listing is known here, or not yet.", retry_after=wait)
    with _reserving(parts.accounts, call.person, offer_id) as accounts:
        accounts.reserve_request(call.person, offer_id, listing["listing_id"])
        found = {"listing": listing, "place": parts.places.law_of(listing)}
        return parts.offers.create(call, call.body | found | _of_people(parts, call.person, listing["insider"]))


@operations.post(
    "/v1/offers/{id}/accept", "acceptOffer", "Accept an offer; the seeker then funds the escrow", who=DOCUMENT,
    command="accept", answers={200: schemas.Offer},
)  # fmt: skip
def accept(call: Call[Parts]) -> Answer:
    parts = call.parts
    offer, mine = parts.offers.read(call)
    standing = _of_listing(parts, offer)
    if "other" not in mine or offer["state"] not in OPEN:
        return parts.offers.command(call, standing)  # a repeat, or refused
    with _reserving(parts.accounts, offer["seeker"], offer["_id"]) as accounts:
        price, currency = offer["price"], offer["currency"]
        accounts.reserve_exposure(offer["seeker"], offer["_id"], offer["listing_id"], price, currency)
        standing |= _of_people(parts, offer["seeker"], offer["insider"])
        return parts.offers.command(call, {"reserved": offer["price"], **standing})


@operations.post("/v1/offers/{id}/counter", "counterOffer", "Propose another price", who=DOCUMENT, body=schemas.Counter,
                 command="counter", answers={200: schemas.Offer})  # fmt: skip
def counter(call: Call[Parts]) -> Answer:
    offer, _ = call.parts.offers.read(call)
    return call.parts.offers.command(call, {**call.body, **_of_listing(call.parts, offer)})


@operations.post(
    "/v1/offers/{id}/begin", "beginOffer",
    "Seeker: begin; contacts and the employer are shown, and you cannot cancel alone", who=DOCUMENT, command="begin",
    answers={200: schemas.Offer},
)  # fmt: skip
def begin(call: Call[Parts]) -> Answer:
    offer, _ = call.parts.offers.read(call)
    return call.parts.offers.command(call, _of_listing(call.parts, offer))


@operations.post(
    "/v1/offers/{id}/claim-hire", "claimHire", "Insider: claim that the seeker was hired, with evidence", who=DOCUMENT,
    body=schemas.ClaimHire, command="claim_hire", answers={200: schemas.Offer},
)  # fmt: skip
def claim_hire(call: Call[Parts]) -> Answer:
    offer, _ = call.parts.offers.read(call)
    listing = call.parts.offers.store.get(listing_key(offer["listing_id"])) or {}
    verified = bool(listing.get("insider_verified")) and call.parts.at_registered(offer["listing_id"])
    return call.parts.offers.command(call, {**call.body, "insider_verified": verified})


# -- read


@operations.get("/v1/offers", "listOffers", "List your offers, newest first", who=ANYONE, query=schemas.Search,
                answers={200: page_of(schemas.Offer)})  # fmt: skip
def list_own(call: Call[Parts]) -> Answer:
    found = own_offers(call.parts.offers.store, call.person, call.query, after_text(call), call.page.limit + 1)
    return text_page(call, found, "position", lambda doc: view(doc, roles(doc, call.principal)))


@operations.get("/v1/offers/{id}", "showOffer", "Show an offer", who=DOCUMENT, answers={200: schemas.Offer})
def show(call: Call[Parts]) -> Answer:
    return call.parts.offers.show(call)


@operations.get(
    "/v1/offers/{id}/explain", "explainOffer", "Show what may happen next, by whom and until when", who=DOCUMENT,
    answers={200: Explanation},
)  # fmt: skip
def explain(call: Call[Parts]) -> Answer:
    return call.parts.offers.explain(call)


declare_history(
    operations, "/v1/offers/{id}/history", "showOfferHistory", "Show what happened to an offer, oldest first",
    lambda parts: parts.offers, history,
)  # fmt: skip


# -- the other commands


_command = PlainCommands(operations, "/v1/offers/{id}", lambda parts: parts.offers, schemas.Offer)
_command("declineOffer", "Decline an offer", "decline")
_command("withdrawOffer", "Withdraw your proposal", "withdraw")
_command("cancelOffer", "Call it off: alone in {cancel_alone}, then by asking and agreeing", "cancel", schemas.Cancel)
_command("recordHelp", "Insider: record help that was given", "record_help", schemas.Help, at="help")
_command("answerHelp", "Seeker: confirm or deny recorded help", "answer_help", schemas.HelpAnswer, at="help/confirm")
_command("rejectHire", "Seeker: reject the claim of a hire", "reject_hire", at="reject-hire")
_command("confirmHire", "Confirm the hire: the escrow pays out", "confirm_hire", schemas.ConfirmHire, at="confirm-hire")
_command("endHire", "Report that the job has ended", "end", schemas.EndHire)

# -- inside


def _of_listing(parts: Parts, offer: Document) -> dict[str, Any]:
    """How the offer's listing stands now, where, under which licence, at which price where that is fixed, and the
    employer's no that its offers are told now, as far as is known here.
    """
    listing = parts.offers.store.get(listing_key(offer["listing_id"]))
    if listing is None:
        return {"listing_status": "unknown"}
    found = {
        "licence": listing.get("licence"),
        "place": parts.places.law_of(listing),
        "fixed_price": fixed_price(listing, offer["help"]),
        "no": told_now(listing),
    }
    return {"listing_status": listing["status"]} | {name: each for name, each in found.items() if each is not None}


def _of_people(parts: Parts, seeker: str, insider: str) -> dict[str, Any]:
    """Whether the two are one person. Raises Problem where one of them is leaving; asked after it was reserved."""
    try:
        return {"one_person": parts.one_person(seeker, insider)}
    except Refusal as refusal:
        raise problem_of_refusal(refusal) from refusal


@contextmanager
def _reserving(accounts: Accounts, person: str, offer_id: str) -> Iterator[Accounts]:
    """The accounts for this one request: what it reserves is free again where the command is refused."""
    mine = accounts.of_request()
    try:
        yield mine
    except Refusal as refusal:
        raise problem_of_refusal(refusal) from refusal
    except (Problem, Contended):
        mine.release(person, offer_id)
        raise
