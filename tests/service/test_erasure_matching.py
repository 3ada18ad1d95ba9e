"""`DELETE /v1/me` in matching: refused while money is open, then the offers end and lose their texts, once."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database
from werkzeug.test import TestResponse

from services.matching.offer.reservations import SETTLING
from services.matching.people.erasure import Erasing, Pass
from services.matching.people.people import MOST_A_DAY, People, _ask
from services.matching.store import listing_key
from shared.aggregate import Trigger
from shared.aggregate.erasure import WHAT_IS_LEFT
from shared.ids import new_id
from tests.support.matching_web import COACHING, World
from tests.support.web import Caller, problem

START = "2027-01-20"
SOON = timedelta(seconds=3)


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


def leave(who: Caller) -> TestResponse:
    return who.ask("DELETE", "/v1/me")


def forgotten(world: World, who: Caller) -> dict[str, Any]:
    """It is asked for, and done; the person's document."""
    answer = leave(who)
    assert answer.status_code == 202, answer.get_json()
    for _ in range(5):
        world.tick(SOON)
    document = world.store.collection.find_one({"_id": who.id})
    assert document is not None
    return document


def hired(world: World) -> str:
    path = world.active()
    assert world.seeker.post(f"{path}/confirm-hire", {"start_on": START}).status_code == 200
    return path


def test_nobody_is_forgotten_while_money_is_open(world: World) -> None:
    """Accepted, held, hired with tranches to come: 409 names the offers, and they go on as they were."""
    paths = [world.accepted(), world.active(), hired(world)]
    for who in (world.seeker, world.insider):
        answer = leave(who)

        assert problem(answer, 409, "conflict") == [("", "money-open")] * 3
        said = {error["message"] for error in answer.get_json()["errors"]}
        assert said == {f"offer {path.rsplit('/', 1)[1]}" for path in paths}
    world.tick(SOON)
    assert [world.status(path) for path in paths] == ["accepted", "active", "hired"]
    assert world.store.collection.find_one({"_id": world.seeker.id}) is None


@pytest.mark.parametrize(
    "name, status",
    [("escrow.settled", "settled"), ("escrow.charged_back", "charged_back"), ("escrow.refunded", "refunded")],
)
def test_money_that_was_paid_or_is_gone_keeps_nobody(world: World, name: str, status: str) -> None:
    """Of what a bank took back nobody knows whether it comes again: nobody waits for it."""
    path = hired(world)
    assert world.escrow_is(path, name, 9, status) == "taken"
    before = world.status(path)

    forgotten(world, world.insider)

    assert world.status(path) == before


def test_what_is_open_ends_and_the_other_is_told_by_whom(world: World) -> None:
    """Proposed, countered, agreed for nothing: cancelled; `person.erased` comes after them, and says only who."""
    proposed, free = world.proposed(), world.active_for_nothing()
    document = forgotten(world, world.seeker)

    for path in (proposed, free):
        assert world.status(path) == "cancelled"
        assert world.shown(path)["cancelled"] | {"at": ""} == {"by": "seeker", "at": "", "code": "left"}
    (event,) = document["events"]
    assert (event["type"], event["data"]) == ("person.erased", {"person_id": world.seeker.id})
    ends = [world.event(path, "offer.cancelled")["time"] for path in (proposed, free)]
    assert max(ends) <= event["time"]
    assert document["state"] == "erased" and "due_at" not in document


