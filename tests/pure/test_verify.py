"""`golem verify` holds for a system that was left in peace, and names the culprit where a hand has damaged it."""

import copy
import gc
import re
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from deploy.verify import INVARIANTS, Progress, Snapshot, examine, verify
from deploy.verify.snapshot import Seen
from deploy.verify.spill import Spill
from deploy.verify.tally import Violation
from services.escrow.journal import next_entry
from shared.settings import Terms
from tests.support.hires import listing
from tests.support.slices import One, sliced
from tests.support.web import Caller
from tests.support.whole import Whole

_ID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
COACHING_AND_WORD = [
    {"kind": "coaching", "price": {"amount": 50_000, "currency": "EUR"}},
    {"kind": "good_word", "price": {"amount": 0, "currency": "EUR"}},
]


@dataclass(frozen=True)
class Scene:
    """One of each: a paid hire, one held, one given back, one disputed, one charged back, one declined."""

    snapshot: Snapshot
    paid: str
    held: str
    back: str
    disputed: str


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    whole = Whole(tmp_path_factory.mktemp("whole"))
    listing_id = whole.published(seats=5)
    paid, held = whole.hired(listing_id, "bo"), whole.funded(listing_id, "cas")
    back, disputed = whole.funded(listing_id, "dan"), whole.funded(listing_id, "eva")
    whole.call("matching", "dan", f"/v1/offers/{back}/cancel", {})
    whole.call("escrow", "eva", f"/v1/escrows/{disputed}/dispute", {"reason": "other"})
    whole.funded(listing_id, "fay", "tok_chargeback")
    whole.funded(listing_id, "gus", "tok_declined")
    whole.settle(timedelta(seconds=10))
    return Scene(whole.snapshot(), paid, held, back, disputed)


@pytest.fixture
def damaged(scene: Scene) -> Scene:
    """A copy that may be damaged."""
    return replace(scene, snapshot=replace(scene.snapshot, documents=copy.deepcopy(dict(scene.snapshot.documents))))


def found(snapshot: Snapshot) -> list[Violation]:
    return [violation for result in verify(snapshot) for violation in result.violations]


def doc(scene: Scene, service: str, document_id: str) -> dict[str, Any]:
    return next(doc for doc in scene.snapshot.documents[service] if doc["_id"] == document_id)


# -- at rest


def test_a_system_left_in_peace_holds(scene: Scene) -> None:
    """Every invariant has looked at something, and none is violated."""
    results = verify(scene.snapshot)

    assert [violation for result in results for violation in result.violations] == []
    assert [result.invariant for result in results] == [f"I{n}" for n in range(1, 14)]
    assert all(result.checked > 0 for result in results)


def test_nothing_at_all_holds() -> None:
    """An empty system violates nothing."""
    nothing = Snapshot({}, [], [], {}, at=Whole.START)

    assert found(nothing) == []


def test_a_hire_with_tranches_and_one_that_ended(scene: Scene, tmp_path: Any) -> None:
    """Days and weeks later: three tranches, a hire that ended early, a listing that was filled, mails forgotten."""
    whole = Whole(tmp_path)
    plan = [{"due_day": 0, "bps": 5_000}, {"due_day": 30, "bps": 5_000}]
    listing_id = whole.published(seats=2, tranches=plan, help=COACHING_AND_WORD)
    ended, whole_hire = whole.hired(listing_id, "bo"), whole.hired(listing_id, "cas", "tok_transfer_refused")
    whole.call("matching", "anna", f"/v1/offers/{ended}/end", {"on": "2027-01-04"})
    for _ in range(5):
        whole.settle(timedelta(days=10))
        assert found(whole.snapshot()) == []
    whole.settle(timedelta(days=100))

    states = {each["_id"]: each["state"] for each in whole.snapshot().escrows.values()}
    assert states == {ended: "refunded", whole_hire: "settled"}
    assert found(whole.snapshot()) == []


# -- damaged


def more_held(scene: Scene) -> tuple[Snapshot, str]:
    escrow = doc(scene, "escrow", scene.held)
    escrow["held"] += 1
    return scene.snapshot, f"escrow {scene.held}"


def other_sum_at_the_provider(scene: Scene) -> tuple[Snapshot, str]:
    accounts = [
        replace(a, balance=replace(a.balance, held=0, refunded=a.balance.held)) if a.offer_id == scene.held else a
        for a in scene.snapshot.accounts
    ]
    return replace(scene.snapshot, accounts=accounts), f"escrow {scene.held}"


