"""What an offer may cost where law, a licence or the employer's consent has a say: over HTTP, four services."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.pure.test_consent_whole import NOT_FOREIGN, TORONTO, World, priced
from tests.support.web import Caller, problem
from tests.support.whole import Whole

R1 = {"place": "CA-ON", "number": "R-1", "valid_until": "2027-01-10"}
R2 = {"place": "CA-ON", "number": "R-2", "valid_until": "2028-12-31"}
FROM_JANUARY = R2 | {"valid_from": "2027-01-11"}
FOREIGN = {"foreign_national": True}
CAD_1500 = {"amount": 150_000, "currency": "CAD"}


class Market:
    """A listing of anna's, and offers of bo's on it."""

    def __init__(self, folder: Path, licences: Sequence[Any] = (R1,), **changed: Any) -> None:
        self.whole = Whole(folder, licences=licences)
        self.bo, self.anna = (Caller(self.whole.apps["matching"], who) for who in ("bo", "anna"))
        self.id = self.whole.published(**changed or {**TORONTO, "help": [priced("coaching", 20_000)]})

    def offer(self, *help_: str, by: str = "bo", **more: Any) -> Any:
        body = {"listing_id": self.id, "help": [*help_], **more}
        return Caller(self.whole.apps["matching"], by).post("/v1/offers", body)

    def older(self, name: str, value: str, *missing: str) -> None:
        """The documents of matching where `name` is `value`, as a version wrote them that knew nothing of these."""
        collection = self.whole.stores["matching"].collection
        for document in list(collection.find({name: value})):
            collection.update_one({"_id": document["_id"]}, {"$unset": dict.fromkeys(missing, "")})

    def made(self, *help_: str, **more: Any) -> str:
        answer = self.offer(*help_, **more)
        assert answer.status_code == 201, answer.get_json()
        self.whole.settle()
        return f"/v1/offers/{answer.get_json()['id']}"


def free(currency: str = "CAD") -> dict[str, Any]:
    return {"amount": 0, "currency": currency}


def of(listing_id: str, whole: Whole) -> Any:
    return Caller(whole.apps["listing"], "anna").get(f"/v1/listings/{listing_id}").get_json()


# -- what is fixed


def test_no_offer_goes_beyond_what_the_employer_consented_to(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.consented()
    bo, anna = (Caller(world.whole.apps["matching"], who) for who in ("bo", "anna"))
    dear = {"listing_id": world.id, "help": ["good_word"], "declares": NOT_FOREIGN, "price": CAD_1500}

    assert problem(bo.post("/v1/offers", dear), 422, "refused-by-rule") == [("/price/amount", "price-cap")]
    offer = f"/v1/offers/{world.offer('good_word')}"
    assert problem(anna.post(f"{offer}/counter", {"price": CAD_1500}), 422, "refused-by-rule")
    assert anna.post(f"{offer}/counter", {"price": {"amount": 50_000, "currency": "CAD"}}).status_code == 200


def test_what_needs_no_consent_may_cost_more_than_it_is_listed_at(tmp_path: Path) -> None:
    market = Market(tmp_path)

    assert market.offer("coaching", price=CAD_1500, declares=NOT_FOREIGN).status_code == 201


@pytest.mark.parametrize(
    "changed",
    [
        {**TORONTO, "help": [priced("coaching", 100), priced("good_word", 0)]},
        {"country": "NL", "help": [priced("coaching", 1, "EUR"), priced("good_word", 0, "EUR")]},
    ],
    ids=["for which no employer was asked", "which that place allows at price 0 only"],
)
def test_help_goes_along_free_and_raises_no_price(tmp_path: Path, changed: dict[str, Any]) -> None:
    """Beside it the rest costs at most what is listed: else the price of the one would be paid for the other."""
    market = Market(tmp_path, **changed)
    currency = of(market.id, market.whole)["pay"]["currency"]
    dear = {"amount": 50_000, "currency": currency}

    refused = market.offer("good_word", "coaching", price=dear, declares=NOT_FOREIGN)
    assert problem(refused, 422, "refused-by-rule") == [("/price/amount", "price-cap")]
    assert market.offer("coaching", price=dear, declares=NOT_FOREIGN).status_code == 201


def test_help_that_is_free_for_want_of_a_consent_is_so_by_an_older_versions_copy_too(tmp_path: Path) -> None:
    help_ = [priced("coaching", 100, "EUR"), priced("good_word", 0, "EUR")]
    market = Market(tmp_path, country="DE", help=help_)
    market.older("listing_id", market.id, "fixed_help")

    refused = market.offer("good_word", "coaching", price={"amount": 90_000, "currency": "EUR"})

    assert problem(refused, 422, "refused-by-rule") == [("/price/amount", "price-cap")]


def test_an_older_versions_offer_is_bargained_up_to_what_is_fixed_now(tmp_path: Path) -> None:
    """It wrote the cap into it as the most that it may cost."""
    world = World(tmp_path)
    world.consented()
    offer, anna = world.offer("good_word"), Caller(world.whole.apps["matching"], "anna")
    world.whole.stores["matching"].collection.update_one({"_id": offer}, {"$set": {"most": 150_000}})

    dear = anna.post(f"/v1/offers/{offer}/counter", {"price": CAD_1500})
    assert problem(dear, 422, "refused-by-rule") == [("/price/amount", "price-cap")]
    as_listed = {"price": {"amount": 50_000, "currency": "CAD"}}
    assert anna.post(f"/v1/offers/{offer}/counter", as_listed).status_code == 200


# -- where it was offered

CONSENT = {"who": "Jane Doe, HR", "how": "email", "on": "2026-12-01"}


@pytest.mark.parametrize(
    ("changed", "moved"),
    [
        (
            {"country": "DE", "help": [priced("good_word", 20_000, "EUR")], "consent": CONSENT},
            {"country": "NL", "help": [priced("good_word", 0, "EUR")]},
        ),
        (
            {"country": "NL", "help": [priced("coaching", 20_000, "EUR")]},
            {"country": "CA", "subdivision": "CA-ON", "help": [priced("coaching", 0, "EUR")]},
        ),
    ],
    ids=["where a word is free", "where a licence is needed"],
)
def test_an_offer_is_for_the_place_it_was_made_for(tmp_path: Path, changed: dict[str, Any], moved: Any) -> None:
    """Moving the listing brings none, paid or free, to a price that the law there does not allow."""
    market = Market(tmp_path, licences=(), **changed)
    (each,) = changed["help"]
    currency = each["price"]["currency"]
    paid = market.made(each["kind"], price={"amount": 20_000, "currency": currency})
    at_nothing = market.made(each["kind"], by="cleo", price=free(currency))
    revised = Caller(market.whole.apps["listing"], "anna").ask("PATCH", f"/v1/listings/{market.id}", moved)
    assert revised.status_code == 200, revised.get_json()
    market.whole.settle()

    for refused in (
        market.anna.post(f"{at_nothing}/counter", {"price": {"amount": 90_000, "currency": currency}}),
        market.anna.post(f"{paid}/accept"),
        market.anna.post(f"{at_nothing}/accept"),
    ):
        assert problem(refused, 409, "conflict") == [("", "listing-moved")]
        assert "under other law" in refused.get_json()["detail"]
    assert market.bo.get(paid).get_json()["status"] == "proposed"
    assert market.anna.post(f"{paid}/decline").status_code == 200
    assert market.offer(each["kind"], by="dan", price=free(currency)).status_code == 201


@pytest.mark.parametrize("moved", [{"subdivision": "DE-BE"}, {"region": "Berlin"}, {"seats": 2}])
def test_a_listing_under_the_same_law_has_not_moved(tmp_path: Path, moved: Any) -> None:
    market = Market(tmp_path, country="DE", help=[priced("coaching", 20_000, "EUR")])
    paid = market.made("coaching")
    revised = Caller(market.whole.apps["listing"], "anna").ask("PATCH", f"/v1/listings/{market.id}", moved)
    assert revised.status_code == 200, revised.get_json()
    market.whole.settle()

    assert market.anna.post(f"{paid}/accept").status_code == 200


# -- under a licence


def test_no_price_is_agreed_once_the_licence_has_ended(tmp_path: Path) -> None:
    """Not proposed, not by a counter-offer to one at price 0, and not accepted; what costs nothing goes on."""
    market = Market(tmp_path)
    market.whole.settle(timedelta(days=6))
    paid = market.made("coaching", declares=NOT_FOREIGN)
    at_nothing = market.made("coaching", by="cleo", price=free(), declares=NOT_FOREIGN)
    market.whole.settle(timedelta(days=4))

    assert problem(market.offer("coaching", by="dan", declares=NOT_FOREIGN), 422, "refused-by-rule") == [
        ("/listing_id", "licence-ended")
    ]
    countered = market.anna.post(f"{at_nothing}/counter", {"price": CAD_1500})
    assert problem(countered, 422, "refused-by-rule") == [("/price/amount", "licence-ended")]
    assert "R-1" in market.anna.post(f"{paid}/accept").get_json()["detail"]
    assert market.anna.post(f"{paid}/counter", {"price": free()}).status_code == 200
    assert market.anna.post(f"{at_nothing}/accept").status_code == 200


@pytest.mark.parametrize(
    "entered", [(R1, R2), (R2, R1), (FROM_JANUARY, R1)], ids=["behind", "first", "with its first day"]
)
def test_a_renewed_licence_is_taken_over_by_itself(tmp_path: Path, entered: Sequence[Any]) -> None:
    """The day after the last one's end, wherever it was entered; offers stand under the one that holds."""
    market = Market(tmp_path, licences=entered)
    market.whole.settle(timedelta(days=6))
    paid = market.made("coaching", declares=NOT_FOREIGN)
    assert of(market.id, market.whole)["licence"]["number"] == "R-1"

    market.whole.settle(timedelta(days=4))

    assert of(market.id, market.whole)["licence"] == R2
    assert market.offer("coaching", by="cleo", declares=NOT_FOREIGN).status_code == 201
    accepted = market.anna.post(f"{paid}/accept")
    assert accepted.status_code == 200 and accepted.get_json()["licence"] == R2


