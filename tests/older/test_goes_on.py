"""An older database goes on: what a version kept is read whole, and everything in it comes to its end."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from deploy.verify import INVARIANTS, verify
from services.escrow.lifecycle import ESCROW
from services.listing.lifecycle import LISTING
from services.matching.employer.register import EMPLOYER
from services.matching.offer.lifecycle import ENDED, OFFER
from services.notify.lifecycle import NOTIFICATION
from services.notify.offers import is_unveiled
from shared.aggregate import Lifecycle
from tests.older.kept import FILES, Kept, Older, in_database
from tests.older.moves import decide_losses, follow_links, move_employers, move_listings, move_offers

DAY = timedelta(days=1)
BY_SERVICE = {"listing": LISTING, "matching": OFFER, "escrow": ESCROW, "notify": NOTIFICATION}
SHARES = ("listing", "matching", "escrow", "notify")
OVER = {
    ("matching", "offer"): set(ENDED),
    ("matching", "person"): {"known", "erased"},
    ("escrow", "escrow"): {"free", "settled", "refunded", "split", "lapsed", "charged_back"},
    ("escrow", "erased"): {"erased"},
    ("listing", "listing"): {"filled", "expired", "withdrawn", "removed"},
    ("listing", "erased"): {"erased"},
    ("notify", "notification"): {"expired"},
    ("notify", "erased"): {"erased"},
}
"""Where each kind may be in the end."""


@pytest.fixture(scope="module", params=FILES, ids=lambda file: file.name.removesuffix(".json.gz"))
def kept(request: pytest.FixtureRequest) -> Kept:
    return Kept.read(request.param)


@pytest.fixture(params=["memory", "database"])
def older(request: pytest.FixtureRequest, kept: Kept, tmp_path: Path) -> Older:
    if request.param == "memory":
        return Older(tmp_path, kept)
    database: Database[dict[str, Any]] = request.getfixturevalue("database")
    return Older(tmp_path, kept, in_database(database))


LATER_STATES = {"escrow": {"repaying"}}
"""Those that came after the oldest of the files."""


@pytest.mark.parametrize(
    ("service", "lifecycle"), [*BY_SERVICE.items(), ("matching", EMPLOYER)], ids=lambda each: getattr(each, "name", "")
)
def test_the_file_has_every_state(kept: Kept, service: str, lifecycle: Lifecycle) -> None:
    """What is not in it would be proved of nothing."""
    found = {doc["state"] for doc in kept.documents[service] if doc["kind"] == lifecycle.name}

    assert set(lifecycle.states) - {"new"} - LATER_STATES.get(lifecycle.name, set()) <= found


def test_what_waits_is_in_the_file(kept: Kept) -> None:
    """Open instructions of each kind, parked events, a stub for one that came too early, an outbox."""
    everything = [doc for docs in kept.documents.values() for doc in docs]
    escrows = [doc for doc in everything if doc["kind"] == "escrow"]

    assert {doc["instruction"]["kind"] for doc in escrows if doc.get("instruction")} == {
        "hold", "release", "refund", "split",
    }  # fmt: skip
    assert {"new", "funding", "releasing"} <= {doc["state"] for doc in escrows if doc.get("parked")}
    assert any("outbox_at" in doc for doc in everything)
    assert {doc["state"] for doc in everything if doc["kind"] == "ats_event"} >= {
        "waiting", "matched", "conflict", "refused", "withdrawn", "taken_back", "expired",
    }  # fmt: skip


def test_all_of_it_is_read(kept: Kept, tmp_path: Path) -> None:
    """Every document through its views, by everyone who may see it, in lists and in exports."""
    older = Older(tmp_path, kept)
    _read_offers(older)
    _read_listings(older)
    for person, sub in kept.people.items():
        _read_own(older, person, sub)
    _read_as_staff(older)


def test_lists_are_read_of_a_database(kept: Kept, tmp_path: Path, database: Database[dict[str, Any]]) -> None:
    """What asks more of a database than a document by its id: lists, searches, exports."""
    older = Older(tmp_path, kept, in_database(database))
    _read_listings(older)
    for person, sub in kept.people.items():
        if sub in ("anna", "bo", "eve", "v04"):
            _read_own(older, person, sub)
    _read_as_staff(older)


def _read_offers(older: Older) -> None:
    escrows = {doc["_id"]: doc for doc in older.documents("escrow", "escrow") if doc["state"] != "new"}
    for doc in older.documents("matching", "offer"):
        for person in doc["parties"]:
            sub, offer_id = older.name(person), doc["_id"]
            shown = older.get("matching", sub, f"/v1/offers/{offer_id}")
            assert (shown["status"], shown["price"]["amount"]) == (doc["state"], doc["price"])
            assert older.get("matching", sub, f"/v1/offers/{offer_id}/explain")
            assert older.get("matching", sub, f"/v1/offers/{offer_id}/reviews")
            if escrow := escrows.get(offer_id):
                assert older.get("escrow", sub, f"/v1/escrows/{offer_id}")["status"] == escrow["state"]
                assert older.get("escrow", sub, f"/v1/escrows/{offer_id}/explain")
                entries = older.get("escrow", sub, f"/v1/escrows/{offer_id}/journal")["entries"]
                assert len(entries) == len(escrow.get("journal", ()))


def _read_listings(older: Older) -> None:
    for doc in older.documents("listing", "listing"):
        shown = older.get("listing", older.name(doc["insider"]), f"/v1/listings/{doc['_id']}")
        assert (shown["status"], shown["title"], shown["duties"]) == (doc["state"], doc["title"], doc["duties"])
        assert shown["employer"] == {**doc["employer"], "veiled": False}
    published = {doc["_id"] for doc in older.documents("listing", "listing", "published")}
    assert {each["id"] for each in older.pages("listing", "bo", "/v1/listings")} == published


def _read_own(older: Older, person: str, sub: str) -> None:
    offers = {doc["_id"] for doc in older.documents("matching", "offer") if person in doc["parties"]}
    escrows = {doc["_id"] for doc in older.documents("escrow", "escrow") if person in doc.get("parties", ())}
    notifications = [doc for doc in older.documents("notify", "notification") if doc.get("person") == person]

    assert {each["id"] for each in older.pages("matching", sub, "/v1/offers")} == offers
    assert {each["offer_id"] for each in older.pages("escrow", sub, "/v1/escrows")} == escrows
    assert len(older.pages("notify", sub, "/v1/notifications")) == len(notifications)
    assert older.get("matching", sub, "/v1/account")["exposure"] is not None
    assert older.get("matching", sub, f"/v1/insiders/{person}")
    for service in SHARES:
        exported = older.pages(service, sub, f"/v1/me/export/{service}")
        assert len(exported) >= len({"matching": offers, "escrow": escrows, "notify": notifications}.get(service, ()))
    for kind, path in (("contact", "contact"), ("work_mail", "work-mail")):
        if any(doc.get("email") for doc in older.documents("notify", kind) if doc.get("owner") == person):
            assert "email" in older.get("notify", sub, f"/v1/me/{path}")


def _read_as_staff(older: Older) -> None:
    listed = older.pages("matching", "olga", "/v1/employers", "operator")
    assert Counter(each["status"] for each in listed) == Counter(
        d["state"] for d in older.documents("matching", "employer")
    )
    for each in listed:
        assert older.get("matching", "olga", f"/v1/employers/{each['id']}", "operator") == each
    reported = {each["status"] for each in older.pages("matching", "olga", "/v1/ats-events", "operator")}
    assert reported == {"waiting", "conflict", "refused", "taken_back"}
    assert older.get("escrow", "ari", "/v1/reconciliation", "arbiter")["counts"]["disputed"] == 2


def test_all_of_it_goes_on_to_its_end(older: Older) -> None:
    """Topics are sent again and change nothing; what waited is carried out; each document takes its next steps."""
    before = _states(older)
    older.replay()
    older.relay()
    after = _states(older)
    assert {(was, after[each]) for each, was in before.items() if after[each] != was} == {
        ("escrow new", "escrow lapsed"),
        ("unveiled known", "unveiled veiled"),  # 0.1.0 left the employer of what was called off to be seen
    }
    _are_unveiled_as_their_offers_say(older)
    older.settle(timedelta(minutes=5))
    assert [doc["_id"] for docs in _all(older).values() for doc in docs if doc.get("parked")] == []
    follow_links(older)
    move_employers(older)
    move_listings(older)
    decide_losses(older)
    move_offers(older)
    for _ in range(12):
        older.settle(30 * DAY)

    for (service, kind), ends in OVER.items():
        assert {doc["state"] for doc in older.documents(service, kind)} <= ends, kind
    waits = [doc["_id"] for docs in _all(older).values() for doc in docs if doc.get("parked") or "outbox_at" in doc]
    assert waits == []
    assert [record.headers for service in SHARES for record in older.broker.records(f"{service}.dead")] == []
    _holds(older)


def _are_unveiled_as_their_offers_say(older: Older) -> None:
    """An employer stays unveiled to whoever is to begin, has begun or was hired, whatever came after the hire."""
    offers = {doc["_id"]: doc for doc in older.documents("matching", "offer")}
    known = {doc["_id"]: doc for doc in older.documents("listing", "unveiled")}
    shared = {f"offer:{each}": older.stores["notify"].get(f"offer:{each}") for each in offers}
    for offer_id, doc in offers.items():
        unveiled = known.get(f"unveiled:{doc['listing_id']}:{doc['seeker']}")
        if "activated_at" not in doc or unveiled is None or unveiled["state"] == "erased":
            continue
        stays = "hire" in doc or doc["state"] not in ENDED
        assert unveiled["state"] == ("known" if stays else "veiled"), offer_id
        assert is_unveiled(shared[f"offer:{offer_id}"] or {}) is stays, offer_id


def _all(older: Older) -> dict[str, list[Any]]:
    return {name: list(store.collection.find({})) for name, store in older.stores.items()}


def _states(older: Older) -> dict[str, str]:
    return {doc["_id"]: f"{doc['kind']} {doc.get('state')}" for docs in _all(older).values() for doc in docs}


def _holds(older: Older) -> None:
    """All that `golem verify` checks, of documents, topics, groups and the provider's accounts."""
    results = verify(older.snapshot())

    assert [violation for result in results for violation in result.violations] == []
    assert {result.invariant for result in results if result.checked} == {each.id for each in INVARIANTS}