def account_without_escrow(scene: Scene) -> tuple[Snapshot, str]:
    scene.snapshot.documents["escrow"].remove(doc(scene, "escrow", scene.held))  # type: ignore[attr-defined]
    return scene.snapshot, f"provider's account {scene.held}"


def tranche_paid_twice(scene: Scene) -> tuple[Snapshot, str]:
    escrow = doc(scene, "escrow", scene.paid)
    lines = {"escrow_held": -50_000, "insider_paid": 47_500, "platform_fees": 2_500}
    reference = f"{scene.paid}:release:0:2"
    escrow["journal"].append(
        next_entry(escrow["journal"], reference, escrow["updated_at"], lines, escrow["hire_event_id"])
    )
    return scene.snapshot, f"escrow {scene.paid}"


def carried_out_and_not_booked(scene: Scene) -> tuple[Snapshot, str]:
    escrow = doc(scene, "escrow", scene.back)
    gone = escrow["journal"].pop()
    return scene.snapshot, f"instruction {gone['reference']}"


def two_outcomes(scene: Scene) -> tuple[Snapshot, str]:
    offer = doc(scene, "matching", scene.paid)
    end = next(event for event in offer["events"] if event["type"] == "offer.completed")
    end["type"], end["data"]["status"] = "offer.cancelled", "cancelled"
    return scene.snapshot, f"offer {scene.paid}"


def no_outcome(scene: Scene) -> tuple[Snapshot, str]:
    doc(scene, "matching", scene.paid)["state"] = "hired"
    return scene.snapshot, f"offer {scene.paid}"


def paid_without_a_hire(scene: Scene) -> tuple[Snapshot, str]:
    offer = doc(scene, "matching", scene.paid)
    offer["events"] = [event for event in offer["events"] if event["type"] != "hire.confirmed"]
    return scene.snapshot, f"escrow {scene.paid}"


def event_lost_from_its_topic(scene: Scene) -> tuple[Snapshot, str]:
    lost = next(r for r in scene.snapshot.records if r.topic == "offer.accepted")
    assert lost.event
    records = [r for r in scene.snapshot.records if r is not lost]
    return replace(scene.snapshot, records=records), lost.event.id


def forged_event(scene: Scene) -> tuple[Snapshot, str]:
    first = next(r for r in scene.snapshot.records if r.topic == "hire.confirmed")
    assert first.event
    forged = replace(first, offset=first.offset + 100, event=replace(first.event, id="forged", sequence=99))
    return replace(scene.snapshot, records=[*scene.snapshot.records, forged]), "forged"


def changed_on_its_topic(scene: Scene) -> tuple[Snapshot, str]:
    def change(record: Seen) -> Seen:
        assert record.event
        data = {**record.event.data, "price": 1}
        return replace(record, event=replace(record.event, data=data))

    chosen = next(r for r in scene.snapshot.records if r.topic == "offer.accepted")
    assert chosen.event
    records = [change(r) if r is chosen else r for r in scene.snapshot.records]
    return replace(scene.snapshot, records=records), chosen.event.id


def taken_twice(scene: Scene) -> tuple[Snapshot, str]:
    escrow = doc(scene, "escrow", scene.paid)
    escrow["applied"].append(escrow["applied"][0])
    return scene.snapshot, f"escrow {scene.paid}"


def never_taken(scene: Scene) -> tuple[Snapshot, str]:
    escrow = doc(scene, "escrow", scene.paid)
    escrow["applied"].remove(escrow["hire_event_id"])
    return scene.snapshot, escrow["hire_event_id"]


def _notification(scene: Scene) -> Any:
    """One of an offer's acceptance."""
    told = [each for each in scene.snapshot.documents["notify"] if each["kind"] == "notification"]
    return next(each for each in told if each.get("event_type") == "offer.accepted")


def nobody_was_told(scene: Scene) -> tuple[Snapshot, str]:
    told = _notification(scene)
    scene.snapshot.documents["notify"].remove(told)  # type: ignore[attr-defined]
    return scene.snapshot, told["_id"].rpartition(":")[0]


def a_stranger_was_told(scene: Scene) -> tuple[Snapshot, str]:
    told = _notification(scene)
    told["person"] = "p_" + "0" * 32
    return scene.snapshot, told["_id"]


def seat_counted_twice(scene: Scene) -> tuple[Snapshot, str]:
    listing = next(d for d in scene.snapshot.documents["listing"] if d.get("kind") == "listing")
    listing["hired"] = 2
    return scene.snapshot, f"listing {listing['_id']}"