def test_between_two_licences_nothing_stands_under_the_next(tmp_path: Path) -> None:
    """It is looked for each day, and taken over on its first."""
    market = Market(tmp_path, licences=(R2 | {"valid_from": "2027-01-13"}, R1))
    shown: list[tuple[str, int]] = []
    for days in (9, 1, 1, 2):
        market.whole.settle(timedelta(days=days))
        answer = market.offer("coaching", by=f"seeker-{len(shown)}", declares=NOT_FOREIGN)
        shown.append((of(market.id, market.whole)["licence"]["number"], answer.status_code))

    assert shown == [("R-1", 201), ("R-1", 422), ("R-1", 422), ("R-2", 201)]


def test_without_another_licence_it_is_looked_again_each_day(tmp_path: Path) -> None:
    market = Market(tmp_path)
    market.whole.settle(timedelta(days=12))

    found = market.whole.stores["listing"].collection.find_one({"_id": market.id})
    assert found["state"] == "published" and found["licence"]["number"] == "R-1"
    assert found["timers"]["licence"] - market.whole.clock.now() <= timedelta(days=1)


# -- what a seeker declares


@pytest.mark.parametrize(
    "declared", [{"declares": FOREIGN}, {}], ids=["who may be charged nothing", "who said nothing"]
)
def test_an_insider_does_not_learn_what_the_seeker_declared(tmp_path: Path, declared: dict[str, Any]) -> None:
    market = Market(tmp_path, licences=(R2,))
    offer = market.made("coaching", price=free(), **declared)

    refused = market.anna.post(f"{offer}/counter", {"price": CAD_1500})

    assert problem(refused, 422, "refused-by-rule") == [("/price/amount", "seeker-declares")]
    assert refused.get_json()["errors"][0]["message"] == "Expected 0: a price on this offer is the seeker's to name."
    no_business = market.anna.post(f"{offer}/counter", {"price": free(), "declares": NOT_FOREIGN})
    assert problem(no_business, 422, "refused-by-rule") == [("/declares", "seeker-declares")]