def test_offers_that_wait_for_money_hide_none_that_has_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than a pass erases, and a pass finds them first."""
    monkeypatch.setattr("services.matching.people.erasure.MOST", 2)
    by_id = {path.rsplit("/", 1)[1]: path for path in (world.proposed(price=5_000) for _ in range(8))}
    found = world.store.find({"parties": world.seeker.id}, WHAT_IS_LEFT)
    paths = [by_id[doc["_id"]] for doc in found if doc["_id"] in by_id]
    assert len(paths) == 8
    for path in paths[:5]:
        assert world.insider.post(f"{path}/accept").status_code == 200
    erasing = Erasing(world.store, world.offer)

    passes = [erasing.one_pass(world.seeker.id).erased for _ in range(3)]

    assert passes == [2, 1, 0]
    assert [world.status(path) for path in paths] == ["accepted"] * 5 + ["cancelled"] * 3


def test_the_words_go_and_what_was_agreed_stays(world: World) -> None:
    """Reasons, messages, evidence, staff's reasons of both sides; the hashes of what this one sent, and then of the
    other's.
    """
    path = world.proposed()
    listing_id = world.listed()
    body = {"listing_id": listing_id, **COACHING, "message": "canary-message"}
    written = world.other.post("/v1/offers", body, Idempotency_Key="k").headers["Location"]
    world.insider.post(f"{written}/accept")
    world.escrow_is(written, "escrow.held")
    evidence = [{"kind": "offer_letter", "sha256": "c" * 64}]
    world.insider.post(f"{written}/claim-hire", {"start_on": START, "evidence": evidence})
    world.moderator.post(f"{written}/cancel", {"reason": "canary-staff"})
    world.escrow_is(written, "escrow.refunded", 5)
    world.insider.post(f"{path}/decline")

    forgotten(world, world.insider)

    everything = repr(world.everything())
    assert "canary" not in everything and "c" * 64 not in everything
    shown = world.shown(written)
    assert (shown["status"], shown["price"]["amount"], shown["seeker"]) == ("cancelled", 50_000, world.other.id)
    assert shown["claims"][0] | {"at": ""} == {"start_on": START, "evidence": [], "grade": 1, "at": ""}
    offer = world.store.get(written.rsplit("/", 1)[1])
    assert offer is not None
    assert offer["audit"][0]["action"] == "cancel" and offer["audit"][0]["reason"] is None
    erased = {each["by"] for each in offer["commands"] if each["fingerprint"] == "erased"}
    assert erased == {world.insider.id}
    forgotten(world, world.other)
    offer = world.store.get(written.rsplit("/", 1)[1])
    assert offer is not None
    erased = {each["by"] for each in offer["commands"] if each["fingerprint"] == "erased"}
    assert erased == {world.insider.id, world.other.id}


def test_the_other_s_repeat_is_answered_as_before(world: World) -> None:
    """The insider was forgotten: what the seeker repeats is the same, and another body under their key is another."""
    path = world.proposed(price=60_000)
    listing_id = world.shown(path)["listing_id"]
    named = {"price": {"amount": 55_000, "currency": "EUR"}}
    made = {"listing_id": listing_id, **COACHING}
    world.insider.post(f"{path}/counter", named)
    mine = {"accept": (f"{path}/accept", None), "cancel": (f"{path}/cancel", {"reason": "No time."})}
    for key, (to, body) in mine.items():
        assert world.seeker.post(to, body, Idempotency_Key=key).status_code == 200
    assert world.other.post("/v1/offers", made, Idempotency_Key="made").status_code == 201
    world.escrow_is(path, "escrow.refunded", 5)

    forgotten(world, world.insider)

    for key, (to, body) in mine.items():
        again = world.seeker.post(to, body, Idempotency_Key=key)
        assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    again = world.other.post("/v1/offers", made, Idempotency_Key="made")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    reused = world.seeker.post(f"{path}/cancel", {"reason": "Another."}, Idempotency_Key="cancel")
    assert problem(reused, 422, "key-reused") == [("header:Idempotency-Key", "reused")]


def test_a_hash_of_an_older_version_goes_and_its_repeat_is_one(world: World) -> None:
    """An older version did not write whose a command was."""
    path = world.proposed()
    offer_id = path.rsplit("/", 1)[1]
    assert world.insider.post(f"{path}/decline", Idempotency_Key="no").status_code == 200
    world.store.collection.update_one({"_id": offer_id}, {"$unset": {"commands.0.by": "", "commands.1.by": ""}})

    forgotten(world, world.seeker)

    assert {each["fingerprint"] for each in (world.store.get(offer_id) or {})["commands"]} == {"erased"}
    again = world.insider.post(f"{path}/decline", Idempotency_Key="no")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")


def test_of_a_review_the_stars_stay_and_none_is_written_any_more(world: World) -> None:
    """They are the other one's record."""
    path = hired(world)
    world.escrow_is(path, "escrow.settled", 5)
    said = {"stars": 2, "would_again": False, "text": "canary in a coal mine"}
    assert world.seeker.post(f"{path}/reviews", said).status_code == 200

    forgotten(world, world.seeker)

    offer = world.store.get(path.rsplit("/", 1)[1]) or {}
    assert {name: offer["reviews"]["seeker"].get(name) for name in said} == {"stars": 2, "would_again": False,
                                                                            "text": None}  # fmt: skip
    assert world.insider.post(f"{path}/reviews", said).status_code == 409


