"""Operations: nothing is open by forgetting, what is not declared does not leave, and a view gets all of it checked."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.escrow import api as escrow_api
from services.escrow.lifecycle import ESCROW
from services.listing import api as listing_api
from services.listing.lifecycle import LISTING
from services.matching import api as matching_api
from services.matching.employer.lifecycle import EMPLOYER
from services.matching.offer.lifecycle import OFFER
from services.matching.people.reports import REPORT
from shared.http.answer.commands import Resource
from shared.http.app import create_app
from shared.http.declare.operations import ANYONE, PUBLIC, Answer, Operations, Undeclared, UnknownCommand
from shared.ids import command_id
from shared.settings import Settings
from tests.support.toy import BOX, Toys

SOME_ID = "01977c1e-3a52-7d0f-9a4e-5b8f0c2d7e11"


def test_an_operation_without_a_rule_is_refused(settings: Settings) -> None:
    """The app is not made, and the operation is named."""
    operations: Operations[None] = Operations("listing", "Listings")
    operations.get("/v1/open", "openToAll", "Oops", answers={200: None})(lambda call: Answer({}))

    with pytest.raises(Undeclared, match="openToAll"):
        create_app(settings, operations, None, ready={})


def test_a_command_that_the_lifecycle_has_not_is_refused(settings: Settings) -> None:
    """A slip of the pen is seen when the app is made, also in the file of a subject, not by the first who asks."""
    operations: Operations[None] = Operations("boxes", "Boxes")
    for include, name in ((operations.include, "fil"), (partial(operations.include_slice, lambda parts: parts), "aks")):
        subject: Operations[None] = Operations("boxes", "Boxes", BOX.commands())
        for number, command in enumerate(("open", name)):
            declare = subject.post(
                "/v1/boxes", f"{name}{number}", "Do", who=ANYONE, command=command, answers={200: None}
            )
            declare(lambda call: Answer({}))
        include(subject)

    with pytest.raises(UnknownCommand, match=r"fil \(fil1\), aks \(aks1\)$"):
        create_app(settings, operations, None, ready={})


def test_each_service_knows_the_commands_that_it_offers() -> None:
    """All commands of a lifecycle that people give stand in its API; an employer answers by its link, and what is
    decided about a report is done to the listing or the insider.
    """
    by_link = {"give_consent", "refuse_consent", "withdraw_consent"}
    by_reports = {"rest", "keep"}
    offered = {
        name: {operation.command for operation in each.operations.all} - {None}
        for name, each in (("listing", listing_api), ("escrow", escrow_api), ("matching", matching_api))
    }

    assert offered["listing"] == {*LISTING.commands(), *REPORT.commands()} - by_link - by_reports
    assert offered["escrow"] == set(ESCROW.commands())
    assert offered["matching"] == {*OFFER.commands(), *EMPLOYER.commands(), *REPORT.commands()}


def test_a_view_gives_no_command_that_its_operation_does_not_declare(settings: Settings, ida: dict[str, str]) -> None:
    toys = Toys().opened()
    boxes = Resource(toys.store, BOX, lambda doc, principal: frozenset({"maker"}), lambda doc, of: doc, "/v1/boxes")
    operations: Operations[Resource] = Operations("boxes", "Boxes", BOX.commands())
    for command in (None, "ask"):
        options = {"command": command} if command else {}
        declare = operations.post(f"/v1/{command}", f"do{command}", "Do", who=ANYONE, answers={200: None}, **options)
        declare(lambda call: call.parts.command(call, at="box-1") and Answer({}))
    client = create_app(settings, operations, boxes, ready={}).test_client()

    assert client.post("/v1/None", headers=ida).status_code == 500
    assert toys.state() == "open"
    assert client.post("/v1/ask", headers=ida).status_code == 200
    assert toys.state() == "asking"


def test_a_route_past_the_operations_answers_nobody(app: Flask, ida: dict[str, str]) -> None:
    """A view added to the app by hand is 403, even with a token."""
    app.add_url_rule("/v1/backdoor", "backdoor", lambda: "open")

    assert app.test_client().get("/v1/backdoor", headers=ida).status_code == 403


def test_every_operation_asks_for_what_it_declares(app: Flask, client: FlaskClient) -> None:
    """Without a token everything is 401, save what is declared public; that is listed here."""
    public = {"/livez", "/readyz", "/metrics", "/v1/openapi/listing.json", "/v1/codes/<word:scheme>"}
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<uuid:id>", SOME_ID).replace("<word:scheme>", "NACE-2")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            status = client.open(path, method=method).status_code
            assert status == (200 if rule.rule in public else 401), f"{method} {path}"


def test_two_operations_of_one_id_are_refused(settings: Settings) -> None:
    """Metrics and documents go by it."""
    operations: Operations[None] = Operations("listing", "Listings")
    for path in ("/v1/a", "/v1/b"):
        operations.get(path, "same", "Same", who=ANYONE, answers={200: None})(lambda call: Answer({}))

    with pytest.raises(ValueError, match="one id"):
        create_app(settings, operations, None, ready={})


def test_a_subjects_views_see_their_slice_of_the_parts_alone(settings: Settings) -> None:
    """Operations of two subjects in one service; neither knows what the other works with."""
    whole: Operations[tuple[str, int]] = Operations("listing", "Both")
    names: Operations[str] = Operations("listing", "Names")
    numbers: Operations[int] = Operations("listing", "Numbers")
    names.get("/v1/name", "name", "A name", who=PUBLIC, answers={200: None})(lambda call: Answer({"is": call.parts}))
    numbers.get("/v1/number", "number", "One", who=PUBLIC, answers={200: None})(lambda call: Answer({"is": call.parts}))
    whole.include_slice(lambda parts: parts[0], names)
    whole.include_slice(lambda parts: parts[1], numbers)

    client = create_app(settings, whole, ("ida", 7), ready={}).test_client()

    assert [client.get(path).get_json() for path in ("/v1/name", "/v1/number")] == [{"is": "ida"}, {"is": 7}]


def test_what_the_schema_does_not_name_stays(client: FlaskClient, ida: dict[str, str], listing: dict[str, Any]) -> None:
    """The document's other fields never leave; what was created says where it is and which version."""
    response = client.post("/v1/listings", json=listing, headers=ida)

    said = response.get_json()
    assert response.status_code == 201
    assert said == {**listing, "seats": 1, "id": said["id"], "version": 1}
    assert response.headers["Location"] == f"/v1/listings/{said['id']}"
    assert response.headers["ETag"] == '"1"'