def out_of_order(scene: Scene) -> tuple[Snapshot, str]:
    first = next(
        r for r in scene.snapshot.records if r.event and r.event.subject == scene.paid and r.topic == "escrow.held"
    )
    assert first.event
    later = replace(first, offset=first.offset + 100, event=replace(first.event, id="earlier", sequence=1))
    return replace(scene.snapshot, records=[*scene.snapshot.records, later]), f"escrow {scene.paid}"


def answered_and_forgotten(scene: Scene) -> tuple[Snapshot, str]:
    offer = doc(scene, "matching", scene.held)
    offer["applied"].remove(offer["commands"][0]["id"])
    return scene.snapshot, f"matching {scene.held}"


def told_and_gone(scene: Scene) -> tuple[Snapshot, str]:
    return replace(scene.snapshot, acknowledged=[("listing", "gone")]), "listing gone"


def one_key_two_documents(scene: Scene) -> tuple[Snapshot, str]:
    command = doc(scene, "matching", scene.held)["commands"][0]
    other = doc(scene, "matching", scene.back)
    other["commands"].append({**command, "fingerprint": "other"})
    other["applied"].append(command["id"])
    return scene.snapshot, "matching "


def forgotten_by_the_relay(scene: Scene) -> tuple[Snapshot, str]:
    doc(scene, "matching", scene.held)["published"] -= 1
    return scene.snapshot, f"matching {scene.held}"


def forgotten_timer(scene: Scene) -> tuple[Snapshot, str]:
    del doc(scene, "matching", scene.held)["due_at"]
    return scene.snapshot, f"matching {scene.held}"


def changed_tomorrow(scene: Scene) -> tuple[Snapshot, str]:
    """A clock that was ahead has left its time in it, and what changed a moment ago is looked at no further."""
    doc(scene, "escrow", scene.held)["updated_at"] += timedelta(days=1)
    return scene.snapshot, f"escrow {scene.held}"


def put_off_for_an_hour(scene: Scene) -> tuple[Snapshot, str]:
    held = doc(scene, "escrow", scene.held)
    held["instruction"] = {"id": "x", "kind": "release", "attempts": 1}
    held["timers"] = {"instruction": scene.snapshot.at + timedelta(hours=1)}
    held["due_at"] = held["timers"]["instruction"]
    return scene.snapshot, f"escrow {scene.held}"


def parked_for_ever(scene: Scene) -> tuple[Snapshot, str]:
    doc(scene, "escrow", scene.held)["parked"] = [{"id": "e", "name": "hire.ended", "kind": "event"}]
    return scene.snapshot, f"escrow {scene.held}"


def group_thrown_back(scene: Scene) -> tuple[Snapshot, str]:
    committed = {**scene.snapshot.committed, "escrow": {}}
    return replace(scene.snapshot, committed=committed), "hire.confirmed/0/0"


def rewritten_journal(scene: Scene) -> tuple[Snapshot, str]:
    """Whoever rewrites a journal can make its chain whole again; the events that are out already they cannot."""
    escrow = doc(scene, "escrow", scene.paid)
    journal: list[dict[str, Any]] = []
    for entry in escrow["journal"]:
        lines = {line["account"]: line["amount"] for line in entry["lines"]}
        if "insider_paid" in lines:
            lines = {"escrow_held": -50_000, "insider_paid": 49_000, "platform_fees": 1_000}
        journal.append(next_entry(journal, entry["reference"], escrow["updated_at"], lines, entry.get("hire_event_id")))
    escrow["journal"] = journal
    return scene.snapshot, f"escrow {scene.paid}"


def _account(scene: Scene) -> dict[str, Any]:
    return doc(scene, "matching", f"account:{doc(scene, 'matching', scene.held)['seeker']}")


def reservation_gone(scene: Scene) -> tuple[Snapshot, str]:
    del _account(scene)["reservations"][scene.held]
    return scene.snapshot, f"offer {scene.held}"


def reservation_too_small(scene: Scene) -> tuple[Snapshot, str]:
    _account(scene)["reservations"][scene.held]["amount"] -= 1
    return scene.snapshot, f"offer {scene.held}"


def above_the_cap(scene: Scene) -> tuple[Snapshot, str]:
    account = _account(scene)
    account["reservations"][scene.paid] = {**account["reservations"][scene.held], "amount": 200_000}
    return scene.snapshot, f"account {account['_id'].removeprefix('account:')}"


def above_the_budget(scene: Scene) -> tuple[Snapshot, str]:
    seeker = doc(scene, "matching", scene.paid)["seeker"]
    return replace(scene.snapshot, terms=Terms(requests_a_week=0)), f"account {seeker}"