def test_asked_twice_it_is_one_leave_and_later_one_more(world: World) -> None:
    """Repeated while it goes on: the same answer, one event. Who comes back is theirs anew, and may leave once more."""
    path = world.proposed()
    first = leave(world.seeker)
    world.clock.advance(timedelta(seconds=1))
    assert leave(world.seeker).get_json() == first.get_json()
    assert len(forgotten(world, world.seeker)["events"]) == 1
    before = world.store.get(path.rsplit("/", 1)[1])

    again = world.proposed()
    world.tick(timedelta(minutes=5))
    assert world.status(again) == "proposed"
    document = forgotten(world, world.seeker)

    assert [event["seq"] for event in document["events"]] == [1, 2]
    assert world.status(again) == "cancelled"
    assert world.store.get(path.rsplit("/", 1)[1]) == before


def test_so_often_a_day_and_no_more(world: World) -> None:
    """Each time stays in the document: a bound, with the time when it is possible again."""
    for _ in range(MOST_A_DAY):
        forgotten(world, world.seeker)

    answer = leave(world.seeker)

    problem(answer, 429, "too-many-requests")
    world.clock.advance(timedelta(seconds=int(answer.headers["Retry-After"])))
    assert leave(world.seeker).status_code == 202


def test_one_who_leaves_reserves_nothing_and_nobody_with_them(world: World) -> None:
    """Between asking and the last pass: no new offer of theirs or to them, no acceptance; nothing stays reserved."""
    listing_id, path = world.listed(), world.proposed(world.other)
    leave(world.seeker)
    refused = world.asked(listing_id)
    assert problem(refused, 409, "conflict") == [("", "leaving")]
    assert world.reserved() == {}

    leave(world.insider)
    assert problem(world.asked(listing_id, world.other), 409, "conflict") == [("", "leaving")]
    assert problem(world.insider.post(f"{path}/accept"), 409, "conflict") == [("", "leaving")]
    assert set(world.reserved(world.other).values()) == {0}


def _accept_in_the_middle(world: World, path: str) -> None:
    """The insider's acceptance has reserved, and is not written yet."""
    offer = world.store.get(path.rsplit("/", 1)[1])
    assert offer is not None
    world.accounts.reserve_exposure(
        offer["seeker"], offer["_id"], offer["listing_id"], offer["price"], offer["currency"]
    )


@pytest.mark.parametrize("who", ["insider", "seeker"])
def test_an_acceptance_on_its_way_wins_over_a_leave(world: World, who: str) -> None:
    """It is reserved and not yet written: whoever of the two asks to be forgotten hears that money is about to be
    open; the person is not leaving then, and the acceptance goes through.
    """
    path = world.proposed()
    _accept_in_the_middle(world, path)

    assert problem(leave(getattr(world, who)), 409, "conflict") == [("", "money-open")]
    assert world.insider.post(f"{path}/accept").status_code == 200