def test_an_answer_that_is_not_declared_is_our_mistake(settings: Settings, ida: dict[str, str]) -> None:
    """500, and a line in the log."""
    operations: Operations[None] = Operations("listing", "Listings")
    operations.get("/v1/a", "a", "A", who=ANYONE, answers={200: None})(lambda call: Answer({}, 299))
    client = create_app(settings, operations, None, ready={}).test_client()

    assert client.get("/v1/a", headers=ida).status_code == 500


def test_the_same_key_makes_the_same_id(
    client: FlaskClient, ida: dict[str, str], listing: dict[str, Any], parts: Any, ida_id: str
) -> None:
    """Without a key each is new; the fingerprint knows another body, and not another way to write the same."""
    with_key = {**ida, "Idempotency-Key": "k-1"}
    for headers, body in ((with_key, listing), (with_key, dict(reversed(listing.items()))), (ida, listing)):
        assert client.post("/v1/listings", json=body, headers=headers).status_code == 201
    client.post("/v1/listings", json={**listing, "seats": 2}, headers=with_key)

    first, again, without, other = parts.calls
    expected = command_id(ida_id, "POST", "/v1/listings", "k-1")
    assert first.command_id == again.command_id == other.command_id == expected
    assert without.command_id == without.command_id != expected
    assert first.fingerprint == again.fingerprint == without.fingerprint
    assert first.fingerprint != other.fingerprint


def test_path_words_and_ids(client: FlaskClient, ida: dict[str, str]) -> None:
    """A UUID in capitals is the same one; a word is a word."""
    response = client.post(f"/v1/listings/{SOME_ID.upper()}/submit", headers=ida)
    assert response.get_json()["id"] == SOME_ID

    assert client.get("/v1/codes/NACE-2").get_json() == {"scheme": "NACE-2"}
    assert client.get("/v1/codes/a%20b").status_code == 404


def test_a_query_is_read_as_strictly(client: FlaskClient, ida: dict[str, str], parts: Any) -> None:
    """Text becomes numbers and flags; a list may repeat; defaults are there."""
    client.get("/v1/listings?q=back+end&max_price=500&mine=true&help=coaching&help=reference", headers=ida)

    assert parts.calls[0].query == {
        "q": "back end",
        "max_price": 500,
        "mine": True,
        "help": ["coaching", "reference"],
        "limit": 20,
    }


def test_pages(client: FlaskClient, ida: dict[str, str], parts: Any) -> None:
    """The link keeps the filters, and its cursor brings back where the page ended."""
    first = client.get("/v1/listings?limit=2&q=a%26b&mine=false", headers=ida)
    link = first.headers["Link"]
    assert link.startswith("</v1/listings?limit=2&q=a%26b&mine=false&cursor=")
    assert link.endswith('>; rel="next"')
    assert [item["title"] for item in first.get_json()["items"]] == ["0", "1"]

    client.get(link[1 : link.index(">")], headers=ida)

    assert parts.calls[1].page.after == ["2027-01-01", SOME_ID]
    assert parts.calls[1].query["q"] == "a&b"
    assert first.get_json()["next"] in link


def test_a_person_who_asks_too_fast(settings: Settings, parts: Any, token: Callable[..., str]) -> None:
    """429 with Retry-After after the burst; somebody else goes on."""
    from tests.pure.http.conftest import declared

    slow = replace(settings, web=replace(settings.web, rate_per_second=1, rate_burst=3))
    client = create_app(slow, declared(), parts, ready={}).test_client()
    ida, udo = ({"Authorization": f"Bearer {token(sub=sub)}"} for sub in ("ida", "udo"))

    statuses = [client.get("/v1/listings", headers=ida).status_code for _ in range(4)]
    refused = client.get("/v1/listings", headers=ida)

    assert statuses == [200, 200, 200, 429]
    assert 1 <= int(refused.headers["Retry-After"]) <= 4
    assert refused.get_json(force=True)["type"].endswith("/too-many-requests")
    assert client.get("/v1/listings", headers=udo).status_code == 200
