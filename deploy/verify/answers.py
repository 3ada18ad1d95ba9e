"""Answers: what got a 2xx is there (I8), the same key has the same answer (I9)."""

from collections.abc import Iterator

from deploy.verify.snapshot import Snapshot, everything
from deploy.verify.tally import Tally
from shared.aggregate import Document


def readable(seen: Snapshot, tally: Tally) -> None:
    """Each command that was answered with a 2xx has been taken by its document; an offer's listing and an escrow's
    offer are there; so is each document that was acknowledged to a client.
    """
    for service, doc, command in _commands(seen):
        message = f"answered {command.get('status')} to the command {command.get('id')}, and has not taken it"
        tally.check(command.get("id") in doc.get("applied", ()), f"{service} {doc['_id']}", message)
    listings = seen.known("listing", "listing")
    for offer_id, offer in seen.offers.items():
        there = offer.get("listing_id") in listings
        tally.check(there, f"offer {offer_id}", f"its listing {offer.get('listing_id')} is not there")
    for offer_id in seen.escrows:
        tally.check(offer_id in seen.offers, f"escrow {offer_id}", "its offer is not there")
    for service, document_id in seen.acknowledged:
        there = document_id in seen.by_id.get(service, {})
        tally.check(there, f"{service} {document_id}", "it was acknowledged to a client, and is not there")


def same_answer(seen: Snapshot, tally: Tally) -> None:
    """A command's id, made of the person, the path and the key, stands in one document, once: with one fingerprint of
    its body and one status, which each repeat is answered with.
    """
    known = dict(seen.holders)
    for service, doc, command in _commands(seen):
        subject = f"{service} {doc['_id']}"
        with tally.reading(subject):
            first = known.setdefault(f"{service} {command['id']}", doc["_id"])
            others = [each for each in doc["commands"] if each["id"] == command["id"]]
            where = f" and in {first}" if first != doc["_id"] else ""
            message = f"the command {command['id']} stands {len(others)} times in it{where}"
            tally.check(len(others) == 1 and not where, subject, message)
            whole = bool(command["fingerprint"]) and 200 <= command["status"] < 300
            tally.check(whole, subject, f"the command {command['id']} has no answer to repeat")


def _commands(seen: Snapshot) -> Iterator[tuple[str, Document, Document]]:
    for service, doc in everything(seen.documents):
        for command in doc.get("commands", ()):
            yield service, doc, command
