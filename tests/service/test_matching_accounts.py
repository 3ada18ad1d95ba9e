"""Rules that span many offers: requests a week, one live offer a listing, what a seeker may have agreed to at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from services.matching.offer.accounts import Accounts, account_id
from shared.aggregate import Refusal
from shared.http.answer.commands import Resource
from shared.http.declare.operations import Answer, Call
from shared.ids import new_id
from shared.places import shipped
from tests.support.matching_web import World
from tests.support.web import Caller, problem

WINDOW = timedelta(days=120)


@pytest.fixture
def world(database: Database[dict[str, Any]], tmp_path: Path) -> World:
    """A seeker has three requests a week, and EUR 1,000.00 to agree to."""
    return World(database, tmp_path, REQUESTS_A_WEEK="3", EXPOSURE_CAP="100000")


def test_requests_a_week(world: World) -> None:
    """The fourth in a week is refused, and the refusal says when the next is possible."""
    for _ in range(3):
        world.proposed()
        world.clock.advance(timedelta(days=1))

    refused = world.asked(world.listed())

    assert problem(refused, 422, "refused-by-rule") == [("", "request-budget")]
    assert "2027-01-08, 00:00 UTC" in refused.get_json()["detail"]
    assert world.asked(world.listed(), world.other).status_code == 201
    world.clock.advance(timedelta(days=4))
    assert world.asked(world.listed()).status_code == 201
    problem(world.asked(world.listed()), 422, "refused-by-rule")


def test_what_is_withdrawn_was_still_asked(world: World) -> None:
    for _ in range(3):
        world.seeker.post(f"{world.proposed()}/withdraw")

    problem(world.asked(world.listed()), 422, "refused-by-rule")


def test_requests_at_once(world: World) -> None:
    """Ten at once: three are made."""
    listings = [world.listed() for _ in range(10)]

    with ThreadPoolExecutor(5) as pool:
        codes = sorted(pool.map(lambda listing_id: world.asked(listing_id).status_code, listings))

    assert codes == [201] * 3 + [422] * 7
    assert world.store.collection.count_documents({"kind": "offer"}) == 3


def test_one_live_offer_a_listing(world: World) -> None:
    """Another only after the first is over; a repeat with the same key is the same offer."""
    listing_id = world.listed()
    path = world.proposed(listing_id=listing_id)

    assert problem(world.asked(listing_id), 409, "conflict") == [("/listing_id", "one-live-offer")]
    assert world.asked(listing_id, world.other).status_code == 201
    world.insider.post(f"{path}/decline")

    assert world.asked(listing_id).status_code == 201
    assert len(world.reserved()) == 1


def test_one_live_offer_at_once(world: World) -> None:
    listing_id = world.listed()

    with ThreadPoolExecutor(5) as pool:
        codes = sorted(pool.map(lambda _: world.asked(listing_id).status_code, range(5)))

    assert codes == [201] + [409] * 4


def test_the_same_key_at_once(world: World) -> None:
    """One offer, one request, one reservation, and everyone gets it."""
    listing_id = world.listed()

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: world.asked(listing_id, Idempotency_Key="k"), range(5)))

    assert [answer.status_code for answer in answers] == [201] * 5
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert len(world.reserved()) == 1


def test_exposure(world: World) -> None:
    """What is agreed to in all is capped; what is over, or at price 0, does not count."""
    first, second = world.accepted(price=60_000), world.proposed(price=60_000)
    free = world.proposed(price=0)

    refused = world.insider.post(f"{second}/accept")

    assert problem(refused, 422, "refused-by-rule") == [("", "exposure-cap")]
    assert "EUR 1,000.00" in refused.get_json()["detail"] and "600" not in refused.get_json()["detail"]
    assert world.status(second) == "proposed"
    assert world.reserved() == {first: 60_000, second: 0, free: 0}
    assert world.insider.post(f"{free}/accept").status_code == 200
    world.seeker.post(f"{first}/cancel")
    assert world.insider.post(f"{second}/accept").status_code == 200
    assert world.reserved() == {second: 60_000, free: 0}


@pytest.mark.parametrize("round_", range(5))
def test_two_accepts_against_one_cap(world: World, round_: int) -> None:
    """At once, on a real database: one is accepted, and the other is as if nobody had tried."""
    paths = [world.proposed(price=60_000) for _ in range(2)]

    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(lambda path: world.insider.post(f"{path}/accept").status_code, paths))

    assert sorted(codes) == [200, 422]
    won, lost = paths if codes[0] == 200 else paths[::-1]
    assert world.reserved() == {won: 60_000, lost: 0}
    assert (world.status(won), world.events(lost)) == ("accepted", ["offer.made"])
    world.tick(timedelta(minutes=1))
    assert (world.status(won), world.status(lost)) == ("accepted", "proposed")


def test_one_offer_accepted_by_many_at_once(world: World) -> None:
    """One accepts it; those who come too late do not undo what was reserved."""
    path = world.proposed(price=60_000)

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(lambda _: world.insider.post(f"{path}/accept").status_code, range(4)))

    assert codes == [200, 409, 409, 409]
    assert world.reserved() == {path: 60_000}
    assert world.events(path) == ["offer.made", "offer.accepted"]


def test_a_refused_accept_gives_back_what_it_reserved(world: World) -> None:
    listing_id = world.listed(60_000)
    path = world.proposed(listing_id=listing_id)
    world.listing_is(listing_id, "expired")

    assert problem(world.insider.post(f"{path}/accept"), 409, "conflict") == [("", "listing-ended")]
    assert world.reserved() == {path: 0}


def test_a_price_that_changes_while_it_is_accepted(world: World) -> None:
    """Reserved for one price, it is not accepted at another."""
    path = world.proposed(price=60_000)
    offer_id = path.rsplit("/", 1)[1]
    original = Accounts.reserve_exposure

    def meanwhile(accounts: Accounts, person: str, offer: str, listing_id: str, amount: int, currency: str) -> None:
        original(accounts, person, offer, listing_id, amount, currency)
        named = {"price": {"amount": 70_000, "currency": "EUR"}}
        assert world.insider.post(f"{path}/counter", named).status_code == 200
        assert world.seeker.post(f"{path}/counter", {"price": {**named["price"], "amount": 65_000}}).status_code == 200

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Accounts, "reserve_exposure", meanwhile)
        refused = world.insider.post(f"{path}/accept")

    assert problem(refused, 409, "conflict") == [("", "exposure-reserved")]
    assert world.reserved() == {path: 0}
    assert (world.store.get(offer_id) or {})["state"] == "countered"


def test_an_answer_that_becomes_yours_while_you_accept(world: World) -> None:
    """The maker tries to accept, and the other counters at that moment: refused, for nothing was reserved for it."""
    path = world.proposed()
    original = Resource.command

    def meanwhile(self: Resource, call: Call[Any], *rest: Any) -> Answer:
        if call.operation.command == "accept":
            named = {"price": {"amount": 60_000, "currency": "EUR"}}
            assert world.insider.post(f"{path}/counter", named).status_code == 200
        return original(self, call, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Resource, "command", meanwhile)
        refused = world.seeker.post(f"{path}/accept")

    assert problem(refused, 409, "conflict") == [("", "exposure-reserved")]
    assert world.seeker.post(f"{path}/accept").status_code == 200


# -- what outlives its offer


def test_a_reservation_whose_offer_was_never_written(world: World) -> None:
    """The process died between the two: it counts for two minutes, then the next refusal drops it."""
    listing_id = world.listed()
    world.accounts.reserve_request(world.seeker.id, new_id(), listing_id)

    problem(world.asked(listing_id), 409, "conflict")
    world.clock.advance(timedelta(minutes=2))

    assert world.asked(listing_id).status_code == 201


def test_the_accounts_own_timer_sweeps(world: World) -> None:
    """Each hour it drops what is over, and it rests where nothing is left."""
    one, two = world.accepted(), world.proposed()
    world.accounts.reserve_request(world.seeker.id, new_id(), new_id())
    world.seeker.post(f"{two}/withdraw")
    assert len(world.reserved()) == 3

    world.tick(timedelta(hours=1))
    assert world.reserved() == {one: 50_000}
    world.seeker.post(f"{one}/cancel")
    world.tick(timedelta(hours=1))
    assert world.reserved() == {}
    account = world.store.get(account_id(world.seeker.id)) or {}
    assert not account["timers"] and "due_at" not in account
    assert world.asked(world.listed()).status_code == 422  # three requests were made in this week
    world.clock.advance(timedelta(days=7))
    assert world.asked(world.listed()).status_code == 201
    assert (world.store.get(account_id(world.seeker.id)) or {})["timers"]


def test_a_reservation_lasts_as_long_as_its_offer(world: World) -> None:
    """From the request until it is over, through the hire and the probation."""
    path = world.accepted()
    world.escrow_is(path, "escrow.held")
    world.seeker.post(f"{path}/confirm-hire", {"start_on": "2027-01-20"})
    world.tick(timedelta(days=60))
    assert world.reserved() == {path: 50_000}

    world.escrow_is(path, "escrow.settled", 5)
    settled_at = world.clock.now()
    world.tick(WINDOW - timedelta(milliseconds=1))
    assert world.reserved() == {path: 50_000}  # its card may still be charged back
    world.tick(timedelta(hours=1))

    assert world.clock.now() > settled_at + WINDOW
    assert account(world)["exposure"]["used"] == euros(0) and account(world)["reservations"] == []


ENDS = {
    "settled": ("escrow.settled", {}, True),
    "charged back after it was paid out": ("escrow.charged_back", {"released": 40_000}, True),
    "charged back while it was held": ("escrow.charged_back", {"released": 0}, True),
    "split, some of it paid out": ("escrow.split", {"released": 10_000}, True),
    "refunded after a tranche was paid out": ("escrow.refunded", {"released": 10_000}, True),
    "refunded as a whole": ("escrow.refunded", {"released": 0}, False),
}


@pytest.mark.parametrize(("event", "sums", "counts"), ENDS.values(), ids=ENDS)
def test_what_the_bank_may_still_take_back_counts(world: World, event: str, sums: dict[str, int], counts: bool) -> None:
    """After an escrow's end, for the chargeback window: whoever pays with a stolen card cannot go on for ever."""
    listing_id = world.listed(60_000)
    path = world.proposed(listing_id=listing_id, price=60_000)
    world.insider.post(f"{path}/accept")
    world.escrow_is(path, "escrow.held")
    world.seeker.post(f"{path}/confirm-hire", {"start_on": "2027-01-20"})
    data = {"offer_id": path.rsplit("/", 1)[1], "status": event.split(".")[1], **sums}
    assert world.told(event, 5, **data) == "taken"
    world.tick(timedelta(hours=2))

    shown = account(world)
    another = world.proposed(listing_id=listing_id, price=60_000)  # the listing itself may be asked again

    assert shown["exposure"]["used"] == euros(60_000 if counts else 0)
    until = [each["until"] for each in shown["reservations"]]
    assert until == (["2027-05-01T00:00:00.000Z"] if counts else [])
    assert world.insider.post(f"{another}/accept").status_code == (422 if counts else 200)
    world.clock.advance(WINDOW)
    assert account(world)["exposure"]["used"] == euros(0 if counts else 60_000)


