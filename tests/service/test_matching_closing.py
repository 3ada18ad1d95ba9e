"""When a listing ends: passes over its offers, and the second look that finds an offer which slipped in between."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from services.matching.offer.accounts import account_id
from services.matching.offer.listings import Closing
from services.matching.store import offers_on, with_offers
from shared.aggregate import Change, Store, Trigger
from shared.ids import new_id
from tests.support.matching import listing
from tests.support.matching_web import World
from tests.support.web import Caller, problem

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    return World(database, tmp_path)


def offers_of_each_kind(world: World, listing_id: str) -> dict[str, str]:
    """A proposed, a countered, an accepted, an active and a claimed one, and one that is hired."""
    callers = {name: Caller(world.app, name) for name in ("proposed", "countered", "accepted", "active", "claimed",
                                                         "hired")}  # fmt: skip
    paths = {name: world.proposed(caller, listing_id) for name, caller in callers.items()}
    world.insider.post(f"{paths['countered']}/counter", {"price": {"amount": 1, "currency": "EUR"}})
    for name in ("accepted", "active", "claimed", "hired"):
        assert world.insider.post(f"{paths[name]}/accept").status_code == 200
    for name in ("active", "claimed", "hired"):
        world.escrow_is(paths[name], "escrow.held")
    world.insider.post(f"{paths['claimed']}/claim-hire", {"start_on": "2027-01-20"})
    callers["hired"].post(f"{paths['hired']}/confirm-hire", {"start_on": "2027-01-20"})
    return paths


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        ("filled", {"proposed", "countered", "accepted", "active"}),
        ("removed", {"proposed", "countered", "accepted", "active"}),
        ("expired", {"proposed", "countered"}),
        ("withdrawn", {"proposed", "countered"}),
    ],
)
def test_a_listing_ends(world: World, status: str, ended: set[str]) -> None:
    """Filled or removed, it ends what is not yet claimed; expired or withdrawn, only what is not yet accepted."""
    listing_id = world.listed()
    paths = offers_of_each_kind(world, listing_id)
    elsewhere = world.proposed()
    before = {name: world.status(path) for name, path in paths.items()}

    world.listing_is(listing_id, status)
    world.tick()

    for name, path in paths.items():
        shown = world.shown(path)
        assert shown["status"] == ("cancelled" if name in ended else before[name])
        if name in ended:
            assert (shown["cancelled"]["by"], shown["cancelled"]["code"]) == ("system", f"listing_{status}")
            assert world.events(path)[-1] == "offer.cancelled"
    assert world.status(elsewhere) == "proposed"
    world.tick(SECOND)
    world.tick(SECOND)
    copy = world.store.get(f"listing:{listing_id}") or {}
    assert "due_at" not in copy
    problem(world.asked(listing_id), 409, "conflict")


def test_removed_after_it_expired(world: World) -> None:
    """What outlived the expiry ends with the removal."""
    listing_id = world.listed()
    path = world.accepted(listing_id=listing_id)
    world.listing_is(listing_id, "expired", 8)
    world.tick(SECOND)
    assert world.status(path) == "accepted"

    world.listing_is(listing_id, "removed", 9)
    world.tick(SECOND)

    assert world.status(path) == "cancelled"


def test_a_claim_outlives_its_listing_until_it_is_rejected(world: World) -> None:
    listing_id = world.listed()
    path = offers_of_each_kind(world, listing_id)["claimed"]
    world.listing_is(listing_id, "filled")
    world.tick(SECOND)
    assert world.status(path) == "hire_claimed"

    Caller(world.app, "claimed").post(f"{path}/reject-hire")
    world.tick()

    assert world.status(path) == "cancelled"


def test_more_offers_than_one_pass_takes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passes go on until one finds nothing; those that outlive the listing do not hide the others."""
    monkeypatch.setattr("services.matching.offer.listings._AT_ONCE", 2)
    listing_id = world.listed()
    accepted = [world.accepted(Caller(world.app, f"a{n}"), listing_id) for n in range(3)]
    proposed = [world.proposed(Caller(world.app, f"p{n}"), listing_id) for n in range(5)]

    world.listing_is(listing_id, "expired")
    passes = 0
    while "due_at" in (world.store.get(f"listing:{listing_id}") or {}):
        world.tick(SECOND)
        passes += 1

    assert passes == 4
    assert {world.status(path) for path in proposed} == {"cancelled"}
    assert {world.status(path) for path in accepted} == {"accepted"}