def kept_for_no_loss(scene: Scene) -> tuple[Snapshot, str]:
    escrow = doc(scene, "escrow", scene.paid)
    escrow["set_off"] = 1
    return scene.snapshot, f"insider {escrow['insider']}"


def kept_for_a_loss_that_is_the_platforms(scene: Scene) -> tuple[Snapshot, str]:
    escrow, other = doc(scene, "escrow", scene.paid), doc(scene, "escrow", scene.held)
    escrow["set_off"] = 700
    other |= {"loss": 700, "loss_decision": {"decision": "write_off"}}
    return scene.snapshot, f"insider {escrow['insider']}"


def shortened_journal(scene: Scene) -> tuple[Snapshot, str]:
    doc(scene, "escrow", scene.paid)["journal"].pop()
    return scene.snapshot, f"escrow {scene.paid}"


def not_a_document(scene: Scene) -> tuple[Snapshot, str]:
    doc(scene, "escrow", scene.held)["journal"] = "gone"
    return scene.snapshot, f"escrow {scene.held}"


DAMAGES: list[tuple[str, Callable[[Scene], tuple[Snapshot, str]]]] = [
    ("I1", more_held),
    ("I1", other_sum_at_the_provider),
    ("I1", account_without_escrow),
    ("I1", not_a_document),
    ("I2", tranche_paid_twice),
    ("I2", carried_out_and_not_booked),
    ("I3", two_outcomes),
    ("I3", no_outcome),
    ("I4", paid_without_a_hire),
    ("I5", event_lost_from_its_topic),
    ("I5", forged_event),
    ("I5", changed_on_its_topic),
    ("I6", taken_twice),
    ("I6", never_taken),
    ("I6", nobody_was_told),
    ("I6", a_stranger_was_told),
    ("I6", seat_counted_twice),
    ("I7", out_of_order),
    ("I8", answered_and_forgotten),
    ("I8", told_and_gone),
    ("I9", one_key_two_documents),
    ("I10", forgotten_by_the_relay),
    ("I10", forgotten_timer),
    ("I10", changed_tomorrow),
    ("I10", put_off_for_an_hour),
    ("I10", parked_for_ever),
    ("I10", group_thrown_back),
    ("I11", rewritten_journal),
    ("I11", shortened_journal),
    ("I12", reservation_gone),
    ("I12", reservation_too_small),
    ("I12", above_the_cap),
    ("I12", above_the_budget),
    ("I13", kept_for_no_loss),
    ("I13", kept_for_a_loss_that_is_the_platforms),
]


@pytest.mark.parametrize(("invariant", "damage"), DAMAGES, ids=[damage.__name__ for _, damage in DAMAGES])
def test_the_culprit_is_named(damaged: Scene, invariant: str, damage: Callable[[Scene], tuple[Snapshot, str]]) -> None:
    """The invariant that is violated, and the ids of what violates it."""
    snapshot, culprit = damage(damaged)

    assert any(each.invariant == invariant and culprit in each.subject for each in found(snapshot)), found(snapshot)


def test_every_invariant_is_damaged() -> None:
    assert {invariant for invariant, _ in DAMAGES} == {invariant.id for invariant in INVARIANTS}


def test_damage_elsewhere_is_not_blamed_on_others(damaged: Scene) -> None:
    """One escrow's sums are wrong: nothing else is named."""
    snapshot, culprit = more_held(damaged)

    assert {each.subject for each in found(snapshot)} == {culprit}


# -- in flight


def test_what_was_changed_a_moment_ago_is_left_out_and_counted(damaged: Scene) -> None:
    """Half of a change that is under way is no violation yet."""
    snapshot, _ = no_outcome(damaged)
    assert found(snapshot)

    moving = replace(snapshot, settling=timedelta(days=1))

    assert found(moving) == []
    assert sum(result.left for result in verify(moving)) > 0


def test_what_a_second_reading_does_not_find_is_no_violation(damaged: Scene, scene: Scene) -> None:
    """It was on its way; only what both find counts, and is said once."""
    snapshot, culprit = more_held(damaged)

    passing = examine(One(snapshot, scene.snapshot), look_again_s=0)
    lasting = examine(One(snapshot, snapshot), look_again_s=0)

    assert (passing["holds"], passing["readings"]) == (True, 2)
    assert (lasting["holds"], lasting["readings"]) == (False, 2)
    subjects = [v["subject"] for each in lasting["invariants"] for v in each["violations"]]
    assert set(subjects) == {culprit}
    assert examine(One(scene.snapshot), look_again_s=0)["readings"] == 1