def test_an_acceptance_between_the_question_and_the_mark_keeps_the_person(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Money is looked for once more after the person is marked as leaving; then they are not leaving any more."""
    path = world.proposed()
    look = People._money_open
    found = []

    def money_open(self: People, person: str) -> dict[str, datetime | None]:
        open_ = look(self, person)
        found.append(list(open_))
        if len(found) == 1:
            _accept_in_the_middle(world, path)
        return open_

    monkeypatch.setattr(People, "_money_open", money_open)

    assert problem(leave(world.seeker), 409, "conflict") == [("", "money-open")]
    assert found == [[], [path.rsplit("/", 1)[1]]]
    world.tick(SOON)
    assert world.insider.post(f"{path}/accept").status_code == 200
    assert world.status(path) == "accepted"


def test_a_leave_whose_asker_died_is_taken_back(world: World) -> None:
    """The web process marked the person and was killed before it looked again."""
    path = world.proposed()
    world.store.run({world.seeker.id: "person"}, lambda changes: _ask(changes[world.seeker.id]))
    assert problem(world.insider.post(f"{path}/accept"), 409, "conflict") == [("", "leaving")]

    world.tick(timedelta(minutes=1))

    assert (world.store.get(world.seeker.id) or {})["state"] == "known"
    assert world.insider.post(f"{path}/accept").status_code == 200


def test_one_who_looked_for_too_long_asks_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between marking the person and looking again a minute went by, and they do not ask any more: nothing is known."""
    world.proposed()
    looks = iter([lambda: None, lambda: world.tick(timedelta(minutes=1))])
    monkeypatch.setattr(People, "_money_open", lambda self, person: next(looks)() or [])

    problem(leave(world.seeker), 503, "unavailable")

    assert (world.store.get(world.seeker.id) or {})["state"] == "known"


def test_money_that_a_bank_gives_back_meanwhile_is_waited_for(world: World) -> None:
    """It was gone when they asked. They leave all the same, once it has found its way."""
    path = world.active()
    world.escrow_is(path, "escrow.charged_back", 5)
    assert world.status(path) == "closed"
    world.store.run(_of(path), lambda changes: changes[path.rsplit("/", 1)[1]].set(state="active"))
    leave(world.seeker)
    world.tick(SOON)
    assert (world.store.get(world.seeker.id) or {})["state"] == "leaving"
    world.store.run(_of(path), lambda changes: changes[path.rsplit("/", 1)[1]].set(state="closed"))

    world.tick(timedelta(hours=1))
    world.tick(SOON)

    assert (world.store.get(world.seeker.id) or {})["state"] == "erased"


def _of(path: str) -> dict[str, str]:
    return {path.rsplit("/", 1)[1]: "offer"}


@pytest.mark.parametrize("when", ["behind the pass", "after it"])
def test_an_offer_on_its_way_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """It was reserved before the leave and is written just behind the first pass, or later: it ends like the others."""
    offer_id, listed = new_id(), world.store.get(listing_key(world.listed()))
    assert listed is not None
    world.accounts.reserve_request(world.seeker.id, offer_id, listed["listing_id"])
    data, roles = {"listing": listed, **COACHING}, frozenset({"maker"})

    def write() -> None:
        propose = Trigger("propose", offer_id, "command", world.clock.now(), data, by=world.seeker.id, roles=roles)
        world.store.run({offer_id: world.offer}, lambda changes: world.offer.fold(changes[offer_id], propose))

    real = Erasing.one_pass

    def and_then_it_is_written(erasing: Erasing, person: str) -> Pass:
        found = real(erasing, person)
        if when == "behind the pass" and world.store.get(offer_id) is None:
            write()
        return found

    monkeypatch.setattr(Erasing, "one_pass", and_then_it_is_written)
    leave(world.seeker)
    world.tick(SOON)
    assert (world.store.get(world.seeker.id) or {})["state"] == "leaving"
    if when == "after it":
        write()
    world.tick(SETTLING)
    world.tick(SOON)

    assert (world.store.get(offer_id) or {})["state"] == "cancelled"
    assert (world.store.get(world.seeker.id) or {})["state"] == "erased"


def test_the_mark_goes_and_a_replay_does_not_bring_it_back(world: World) -> None:
    said = {"person_id": world.seeker.id, "mark": "m_" + "a" * 32}
    assert world.told("contact.verified", 3, **said) == "taken"
    forgotten(world, world.seeker)

    assert world.told("contact.verified", 3, **said) == "ignored"
    assert "mark" not in (world.store.get(world.seeker.id) or {})


# -- one person with two accounts


def verified(world: World, who: Caller, address: str, number: int = 1) -> None:
    mark = "m_" + address * 32
    assert world.told("contact.verified", number, person_id=who.id, mark=mark) == "taken"


def test_two_accounts_on_one_address_are_one_person(world: World) -> None:
    """The refusal is the one for one's own listing; nothing stays reserved."""
    own = problem(world.asked(world.listed(), world.insider), 422, "refused-by-rule")
    verified(world, world.insider, "a")
    verified(world, world.seeker, "b")
    assert world.asked(world.listed()).status_code == 201
    verified(world, world.seeker, "a", 2)

    answer = world.asked(world.listed())

    assert problem(answer, 422, "refused-by-rule") == own == [("/listing_id", "no-self-dealing")]
    assert answer.get_json()["detail"] == "This listing is your own: nobody deals with themselves."


def test_seen_only_after_the_offer_was_made_it_is_not_accepted(world: World) -> None:
    path = world.proposed()
    verified(world, world.insider, "a")
    verified(world, world.seeker, "a")

    answer = world.insider.post(f"{path}/accept")

    assert problem(answer, 422, "refused-by-rule") == [("", "no-self-dealing")]
    assert set(world.reserved().values()) == {0}
    assert world.insider.post(f"{path}/decline").status_code == 200


def test_an_older_verification_does_not_overwrite_a_newer(world: World) -> None:
    verified(world, world.insider, "a")
    verified(world, world.seeker, "b", 5)
    assert world.told("contact.verified", 4, person_id=world.seeker.id, mark="m_" + "a" * 32) == "ignored"

    assert world.asked(world.listed()).status_code == 201