def quiet(world: World, count: int) -> list[str]:
    """So many listings that are filled, and whose one offer is hired."""
    ids = []
    for _ in range(count):
        listing_id = world.listed()
        seeker = Caller(world.app, f"hired-{listing_id}")
        path = world.accepted(seeker, listing_id)
        world.escrow_is(path, "escrow.held")
        seeker.post(f"{path}/confirm-hire", {"start_on": "2027-01-20"})
        world.listing_is(listing_id, "filled")
        ids.append(listing_id)
    return ids


def closing(world: World) -> list[str]:
    """The copies that have something to do yet."""
    return [doc["_id"] for doc in world.store.collection.find({"kind": "listing", "due_at": {"$exists": True}})]


def test_many_listings_that_leave_nobody_to_tell_are_closed_in_one_pass(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They need no look each; the one with an offer has its own, and it is told."""
    looks: list[str] = []

    def counted(store: Store, listing_id: str, *further: Any) -> list[str]:
        looks.append(listing_id)
        return offers_on(store, listing_id, *further)

    together: list[set[str]] = []

    def at_once(store: Store, listing_ids: list[str], *further: Any) -> set[str] | None:
        together.append({*listing_ids})
        return with_offers(store, listing_ids, *further)

    monkeypatch.setattr("services.matching.offer.listings.offers_on", counted)
    monkeypatch.setattr("services.matching.offer.listings.with_offers", at_once)
    done = quiet(world, 5)
    busy = world.listed()
    path = world.proposed(listing_id=busy)
    world.listing_is(busy, "filled")

    world.tick()
    assert {*closing(world)} <= {f"listing:{busy}"}
    settled(world, busy)

    assert world.status(path) == "cancelled"
    assert {*looks} == {busy} and not {*done} & {*looks}
    assert [seen for seen in together if seen & {*done}] == [{*done, busy}]


def test_too_many_offers_to_see_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then each listing is looked at by itself."""
    monkeypatch.setattr("services.matching.offer.listings._OFFERS_SEEN", 2)
    ids = quiet(world, 2)
    paths = {}
    for number in range(3):
        listing_id = world.listed()
        paths[listing_id] = world.proposed(Caller(world.app, f"p{number}"), listing_id)
        world.listing_is(listing_id, "filled")

    for listing_id in (*ids, *paths):
        settled(world, listing_id)

    assert {world.status(path) for path in paths.values()} == {"cancelled"}


def test_a_no_that_comes_between_the_look_and_the_write_is_told_to_an_offer_that_came_before_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy is looked at again: nobody lived on it a moment ago."""
    listing_id = world.listed()
    data: dict[str, Any] = {"listing_id": listing_id, "insider": world.insider.id}
    said = {"times": 1, "help": ["coaching"]}
    world.told("listing.consent_withdrawn", 9, **listing(**data, status="draft", consent_ended=said))
    paths: list[str] = []

    def then(*asked: Any) -> set[str] | None:
        found = with_offers(*asked)
        if listing_id in asked[1] and not paths:
            world.told("listing.created", 10, **listing(**data, consent_ended=said))
            paths.append(world.accepted(listing_id=listing_id))
            again = {**said, "times": 2}
            world.told("listing.consent_withdrawn", 11, **listing(**data, status="draft", consent_ended=again))
        return found

    monkeypatch.setattr("services.matching.offer.listings.with_offers", then)
    world.tick()
    copy = settled(world, listing_id)

    assert (world.status(paths[0]), copy["consent_closed"]) == ("cancelled", 2)


def of_no(world: World, listing_id: str, number: int, times: int) -> None:
    """The employer has said no, for the so many-th time."""
    data: dict[str, Any] = {"listing_id": listing_id, "insider": world.insider.id, "status": "draft"}
    ended = {"times": times, "help": ["coaching"]}
    world.told("listing.consent_withdrawn", number, **listing(**data, consent_ended=ended))


@pytest.mark.parametrize("others", [0, 1])
def test_an_offer_made_beside_the_employers_no_is_told_of_it(world: World, others: int) -> None:
    """It was decided by a copy from before, and written when all were told and the listing is published again."""
    listing_id = world.listed()
    for number in range(others):
        world.accepted(Caller(world.app, f"a{number}"), listing_id)
    copy = dict(world.store.get(f"listing:{listing_id}") or {})
    of_no(world, listing_id, 9, 1)
    world.tick()
    world.tick(3 * SECOND)
    again: dict[str, Any] = {"listing_id": listing_id, "insider": world.insider.id}
    world.told("listing.created", 10, **listing(**again, consent_ended={"times": 1, "help": ["coaching"]}))
    world.tick()
    path = made_of(world, copy)
    world.tick(110 * SECOND)
    assert world.status(path) == "proposed"

    world.tick(10 * SECOND)

    assert (world.status(path), world.shown(path)["cancelled"]["code"]) == ("cancelled", "consent_ended")
    copy = settled(world, listing_id)
    assert (copy["consent_closed"], "consent_told" in copy) == (1, False)


def test_an_offer_made_beside_the_employers_no_is_never_agreed_though_its_listing_is_published_again(
    world: World,
) -> None:
    """Under another consent, at another price: what was offered under the one before ends, and is begun by nobody."""
    listing_id = world.listed()
    before = dict(world.store.get(f"listing:{listing_id}") or {})
    of_no(world, listing_id, 9, 1)
    world.tick()
    again: dict[str, Any] = {"listing_id": listing_id, "insider": world.insider.id}
    world.told("listing.created", 10, **listing(**again, consent_ended={"times": 1, "help": ["coaching"]}))
    path = made_of(world, before)

    for what, asked in (("accept", None), ("counter", {"price": {"amount": 60_000, "currency": "EUR"}})):
        refused = world.insider.post(f"{path}/{what}", asked)
        assert problem(refused, 409, "conflict") == [("", "consent-ended")]
    world.tick(2 * MINUTE)

    assert (world.status(path), world.shown(path)["cancelled"]["code"]) == ("cancelled", "consent_ended")


def test_a_no_beside_another_has_a_time_of_its_own(world: World) -> None:
    listing_id = world.listed()
    of_no(world, listing_id, 9, 1)
    world.tick()
    again: dict[str, Any] = {"listing_id": listing_id, "insider": world.insider.id}
    world.told("listing.created", 10, **listing(**again, consent_ended={"times": 1, "help": ["coaching"]}))
    between = dict(world.store.get(f"listing:{listing_id}") or {})
    world.tick(MINUTE)
    of_no(world, listing_id, 11, 2)
    world.tick()
    world.tick(61 * SECOND)
    path = made_of(world, between)
    world.tick(50 * SECOND)
    assert world.status(path) == "proposed"

    world.tick(10 * SECOND)

    assert (world.status(path), world.shown(path)["cancelled"]["code"]) == ("cancelled", "consent_ended")


def test_after_a_way_back_nobody_is_told_of_a_no_under_which_they_did_not_offer(world: World) -> None:
    """An older version goes by `consent_closed` alone, takes a timer for which it finds nothing to do, and does not say
    in an offer how often there had been a no.
    """
    listing_id = world.listed()
    of_no(world, listing_id, 9, 1)
    world.tick()
    key = f"listing:{listing_id}"
    copy = world.store.get(key) or {}
    assert (copy["consent_closed"], copy["consent_told"]["times"]) == (1, 1)
    world.store.collection.update_one({"_id": key}, {"$unset": {"due_at": "", "timers.closing": ""}})
    again: dict[str, Any] = {"listing_id": listing_id, "insider": world.insider.id}
    world.told("listing.created", 10, **listing(**again, consent_ended={"times": 1, "help": ["coaching"]}))
    path = world.proposed(listing_id=listing_id)
    world.store.collection.update_one({"_id": path.rsplit("/", 1)[1]}, {"$unset": {"consent_times": ""}})
    assert world.insider.post(f"{path}/accept").status_code == 200

    world.told("listing.revised", 11, **listing(**again, consent_ended={"times": 1, "help": ["coaching"]}))
    copy = settled(world, listing_id)

    assert (world.status(path), "consent_told" in copy) == ("accepted", False)


def test_who_offers_on_a_listing_that_was_published_again_is_not_told_of_the_no_before_it(world: World) -> None:
    """Its copy is new: nobody had offered on it when the employer said no."""
    listing_id = world.listed(consent_ended={"times": 1, "help": ["coaching"]})
    path = world.proposed(listing_id=listing_id)
    world.store.collection.update_one({"_id": path.rsplit("/", 1)[1]}, {"$unset": {"consent_times": ""}})
    world.listing_is(listing_id, "paused", 9, consent_ended={"times": 1, "help": ["coaching"]})
    settled(world, listing_id)

    assert world.status(path) == "proposed"


@pytest.mark.parametrize("help", ["coaching", "good_word"])
def test_help_does_not_begin_between_the_employers_no_and_its_telling(world: World, help: str) -> None:
    """By no command and with no payment, where it needs the consent: what was paid goes back."""
    listing_id = world.listed()
    callers = [Caller(world.app, name) for name in ("begins", "pays")]
    paths = [world.accepted(who, listing_id) for who in callers]
    world.escrow_is(paths[0], "escrow.held")
    data: dict[str, Any] = {"listing_id": listing_id, "insider": world.insider.id, "status": "draft"}
    world.told("listing.consent_withdrawn", 9, **listing(**data, consent_ended={"times": 1, "help": [help]}))

    begun = callers[0].post(f"{paths[0]}/begin")
    held = {"offer_id": paths[1].rsplit("/", 1)[1], "listing_id": listing_id, "status": "held", "begin": True}
    assert world.told("escrow.held", 2, **held) == "taken"
    settled(world, listing_id)

    ends = "cancelled" if help == "coaching" else "active"
    assert begun.status_code == (409 if help == "coaching" else 200)
    assert [world.status(path) for path in paths] == [ends, ends]
    assert ["offer.begun" in world.events(path) for path in paths] == [help != "coaching"] * 2


def test_the_listings_end_comes_before_what_is_due_since_however_late_the_worker_is(world: World) -> None:
    listing_id = world.listed()
    ended = world.clock.now()
    world.clock.advance(5 * 60 * MINUTE)
    data = listing(listing_id=listing_id, insider=world.insider.id, status="draft")
    data["consent_ended"] = {"times": 1, "help": ["coaching"]}
    world.batch.process([Trigger("listing.consent_withdrawn", new_id(), "event", ended, data, sequence=9)])

    assert (world.store.get(f"listing:{listing_id}") or {})["due_at"] == ended
    world.told("listing.created", 10, **(data | {"status": "published"}))
    assert (world.store.get(f"listing:{listing_id}") or {})["due_at"] == ended


def test_help_that_a_dispute_keeps_from_ending_is_not_offered_to_begin(world: World) -> None:
    """The seeker is shown what they may do: the employer has said no, and only the dispute is in the way of the end."""
    listing_id = world.listed()
    path = world.accepted(listing_id=listing_id)
    world.escrow_is(path, "escrow.held")
    assert begins(world, path)
    world.escrow_is(path, "dispute.opened", 3, "disputed")
    of_no(world, listing_id, 9, 1)
    settled(world, listing_id)

    assert world.status(path) == "active"
    assert not begins(world, path)
    assert problem(world.seeker.post(f"{path}/begin"), 409, "conflict") == [("", "condition")]


def begins(world: World, path: str) -> bool:
    """Whether the seeker is told that they may begin."""
    steps: list[dict[str, Any]] = world.seeker.get(f"{path}/explain").get_json()["next"]
    return any((step["what"], step["name"]) == ("command", "begin") and step["yours"] for step in steps)


def test_once_all_were_told_of_a_no_it_is_in_nobodys_way(world: World) -> None:
    """An operator's rules that name more help since ask the employer for no consent that was not asked for."""
    listing_id = world.listed()
    path = world.accepted(listing_id=listing_id)
    world.escrow_is(path, "escrow.held")
    data: dict[str, Any] = {"listing_id": listing_id, "insider": world.insider.id, "status": "draft"}
    world.told("listing.consent_withdrawn", 9, **listing(**data, consent_ended={"times": 1, "help": ["good_word"]}))
    settled(world, listing_id)
    world.told("listing.created", 10, **listing(**data, consent_ended={"times": 1, "help": ["coaching"]}))

    assert world.seeker.post(f"{path}/begin").status_code == 200


def test_events_of_a_listing_that_knows_no_consent_hold_up_nothing(world: World) -> None:
    """On the way back a listing's events say nothing of a no that was told."""
    listing_id = world.listed()
    path = world.proposed(Caller(world.app, "p0"), listing_id)
    of_no(world, listing_id, 9, 1)
    world.tick()
    world.tick(3 * SECOND)
    world.listing_is(listing_id, "published", 10)
    since = world.proposed(Caller(world.app, "p1"), listing_id)
    assert world.status(path) == "cancelled"

    world.listing_is(listing_id, "published", 11, consent_ended={"times": 1, "help": ["coaching"]})
    assert world.insider.post(f"{since}/counter", {"price": {"amount": 60_000, "currency": "EUR"}}).status_code == 200
    world.listing_is(listing_id, "expired", 12)
    copy = settled(world, listing_id)

    assert (world.status(since), world.shown(since)["cancelled"]["code"]) == ("cancelled", "listing_expired")
    assert copy["consent_closed"] == 1


def test_an_offer_made_since_the_employers_no_stands_under_another_consent(world: World) -> None:
    """The employer said yes again at once; what was asked since then is nobody's to call off."""
    listing_id = world.listed()
    before = world.accepted(Caller(world.app, "before"), listing_id)
    of_no(world, listing_id, 9, 1)
    world.tick()
    data: dict[str, Any] = {"listing_id": listing_id, "insider": world.insider.id}
    world.told("listing.created", 10, **listing(**data, consent_ended={"times": 1, "help": ["coaching"]}))
    since = world.accepted(Caller(world.app, "since"), listing_id)
    copy = settled(world, listing_id)

    assert (world.status(before), world.status(since)) == ("cancelled", "accepted")
    assert copy["consent_closed"] == 1

    of_no(world, listing_id, 11, 2)
    copy = settled(world, listing_id)

    assert (world.status(since), copy["consent_closed"]) == ("cancelled", 2)


def test_a_copy_that_nobody_lives_on_any_more_forgets_how_far_its_passes_were(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of three were told when the third was withdrawn; what is closed with the others begins anew the next time."""
    monkeypatch.setattr("services.matching.offer.listings._AT_ONCE", 2)
    listing_id = world.listed()
    paths = sorted(world.proposed(Caller(world.app, f"p{n}"), listing_id) for n in range(3))
    world.listing_is(listing_id, "expired")
    world.tick()
    copy = world.store.get(f"listing:{listing_id}") or {}
    assert copy["ended_reached"]["after"] == paths[1].rsplit("/", 1)[1]

    world.store.collection.update_one({"_id": paths[2].rsplit("/", 1)[1]}, {"$unset": {"live_on": ""}})
    copy = settled(world, listing_id)

    assert "ended_reached" not in copy and world.status(paths[2]) == "proposed"


def test_a_copy_with_another_timer_too_is_left_to_itself(world: World) -> None:
    """What the other timer does may change other documents."""
    now = world.store.clock.now()
    timers = {"alone": {"closing": now}, "both": {"closing": now, "arrived": now}, "other": {"arrived": now}}
    copies = [{"_id": f"listing:{name}", "version": 1, "listing_id": name, "timers": each}
              for name, each in timers.items()]  # fmt: skip

    assert {*Closing(world.store, world.offer, {}).page(copies)} == {"listing:alone"}


def settled(world: World, listing_id: str) -> dict[str, Any]:
    """The copy, once all passes are done."""
    while "due_at" in (copy := world.store.get(f"listing:{listing_id}") or {}):
        world.tick(MINUTE if "consent_told" in copy else SECOND)
    return copy


def test_claims_that_outlive_their_listing_hide_no_other_offer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """They live on it as before, and more of them than a pass takes come first."""
    monkeypatch.setattr("services.matching.offer.listings._AT_ONCE", 2)
    listing_id = world.listed(seats=9)
    paths = sorted(world.accepted(Caller(world.app, f"a{n}"), listing_id) for n in range(7))
    for path in paths:
        world.escrow_is(path, "escrow.held")
    for path in paths[:5]:
        assert world.insider.post(f"{path}/claim-hire", {"start_on": "2027-01-20"}).status_code == 200

    world.listing_is(listing_id, "filled")
    copy = settled(world, listing_id)

    assert [world.status(path) for path in paths] == ["hire_claimed"] * 5 + ["cancelled"] * 2
    assert "ended_reached" not in copy


def test_the_employers_no_reaches_every_offer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that have begun go on and are told once; so is whoever comes after more of them than a pass takes."""
    monkeypatch.setattr("services.matching.offer.listings._AT_ONCE", 2)
    listing_id = world.listed()
    callers = {world.accepted(who, listing_id): who for who in (Caller(world.app, f"a{n}") for n in range(7))}
    paths = sorted(callers)
    for path in paths:
        world.escrow_is(path, "escrow.held")
    for path in paths[:5]:
        assert callers[path].post(f"{path}/begin").status_code == 200

    for times, number in ((1, 9), (2, 10)):
        data: dict[str, Any] = {"listing_id": listing_id, "insider": world.insider.id, "status": "draft"}
        ended = {"times": times, "help": ["coaching"]}
        world.told("listing.consent_withdrawn", number, **listing(**data, consent_ended=ended))
        copy = settled(world, listing_id)

        assert [world.status(path) for path in paths] == ["active"] * 5 + ["cancelled"] * 2
        assert {world.events(path).count("offer.consent_ended") for path in paths[:5]} == {times}
        assert (copy["consent_closed"], "consent_reached" in copy) == (times, False)


def test_another_no_amid_the_passes_begins_them_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.matching.offer.listings._AT_ONCE", 2)
    listing_id = world.listed()
    callers = [Caller(world.app, f"a{n}") for n in range(5)]
    paths = [world.accepted(who, listing_id) for who in callers]
    for path, who in zip(paths, callers, strict=True):
        world.escrow_is(path, "escrow.held")
        assert who.post(f"{path}/begin").status_code == 200

    data: dict[str, Any] = {"listing_id": listing_id, "insider": world.insider.id, "status": "draft"}
    for times, number in ((1, 9), (2, 10)):
        ended = {"times": times, "help": ["coaching"]}
        world.told("listing.consent_withdrawn", number, **listing(**data, consent_ended=ended))
        world.tick()
    settled(world, listing_id)

    last = [world.store.collection.find_one({"_id": path.rsplit("/", 1)[1]}) or {} for path in paths]
    assert all(f"{each['_id']}:consent.ended:2" in str(each["applied"]) for each in last)


def test_the_copy_goes_by_the_number(world: World) -> None:
    """An older event of the listing, or the same again, overwrites nothing."""
    listing_id = world.listed()
    data = listing(70_000, listing_id=listing_id, insider=world.insider.id)
    assert world.told("listing.revised", 4, **data) == "taken"
    assert world.told("listing.paused", 3, **{**data, "status": "paused"}) == "ignored"
    assert world.told("listing.revised", 4, **data) == "ignored"

    assert world.shown(world.proposed(listing_id=listing_id))["price"]["amount"] == 70_000


def test_an_offer_keeps_its_terms_when_the_listing_changes(world: World) -> None:
    listing_id = world.listed()
    path = world.proposed(listing_id=listing_id)
    world.told("listing.revised", 4, **listing(70_000, listing_id=listing_id, insider=world.insider.id))

    assert world.insider.post(f"{path}/accept").get_json()["price"]["amount"] == 50_000


def test_offers_on_a_paused_listing_may_be_accepted(world: World) -> None:
    listing_id = world.listed()
    path = world.proposed(listing_id=listing_id)
    world.listing_is(listing_id, "paused")
    world.tick(MINUTE)

    assert world.insider.post(f"{path}/accept").status_code == 200
    problem(world.asked(listing_id, world.other), 409, "conflict")


# -- the check


def slips_in(world: World, listing_id: str, status: str) -> str:
    """An offer that is written after the last closing pass, from a copy of the listing read before it ended."""
    copy = dict(world.store.get(f"listing:{listing_id}") or {})
    world.listing_is(listing_id, status)
    world.tick()
    world.tick(SECOND)
    return made_of(world, copy)


def made_of(world: World, copy: dict[str, Any]) -> str:
    """An offer that was decided by that copy of its listing."""
    offer_id = new_id()
    world.accounts.reserve_request(world.seeker.id, offer_id, copy["listing_id"])

    def decide(changes: dict[str, Change]) -> None:
        change = changes[offer_id]
        data = {"listing": copy, "help": ["coaching"]}
        change.set(created_at=change.now)
        world.offer.fold(change, Trigger("propose", offer_id, "command", change.now, data, by=world.seeker.id,
                                         roles=frozenset({"maker"})))  # fmt: skip

    world.store.run({offer_id: world.offer}, decide)
    return f"/v1/offers/{offer_id}"


@pytest.mark.parametrize("status", ["filled", "expired", "withdrawn", "removed"])
def test_an_offer_made_while_its_listing_ends(world: World, status: str) -> None:
    """It is found a minute later, and called off."""
    path = slips_in(world, world.listed(), status)
    world.tick(timedelta(seconds=59))
    assert world.status(path) == "proposed"
    problem(world.insider.post(f"{path}/accept"), 409, "conflict")

    world.tick(SECOND)

    assert (world.status(path), world.shown(path)["cancelled"]["code"]) == ("cancelled", f"listing_{status}")
    assert world.events(path) == ["offer.made", "offer.cancelled"]


@pytest.mark.parametrize("round_", range(3))
def test_offers_made_at_once_with_the_end(world: World, round_: int) -> None:
    """Whoever wins on a real database: a minute after the listing was filled no offer on it is open."""
    listing_id = world.listed()
    callers = [Caller(world.app, f"s{n}") for n in range(8)]

    with ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(world.asked, listing_id, caller) for caller in callers]
        ended = pool.submit(world.listing_is, listing_id, "filled")
        codes = {future.result().status_code for future in asked}
        ended.result()
    world.tick()
    world.tick(MINUTE)

    assert codes <= {201, 409}
    assert world.store.collection.count_documents({"kind": "offer", "state": {"$ne": "cancelled"}}) == 0


def test_an_offer_whose_reservation_is_gone(world: World) -> None:
    """Whatever took it: the offer that it was for is called off."""
    path = world.accepted()
    world.store.collection.update_one({"_id": account_id(world.seeker.id)}, {"$set": {"reservations": {}}})

    world.tick(MINUTE)

    assert (world.status(path), world.shown(path)["cancelled"]["code"]) == ("cancelled", "no_reservation")


def test_all_is_well(world: World) -> None:
    """The second look at what is in order changes no state, and is done once for a request and once for an accept."""
    path = world.proposed()
    world.tick(MINUTE)
    assert world.status(path) == "proposed"
    world.insider.post(f"{path}/accept")
    world.tick(MINUTE)

    offer = world.store.get(path.rsplit("/", 1)[1]) or {}
    assert (offer["state"], offer.get("instruction"), offer["timers"]) == ("accepted", None, {})
    assert [taken for taken in offer["applied"] if taken.endswith(":checked")] == [
        f"{offer['_id']}:check:made:checked", f"{offer['_id']}:check:accepted:checked",
    ]  # fmt: skip


def test_deadlines_fire(world: World) -> None:
    """Nobody answers for a week; no hire comes of an active one in 75 days."""
    active, proposed = world.active(), world.proposed(world.other)

    world.tick(timedelta(days=7))
    assert (world.status(proposed), world.status(active)) == ("expired", "active")
    world.tick(timedelta(days=68))

    assert world.status(active) == "lapsed"


@pytest.mark.parametrize("round_", range(5))
def test_a_deadline_and_a_hire_at_the_same_moment(world: World, round_: int) -> None:
    """The lapse and a confirmation race on a real database: one wins, and of the other nothing is seen."""
    path = world.active()
    world.tick(timedelta(days=75) - SECOND)

    def confirm(_: int) -> int:
        return world.seeker.post(f"{path}/confirm-hire", {"start_on": "2027-03-20"}).status_code

    with ThreadPoolExecutor(2) as pool:
        asked = pool.submit(confirm, 0)
        world.tick(SECOND)
        code = asked.result()

    assert (code, world.status(path)) in [(200, "hired"), (409, "lapsed")]
    expected = "hire.confirmed" if code == 200 else "offer.lapsed"
    assert world.events(path)[3:] == ["offer.begun", expected]
    problem(world.seeker.post(f"{path}/confirm-hire", {"start_on": "2027-03-20"}), 409, "conflict")
