"""`golem verify` holds a system against its own settings: each currency's cap, the terms that its services go by."""

import copy
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deploy.cli import main
from deploy.verify import Snapshot, examine, verify
from deploy.verify.tally import Violation
from services.notify.log.records import KIND as LOGGED
from shared.settings import SettingsError, Terms, given_in_common, load_common
from tests.support.hires import listing
from tests.support.slices import sliced
from tests.support.web import Caller
from tests.support.whole import Whole

MOST = 150_000
"""The most that help may cost in CAD; a seeker may have agreed to two of these at once."""


def found(snapshot: Snapshot) -> list[Violation]:
    return [violation for result in verify(snapshot) for violation in result.violations]


def fund(whole: Whole, currency: str, amount: int) -> None:
    """One more offer of bo's that is paid."""
    pay = {"min": 9_000_000, "max": 11_000_000, "currency": currency, "per": "year"}
    wanted = [{"kind": "coaching", "price": {"amount": amount, "currency": currency}}]
    body = listing(pay=pay, help=wanted) | {"leaving_on": "2027-06-01"}
    made = Caller(whole.apps["listing"], "anna").post("/v1/listings", body).get_json()["id"]
    whole.call("listing", "anna", f"/v1/listings/{made}/submit")
    asked = {"listing_id": made, "help": ["coaching"]}
    offer_id = str(Caller(whole.apps["matching"], "bo").post("/v1/offers", asked).get_json()["id"])
    whole.settle()
    whole.call("matching", "anna", f"/v1/offers/{offer_id}/accept")
    whole.call("escrow", "bo", f"/v1/escrows/{offer_id}/fund", {"source": "tok_visa"})


