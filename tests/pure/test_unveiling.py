"""Who sees whom, by the small documents of listing and notify: also those that 0.1.0 left, which knew no beginning."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.listing import unveiling
from services.notify import offers
from shared.aggregate import Change, Document, Trigger

NOW = datetime(2027, 5, 6, tzinfo=UTC)
LISTING, SEEKER, INSIDER = "01a2210d-facd-7485-b34d-18c884c25c64", "p_" + "5" * 32, "p_" + "1" * 32
UNVEILED = f"unveiled:{LISTING}:{SEEKER}"


def event(name: str, offer_id: str, status: str, sequence: int = 9) -> Trigger:
    data = {"listing_id": LISTING, "seeker": SEEKER, "insider": INSIDER, "offer_id": offer_id, "status": status}
    data["accepted_at"] = "2027-01-21T00:00:00.000Z"
    return Trigger(name, f"{name}:{offer_id}", "event", NOW, data, sequence=sequence)


def of_older(**more: Any) -> Document:
    own = {"_id": UNVEILED, "kind": "unveiled", "version": 2, "listing_id": LISTING, "seeker": SEEKER}
    return {**own, "created_at": NOW, "updated_at": NOW, "offers": ["one"], **more}


def unveil(document: Document, *events: Trigger) -> Change:
    change = Change(UNVEILED, unveiling.KIND, document, NOW)
    for each in events:
        unveiling.Unveil().fold({UNVEILED: change}, each)
    return change


@pytest.mark.parametrize("name", ["offer.activated", "hire.confirmed", "offer.closed"])
def test_what_is_sent_again_unveils_nothing_to_whom_an_older_version_forgot(name: str) -> None:
    change = unveil(of_older(state="erased"), event(name, "one", "completed"))

    assert change.state == "erased"
    assert change.doc["forgotten"] == ["one"]


def test_who_was_forgotten_and_begins_anew_sees_the_employer_until_that_ends() -> None:
    """And the write names no field twice."""
    begun = unveil(of_older(state="erased"), event("offer.begun", "two", "active"))
    fields = [name for part in begun.update().values() for name in part]

    assert begun.state == "known"
    assert len(fields) == len(set(fields))
    assert unveil(begun.document(), event("offer.cancelled", "two", "cancelled")).state == "veiled"


@pytest.mark.parametrize(("status", "unveiled"), [("hired", True), ("ended", True), ("active", False)])
def test_a_copy_of_an_older_version_goes_on_showing_whom_a_hire_had_brought_together(
    status: str, unveiled: bool
) -> None:
    """It stored the hire as the status alone, and the next event overwrites that."""
    key = "offer:one"
    copy = {"_id": key, "kind": "offer", "version": 4, "state": "new", "parties": [INSIDER, SEEKER], "number": 4}
    change = Change(key, "offer", {**copy, "status": status, "activated": True, "updated_at": NOW}, NOW)

    offers.OfOffer().fold({key: change}, event("offer.closed", "one", "closed"))

    assert offers.is_unveiled(change.doc) is unveiled