def test_a_repayment_that_is_refused_later_counts_for_no_further_window(world: World) -> None:
    """Each of its events has the status of the escrow, which has not changed."""
    path = hired(world)
    world.escrow_is(path, "escrow.settled", 5)
    data = {"offer_id": path.rsplit("/", 1)[1], "status": "settled", "released": 40_000}
    world.tick(timedelta(days=100))
    assert world.told("escrow.release_refused", 6, **data) == "taken"
    world.clock.advance(WINDOW - timedelta(days=99))

    assert account(world)["exposure"]["used"] == euros(0)


def test_what_the_bank_gave_back_counts_while_it_is_held(world: World) -> None:
    """However long after the claim that is."""
    path = hired(world)
    offer_id = path.rsplit("/", 1)[1]
    world.told("escrow.charged_back", 5, offer_id=offer_id, status="charged_back", released=0)
    world.tick(timedelta(days=60))
    world.told("escrow.chargeback_reversed", 6, offer_id=offer_id, status="probation", released=0)
    world.clock.advance(WINDOW)

    assert account(world)["exposure"]["used"] != euros(0)
    world.told("escrow.settled", 7, offer_id=offer_id, status="settled", released=40_000)
    assert account(world)["exposure"]["used"] != euros(0)
    world.clock.advance(WINDOW)
    assert account(world)["exposure"]["used"] == euros(0)