def test_a_seeker_declares_when_they_name_a_price(tmp_path: Path) -> None:
    """With a counter-offer, where their offer at price 0 did not say it."""
    market = Market(tmp_path, licences=(R2,))
    offer = market.made("coaching", price=free())
    assert market.anna.post(f"{offer}/counter", {"price": free()}).status_code == 200

    unsaid = market.bo.post(f"{offer}/counter", {"price": CAD_1500})
    assert problem(unsaid, 422, "refused-by-rule") == [("/declares/foreign_national", "seeker-declares")]
    foreign = market.bo.post(f"{offer}/counter", {"price": CAD_1500, "declares": FOREIGN})
    assert problem(foreign, 422, "refused-by-rule") == [("/price/amount", "seeker-declares")]
    assert market.bo.post(f"{offer}/counter", {"price": CAD_1500, "declares": NOT_FOREIGN}).status_code == 200
    assert market.anna.post(f"{offer}/accept").status_code == 200


def test_what_was_declared_is_not_taken_back_within_the_offer(tmp_path: Path) -> None:
    """A counter-offer names what was not said, or says the same again."""
    market = Market(tmp_path, licences=(R2,))
    offer = market.made("coaching", price=free(), declares=FOREIGN)
    assert market.anna.post(f"{offer}/counter", {"price": free()}).status_code == 200

    other = market.bo.post(f"{offer}/counter", {"price": CAD_1500, "declares": NOT_FOREIGN})
    assert ("/declares/foreign_national", "seeker-declares") in problem(other, 422, "refused-by-rule")
    free_again = market.bo.post(f"{offer}/counter", {"price": free(), "declares": NOT_FOREIGN})
    assert problem(free_again, 422, "refused-by-rule") == [("/declares/foreign_national", "seeker-declares")]
    assert market.bo.post(f"{offer}/counter", {"price": free(), "declares": FOREIGN}).status_code == 200
    assert market.bo.get(offer).get_json()["declares"] == FOREIGN