@pytest.fixture(scope="module")
def at_the_caps(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """One seeker who has agreed to all that they may, in two currencies."""
    whole = Whole(tmp_path_factory.mktemp("whole"))
    for currency, amount in (("CAD", MOST), ("CAD", MOST), ("EUR", 100_000), ("EUR", 100_000)):
        fund(whole, currency, amount)
    whole.settle(timedelta(seconds=10))
    return whole.snapshot()


def account(snapshot: Snapshot) -> dict[str, Any]:
    return next(doc for doc in snapshot.documents["matching"] if doc.get("kind") == "account")


def test_each_currency_has_its_own_cap(at_the_caps: Snapshot) -> None:
    assert found(at_the_caps) == []
    assert examine(sliced(at_the_caps, 3), look_again_s=0)["holds"]


def test_what_is_above_a_currencys_cap_is_named_with_it(at_the_caps: Snapshot) -> None:
    snapshot = replace(at_the_caps, documents=copy.deepcopy(dict(at_the_caps.documents)))
    reserved = next(each for each in account(snapshot)["reservations"].values() if each["currency"] == "CAD")
    reserved["amount"] += 1

    assert [each.message for each in found(snapshot)] == ["300001 CAD reserved, above the cap"]


def test_a_reservation_in_another_currency_is_none(at_the_caps: Snapshot) -> None:
    snapshot = replace(at_the_caps, documents=copy.deepcopy(dict(at_the_caps.documents)))
    offer_id, reserved = next(
        (key, each) for key, each in account(snapshot)["reservations"].items() if each["currency"] == "EUR"
    )
    reserved["currency"] = "SEK"

    assert [each.subject for each in found(snapshot)] == [f"offer {offer_id}"]


def test_an_operators_own_caps_count(at_the_caps: Snapshot, tmp_path: Path) -> None:
    """Lower than what was agreed to: of EUR by the setting, of CAD by the rules; and the requests of a week."""
    own = {"says": "ours", "checked": "2026-11-28", "absolute": {}, "exposure": {"CAD": 2 * MOST - 1}}
    (tmp_path / "rules.json").write_text(json.dumps({"price_cap": own}))
    given = {"RULES_FILE": str(tmp_path / "rules.json"), "EXPOSURE_CAP": "199999", "REQUESTS_A_WEEK": "3"}

    held = load_common(given)

    says = {each.message for each in found(replace(at_the_caps, terms=held.terms, places=held.rules))}
    above = {f"{sums}, above the cap" for sums in ("300000 CAD agreed to", "300000 CAD reserved")}
    above |= {f"{sums}, above the cap" for sums in ("200000 EUR agreed to", "200000 EUR reserved")}
    assert says == above | {"4 offers in a week, not 3"}


def test_a_try_may_wait_as_long_as_the_setting_says(at_the_caps: Snapshot) -> None:
    """A payout that the bank refused, where refused ones are tried again after three days."""
    snapshot = replace(at_the_caps, documents=copy.deepcopy(dict(at_the_caps.documents)))
    escrow = next(doc for doc in snapshot.documents["escrow"] if doc.get("kind") == "escrow")
    again = snapshot.at + timedelta(days=2)
    escrow |= {"instruction": {"id": "x", "kind": "release", "attempts": 1}, "blocked": {"again_at": again}}
    escrow |= {"timers": {"instruction": again}, "due_at": again}

    def put_off(terms: Terms) -> list[str]:
        return [each.message for each in found(replace(snapshot, terms=terms)) if "put off" in each.message]

    assert len(put_off(Terms())) == 1
    assert put_off(load_common({"RETRY_REFUSED": str(3 * 86_400)}).terms) == []


@pytest.mark.parametrize(("setting", "of_log"), [("KEEP_EVENTS", True), ("KEEP_NOTIFICATIONS", False)])
def test_what_was_kept_as_long_as_the_setting_says_is_forgotten(
    at_the_caps: Snapshot, setting: str, of_log: bool
) -> None:
    """A week later nothing of the log, or no notification, is left: right where they are kept for five days."""
    gone = LOGGED if of_log else "notification"
    left = [doc for doc in at_the_caps.documents["notify"] if doc.get("kind") != gone]
    later = at_the_caps.at + timedelta(days=7)
    snapshot = replace(at_the_caps, documents={**at_the_caps.documents, "notify": left}, at=later)

    def unknown(terms: Terms) -> list[str]:
        return [each.message for each in found(replace(snapshot, terms=terms)) if "does not know it" in each.message]

    assert unknown(Terms())
    assert unknown(load_common({setting: str(5 * 86_400)}).terms) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("EXPOSURE_CAP", "much"), ("RULES_FILE", "/nowhere/rules.json"), ("PROVIDER", "nobody"), ("EXPOSURE_CAPS", "1")],
)
def test_what_is_wrong_is_named_and_not_passed_over(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_common({name: value})

    assert [fault.partition(":")[0] for fault in caught.value.faults] == [name]


def of_a_full_disk() -> str:
    """What is said of `/dev/full`, which a machine may let nobody write: a device where no devices are allowed."""
    try:
        with open("/dev/full", "r+b"):
            return "database or disk is full"
    except OSError:
        return "readonly database"


@pytest.mark.parametrize(
    ("kept", "says"),
    [("/dev/full", of_a_full_disk()), ("/nowhere/verify", "unable to open"), (__file__, "not a database")],
)
def test_what_cannot_be_kept_is_one_clear_line(kept: str, says: str) -> None:
    servers = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "MONGODB_URI": "mongodb://127.0.0.1:1/"}
    result = CliRunner().invoke(main, ["verify", "--resume", kept], env=servers)

    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    [line] = result.output.splitlines()
    assert f"cannot be kept in {kept}" in line and says in line


def test_of_an_environment_only_what_all_go_by_is_kept() -> None:
    given = {"EXPOSURE_CAP": "7", "CLOCK_TOLERANCE": "60", "PSEUDONYM_KEY": "secret", "MONGODB_URI": "mongodb://x"}

    assert given_in_common(given) == {"EXPOSURE_CAP": "7", "CLOCK_TOLERANCE": "60"}