def hired(world: World) -> str:
    path = world.accepted()
    world.escrow_is(path, "escrow.held")
    world.seeker.post(f"{path}/confirm-hire", {"start_on": "2027-01-20"})
    return path


def test_without_a_window_what_is_settled_counts_no_more(database: Database[dict[str, Any]], tmp_path: Path) -> None:
    world = World(database, tmp_path, CHARGEBACK_WINDOW="0")
    path = world.accepted()
    world.escrow_is(path, "escrow.held")
    world.seeker.post(f"{path}/confirm-hire", {"start_on": "2027-01-20"})
    world.escrow_is(path, "escrow.settled", 5)

    assert account(world)["exposure"]["used"] == euros(0)


def test_repeated_reservations_are_one(world: World) -> None:
    offer_id, listing_id = new_id(), new_id()
    for _ in range(5):
        world.accounts.reserve_request(world.seeker.id, offer_id, listing_id)
        world.accounts.reserve_exposure(world.seeker.id, offer_id, listing_id, 100_000, "EUR")

    assert world.accounts.holds(world.seeker.id, offer_id, 100_000)
    assert not world.accounts.holds(world.seeker.id, offer_id, 100_001)
    with pytest.raises(Refusal):
        world.accounts.reserve_exposure(world.seeker.id, offer_id, listing_id, 100_001, "EUR")
    world.accounts.release(world.seeker.id, offer_id)
    assert world.reserved() == {}
    world.accounts.release(world.seeker.id, offer_id)
    assert not world.accounts.holds(world.other.id, offer_id, 0)