# -- in slices


def all_of(report: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(each["id"], v["subject"], v["words"]) for each in report["invariants"] for v in each["violations"]}


@pytest.mark.parametrize(("limit", "archived"), [(1, False), (4, False), (4, True), (1000, False)])
def test_in_slices_as_much_is_checked(scene: Scene, limit: int, archived: bool) -> None:
    """However small they are: nothing is left out, and nothing is a violation that is none. What is archived is checked
    like all; what is in the archive and lives as well, as its move broke off, is one.
    """
    report = examine(sliced(scene.snapshot, limit, archived=archived))

    whole = {result.invariant: result.checked for result in verify(scene.snapshot)}
    assert all_of(report) == set()
    checked = {each["id"]: each["checked"] for each in report["invariants"]}
    assert checked.pop("I13") >= whole.pop("I13"), "an insider is looked at in each slice that has an escrow of theirs"
    assert checked == whole
    assert report["documents"] == sum(len(docs) for docs in scene.snapshot.documents.values())


def by_subject(found: Iterable[tuple[str, str, str]]) -> set[tuple[str, str]]:
    return {(invariant, subject) for invariant, subject, _ in found}


def by_both(found: Iterable[tuple[str, str, str]]) -> set[tuple[str, frozenset[str]]]:
    """By all documents that the violation names, whichever of them comes first."""
    return {(invariant, frozenset(_ID.findall(f"{subject} {message}"))) for invariant, subject, message in found}


@pytest.mark.parametrize(("invariant", "damage"), DAMAGES, ids=[damage.__name__ for _, damage in DAMAGES])
def test_in_slices_the_same_is_found(
    damaged: Scene, invariant: str, damage: Callable[[Scene], tuple[Snapshot, str]]
) -> None:
    """The same culprits of the same invariants as where all is looked at together. Of two documents with one command
    either may be named: the one that is met later.
    """
    snapshot, culprit = damage(damaged)

    report = examine(sliced(snapshot, 10), look_again_s=0)

    by_id = {name: sorted(docs, key=lambda doc: str(doc["_id"])) for name, docs in snapshot.documents.items()}
    whole = [(each.invariant, each.subject, each.message) for each in found(replace(snapshot, documents=by_id))]
    named = by_both if damage is one_key_two_documents else by_subject
    assert named(all_of(report)) == named(whole)
    assert any(each == invariant and culprit in subject for each, subject, _ in all_of(report))


def test_an_examination_goes_on_where_it_was_broken_off(damaged: Scene, tmp_path: Any) -> None:
    """From its file: every slice is counted once, and what was found before is found still."""
    snapshot, culprit = more_held(damaged)
    uninterrupted = examine(sliced(snapshot, 10), look_again_s=0)
    path, slices = str(tmp_path / "kept"), 0

    def broken_off(progress: Progress) -> None:
        nonlocal slices
        slices += 1
        spill.keep(progress.plain())
        if slices % 3 == 0:
            raise KeyboardInterrupt

    report = None
    while report is None:
        spill = Spill(path)
        kept = spill.progress()
        try:
            reading = sliced(snapshot, 10, spill)
            report = examine(reading, Progress.of(kept) if kept else None, broken_off, look_again_s=0)
        except KeyboardInterrupt:
            assert slices < 1000
        finally:
            spill.close()

    assert report == uninterrupted
    assert culprit in str(all_of(report))


def test_memory_does_not_grow_with_the_system(tmp_path: Any) -> None:
    """Four times as many hires are checked in nearly as much memory, slice by slice; together they take four times."""
    few, many = peak_of(3, tmp_path / "few"), peak_of(12, tmp_path / "many")

    assert many < 1.8 * few


def peak_of(hires: int, folder: Any) -> int:
    """The most that an examination of so many hires has in use at a time, in bytes; without what waits for the
    collector, which comes when it likes.
    """
    folder.mkdir()
    whole = Whole(folder)
    for number in range(hires):
        body = listing() | {"leaving_on": "2027-06-01"}
        made = Caller(whole.apps["listing"], "anna").post("/v1/listings", body, Idempotency_Key=f"listing-{number}")
        whole.call("listing", "anna", f"/v1/listings/{made.get_json()['id']}/submit")
        whole.hired(made.get_json()["id"], f"bo{number}")
    reading = sliced(whole.snapshot(), 2)
    gc.collect()
    gc.freeze()
    tracemalloc.start()
    try:
        report = examine(reading, each=lambda _: gc.collect())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        gc.unfreeze()
    assert report["holds"]
    return peak
