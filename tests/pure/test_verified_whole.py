"""From the register of employers to what a seeker reads of a listing: through three services in memory."""

from pathlib import Path
from typing import Any

import pytest

from shared.ids import domain_mark
from tests.support.web import Caller
from tests.support.whole import KEY, Whole

DEVELOPER = {"scheme": "ISCO-08", "code": "2512"}
ACME = "acme.example"


@pytest.fixture
def whole(tmp_path: Path) -> Whole:
    return Whole(tmp_path)


def seen(whole: Whole, listing_id: str) -> tuple[bool, bool, bool]:
    """What a seeker reads: on the listing, on its match, and among the match's reasons."""
    get: Any = lambda service, path: Caller(whole.apps[service], "bo").get(path).get_json()  # noqa: E731
    (match,) = get("matching", "/v1/matches")["items"]
    return (
        get("listing", f"/v1/listings/{listing_id}")["insider_verified"],
        match["listing"]["insider_verified"],
        "verified" in [reason["code"] for reason in match["reasons"]],
    )


def test_staff_register_an_employer_and_take_it_off(whole: Whole) -> None:
    """A work mail at a domain of the insider's own verifies nothing; staff's word does, while they stand by it."""
    listing_id = whole.published(employer={"name": "Acme BV", "domain": ACME})
    profile = {"occupations": [DEVELOPER], "help": ["coaching"]}
    assert Caller(whole.apps["matching"], "bo").ask("PUT", "/v1/me/profile", profile).status_code == 200
    whole.verified("anna", f"anna@{ACME}", "work-mail")
    whole.settle()
    assert seen(whole, listing_id) == (False, False, False)

    operator = Caller(whole.apps["matching"], "olga", ("operator",))
    assert operator.post("/v1/employers", {"name": "Acme BV", "domain": ACME}).status_code == 201
    whole.settle()
    assert seen(whole, listing_id) == (True, True, True)

    assert operator.post(f"/v1/employers/{domain_mark(KEY, ACME)}/remove").status_code == 200
    whole.settle()
    assert seen(whole, listing_id) == (False, False, False)