# -- what one sees of it


def account(world: World, who: Caller | None = None) -> dict[str, Any]:
    response = (who or world.seeker).get("/v1/account")
    assert response.status_code == 200, response.get_json()
    body: dict[str, Any] = response.get_json()
    return body


def euros(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def test_a_new_account_has_all(world: World) -> None:
    """Looking writes nothing."""
    assert account(world) == {
        "requests": {"a_week": 3, "used": 0, "left": 3, "next_at": None},
        "exposure": {"cap": euros(100_000), "used": euros(0), "left": euros(100_000)},
        "exposures": [
            {
                name: {"amount": amount, "currency": currency}
                for name, amount in (("cap", cap), ("used", 0), ("left", cap))
            }
            for currency, cap in sorted(shipped().exposure_caps(100_000).items())
        ],
        "reservations": [],
    }
    assert world.everything() == []


def test_the_account_says_what_the_next_request_meets(world: World) -> None:
    """While one is left it says none has to be waited for; then until when; at that moment one is free."""
    first = world.proposed()
    world.clock.advance(timedelta(days=2))
    world.proposed()
    assert account(world)["requests"] == {"a_week": 3, "used": 2, "left": 1, "next_at": None}
    world.proposed()

    shown = account(world)

    assert shown["requests"] == {"a_week": 3, "used": 3, "left": 0, "next_at": "2027-01-08T00:00:00.000Z"}
    assert shown["reservations"][0] == {
        "offer_id": first.rsplit("/", 1)[1], "listing_id": world.shown(first)["listing_id"],
        "at": "2027-01-01T00:00:00.000Z", "amount": euros(0), "until": None,
    }  # fmt: skip
    assert len(shown["reservations"]) == 3
    world.clock.advance(timedelta(days=5) - timedelta(milliseconds=1))
    assert account(world)["requests"]["left"] == 0
    problem(world.asked(world.listed()), 422, "refused-by-rule")
    world.clock.advance(timedelta(milliseconds=1))
    assert account(world)["requests"] == {"a_week": 3, "used": 2, "left": 1, "next_at": None}
    assert world.asked(world.listed()).status_code == 201


def test_the_account_says_what_may_still_be_agreed_to(world: World) -> None:
    """What is over counts no more, although nobody has cleared it away yet; others see nothing of it."""
    one, two = world.accepted(), world.accepted()

    assert account(world)["exposure"] == {"cap": euros(100_000), "used": euros(100_000), "left": euros(0)}
    assert account(world, world.other)["exposure"]["used"] == euros(0)
    world.seeker.post(f"{one}/cancel", {})
    assert len(world.reserved()) == 2

    shown = account(world)

    assert shown["exposure"]["left"] == euros(50_000)
    assert [each["offer_id"] for each in shown["reservations"]] == [two.rsplit("/", 1)[1]]
    assert world.seeker.ask("GET", "/v1/account", Authorization="").status_code == 401
