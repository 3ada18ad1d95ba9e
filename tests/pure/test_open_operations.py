"""Which operations need no token: these, for everybody; the links in mails and the signed notices; nothing else."""

from pathlib import Path
from typing import Any

import pytest

from services.listing.store import unveiled_id
from shared.http.declare.operations import Operation
from tests.support.outsiders import OPERATIONS, UNKNOWN, Asker, body_of, variables
from tests.support.web import Caller, problem
from tests.support.whole import Whole

REPORTS = {"reportListing", "reportInsider"}
READ = {
    "searchListings", "getListing", "getJobPosting", "findCodes", "getCode", "showRules", "showInsider",
    "showReportingPolicy", "showWebhookKeys", "getSitemap",
}  # fmt: skip
OPEN = READ | REPORTS
BY_LINK = {
    "showEmployerConfirmation", "confirmByEmployer", "showEmployerConsent", "answerByEmployer", "askToUnsubscribe",
    "unsubscribe",
}  # fmt: skip
SIGNED = {"greenhouseWebhook", "providerWebhook"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    return Whole(tmp_path_factory.mktemp("open"))


def test_what_is_open_is_listed_here() -> None:
    assert {each.id for _, each in OPERATIONS if each.who and each.who.open} == OPEN
    assert {each.id for _, each in OPERATIONS if each.who and not each.who.token} == OPEN | BY_LINK | SIGNED


@pytest.mark.parametrize(("service", "operation"), OPERATIONS, ids=[each.id for _, each in OPERATIONS])
def test_without_a_token(whole: Whole, service: str, operation: Operation[Any]) -> None:
    """An open operation answers; one that is not says that a token is needed, whatever is sent; a broken token is
    refused by both.
    """
    app, listing = whole.apps[service], _published(whole)
    ids, body = variables(operation, listing if operation.id in OPEN else UNKNOWN), body_of(operation, UNKNOWN)
    answer, broken = (
        Asker().ask(app, operation, ids, body),
        Asker().ask(app, operation, ids, body, Authorization="Bearer a.b.c"),
    )

    if operation.id in REPORTS:
        assert answer.status_code == 202
    elif operation.id in READ:
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=60"
    elif operation.id not in BY_LINK | SIGNED:
        assert problem(answer, 401, "unauthenticated") == [("header:Authorization", "missing")]
    if operation.id not in BY_LINK | SIGNED:
        problem(broken, 401, "unauthenticated")


def _published(whole: Whole) -> str:
    found = whole.stores["listing"].collection.find({"state": "published"})
    return next((str(doc["_id"]) for doc in found), None) or whole.published()


@pytest.mark.parametrize("asked", ["mine=true", "status=draft", "mine=true&status=published", "status=withdrawn"])
def test_others_listings_need_a_token(whole: Whole, asked: str) -> None:
    client = whole.apps["listing"].test_client()

    problem(client.get(f"/v1/listings?{asked}"), 401, "unauthenticated")
    assert client.get("/v1/listings?status=published&mine=false").status_code == 200


def test_who_was_unveiled_to_is_not_told_that_nothing_changed(tmp_path: Path) -> None:
    """Unveiling is no change of the listing: the version that a stranger knew is not what they would see now."""
    whole = Whole(tmp_path)
    path, bo = f"/v1/listings/{(listing := whole.published())}", Caller(whole.apps["listing"], "bo")
    veiled = bo.get(path).headers["ETag"]
    unveiled = {"_id": unveiled_id(listing, bo.id), "kind": "unveiled", "version": 1, "state": "known"}
    whole.stores["listing"].collection.insert_one(unveiled | {"seeker": bo.id, "listing_id": listing})
    answer = bo.get(path, If_None_Match=veiled)
    again = bo.get(path, If_None_Match=answer.headers["ETag"])

    assert (answer.status_code, answer.get_json()["employer"]["veiled"]) == (200, False)
    assert again.status_code == 304
