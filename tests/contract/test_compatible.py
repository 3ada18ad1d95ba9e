"""Nobody who lives by the release before breaks: its OpenAPI and its events' schemas are kept in docs/released.

A release is kept by `python -m tests.release`. What is planted here breaks a contract in each way there is.
"""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.docs import changelog
from shared.events.catalogue import CATALOGUE
from shared.events.jsonschemas import json_schema
from shared.http.declare.merging import VERSION
from tests import release
from tests.support.compatible import breaks, event_breaks, refused
from tests.support.described import DOCUMENT
from tests.support.instances import instances

NOW = json.loads(DOCUMENT.read_text("utf-8"))
EVENTS_NOW = {f"{one.name}.v{one.version}": json_schema(one) for one in CATALOGUE.values() if not one.internal}
BEFORE, EVENTS_BEFORE = changelog.released()

OPENED = {
    (
        "Notification",
        "kind",
    ): "1.0.0 closed the list; there are as many kinds as events that are told, and they become more",
    ("Problem", "type"): "1.0.0 closed the list; a refusal is read by its status where its type is not known",
}
"""Lists of words that the release before closed by mistake: clients are told since that they grow."""


def opened(document: dict[str, Any]) -> dict[str, Any]:
    document = copy.deepcopy(document)
    for schema, member in OPENED:
        document["components"]["schemas"][schema]["properties"][member].pop("enum")
    return document


def test_no_client_of_the_release_before_breaks() -> None:
    """Give way: keep the old member beside the new one, let a body's member be optional, or make a /v2."""
    assert breaks(opened(BEFORE), NOW) == []


def test_no_reader_of_events_breaks() -> None:
    """Give way: an optional field beside the old one, or another version of the event (shared/events/catalogue.py)."""
    assert event_breaks(EVENTS_BEFORE, EVENTS_NOW) == []


def test_a_release_is_kept_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the documents are now; what is kept never changes."""
    monkeypatch.setattr(changelog, "FOLDER", tmp_path)

    assert (release.main(), release.main()) == (0, 1)
    assert breaks(json.loads((tmp_path / VERSION / "openapi.json").read_text("utf-8")), NOW) == []
    assert json.loads((tmp_path / VERSION / "events.json").read_text("utf-8")) == EVENTS_NOW


def test_each_decision_is_needed() -> None:
    for schema, member in OPENED:
        assert "enum" in BEFORE["components"]["schemas"][schema]["properties"][member]
        assert "x-extensible-enum" in NOW["components"]["schemas"][schema]["properties"][member]


def test_the_contract_has_a_version_of_its_own() -> None:
    """The release that is kept is older, within the same major version, and the changelog tells of both."""
    last, now = ([int(part) for part in version.split(".")] for version in (changelog.LAST, VERSION))
    told = changelog.page()

    assert last < now and last[0] == now[0]
    assert f"## {VERSION}" in told and f"## {changelog.LAST}" in told


def test_examples_are_examples() -> None:
    """What is generated of a schema fits it, all of it: else a break would hide, or be seen where there is none."""
    import re

    for name, schema in NOW["components"]["schemas"].items():
        renamed = {**schema, "x-other": 1}
        assert refused(schema, NOW["components"]["schemas"], renamed, NOW["components"]["schemas"]) == [], name
    words = {value["confirmed_by"] for value in instances(EVENTS_NOW["hire.confirmed.v1"], {})}
    assert words == {"seeker", "employer", "ats", "arbiter", "silence"}
    assert all(
        re.fullmatch("p_[0-9a-f]{32}", each["seeker"]) for each in instances(EVENTS_NOW["hire.confirmed.v1"], {})
    )


Plant = Callable[[Any], Any]


def schema(name: str, *path: Any) -> Callable[[dict[str, Any]], Any]:
    """That schema of a document, or what is below it."""

    def found(document: dict[str, Any]) -> Any:
        at = document["components"]["schemas"][name]
        for step in path:
            at = at[step]
        return at

    return found


def operation(path: str, method: str, *below: Any) -> Callable[[dict[str, Any]], Any]:
    def found(document: dict[str, Any]) -> Any:
        at = document["paths"][path][method]
        for step in below:
            at = at[step]
        return at

    return found


LISTING, NEW, ASKED = schema("Listing"), schema("NewListing"), operation("/v1/listings", "get")
PLANTED: dict[str, tuple[Callable[[dict[str, Any]], Any], Plant, str]] = {
    "an operation is gone": (lambda all_: all_["paths"]["/v1/listings"], lambda at: at.pop("get"), "is gone"),
    "an operation has another name": (ASKED, lambda at: at.update(operationId="find"), "another name"),
    "a token is needed": (ASKED, lambda at: at.update(security=[{"bearer": []}]), "needs a token"),
    "a parameter is gone": (ASKED, lambda at: at.update(parameters=[]), "parameter limit in query is refused"),
    "a parameter must be sent": (ASKED, lambda at: at["parameters"][0].update(required=True), "must be sent now"),
    "a parameter is narrowed": (
        ASKED,
        lambda at: [each["schema"].update(maximum=7) for each in at["parameters"] if each.get("name") == "limit"],
        "is greater than the maximum of 7",
    ),
    "a body's field is gone": (NEW, lambda at: at["properties"].pop("duties"), "'duties' was unexpected"),
    "a body's field must be sent": (NEW, lambda at: at["required"].append("seats"), "'seats' is a required property"),
    "a body's text is shorter": (
        NEW,
        lambda at: at["properties"]["title"].update(maxLength=119),
        "a body that was taken: $.title",
    ),
    "a body's type is narrowed": (NEW, lambda at: at["properties"]["leaving_on"].update(type="null"), "is not of type"),
    "a body's enum is closed": (
        schema("Pay", "properties", "per"),
        lambda at: at["enum"].remove("hour"),
        "'hour' is not one of",
    ),
    "a body must be sent": (
        operation("/v1/offers/{id}/cancel", "post", "requestBody"),
        lambda at: at.update(required=True),
        "a body must be",
    ),
    "a media type is not taken": (
        operation("/v1/listings", "post", "requestBody", "content"),
        lambda at: at.clear(),
        "is refused now",
    ),
    "an answer's field is gone": (
        LISTING,
        lambda at: (at["properties"].pop("title"), at["required"].remove("title")),
        "'title' is a required",
    ),
    "an answer's field may be missing": (LISTING, lambda at: at["required"].remove("title"), "'title' is a required"),
    "an answer's type is another": (
        LISTING,
        lambda at: at["properties"]["title"].update(type="integer"),
        "not of type",
    ),
    "an answer's type is wider": (
        LISTING,
        lambda at: at["properties"]["title"].update(type=["string", "null"]),
        "None is not of type 'string'",
    ),
    "an answer has an unknown word": (
        schema("Listing", "properties", "status"),
        lambda at: at["enum"].append("resting"),
        "'resting' is not one of",
    ),
    "another status": (
        operation("/v1/listings", "post", "responses"),
        lambda at: at.update({"202": at["201"]}),
        "answers 202 now",
    ),
    "a media type is not given": (
        operation("/v1/listings", "get", "responses", "200", "content"),
        lambda at: at.clear(),
        "is not application/json",
    ),
    "a header is gone": (
        operation("/v1/listings", "post", "responses", "201", "headers"),
        lambda at: at.pop("Location"),
        "201 without",
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_what_breaks_a_client_is_found(what: str) -> None:
    """Each is planted in a document that is otherwise as it was."""
    find, plant, says = PLANTED[what]
    broken = copy.deepcopy(BEFORE)
    plant(find(broken))

    assert any(says in line for line in breaks(BEFORE, broken)), breaks(BEFORE, broken)


HIRE = "hire.confirmed.v1"
BROKEN_EVENTS: dict[str, tuple[Plant, str]] = {
    "an event is gone": (lambda all_: all_.pop(HIRE), "is gone"),
    "a field is gone": (
        lambda all_: (all_[HIRE]["properties"].pop("seeker"), all_[HIRE]["required"].remove("seeker")),
        "a new one, read as before: $: 'seeker' is a required property",
    ),
    "a field may be missing": (lambda all_: all_[HIRE]["required"].remove("seeker"), "'seeker' is a required property"),
    "an old event lacks a field": (
        lambda all_: (all_[HIRE]["properties"].update(why={"type": "string"}), all_[HIRE]["required"].append("why")),
        "an old one, read as now: $: 'why' is a required property",
    ),
    "a type is narrowed": (
        lambda all_: all_[HIRE]["properties"]["evidence_grade"].update(maximum=2),
        "an old one, read as now: $.evidence_grade",
    ),
    "a type is another": (
        lambda all_: all_[HIRE]["properties"]["start_on"].update(type="integer"),
        "a new one, read as before: $.start_on",
    ),
    "an enum is closed": (
        lambda all_: all_[HIRE]["properties"]["confirmed_by"]["enum"].remove("ats"),
        "an old one, read as now: $.confirmed_by",
    ),
    "an enum has an unknown word": (
        lambda all_: all_[HIRE]["properties"]["confirmed_by"]["enum"].append("staff"),
        "'staff' is not one of",
    ),
}


@pytest.mark.parametrize("what", BROKEN_EVENTS)
def test_what_breaks_a_reader_of_events_is_found(what: str) -> None:
    plant, says = BROKEN_EVENTS[what]
    broken = copy.deepcopy(EVENTS_BEFORE)
    plant(broken)

    assert any(says in line for line in event_breaks(EVENTS_BEFORE, broken))


def test_what_only_adds_breaks_nobody() -> None:
    """Another operation, another optional member, wider bounds of a body, unknown members of an answer."""
    wider = copy.deepcopy(BEFORE)
    wider["paths"]["/v1/news"] = {"get": {**ASKED(wider), "operationId": "news"}}
    NEW(wider)["properties"] |= {"motto": {"type": "string"}, "title": {"type": "string", "maxLength": 140}}
    LISTING(wider)["properties"]["motto"] = {"type": "string"}
    LISTING(wider)["required"].append("motto")
    ASKED(wider)["parameters"].append({"name": "motto", "in": "query", "schema": {"type": "string"}})
    events = copy.deepcopy(EVENTS_BEFORE)
    events[HIRE]["properties"]["motto"] = {"type": "string"}

    assert breaks(BEFORE, wider) == []
    assert event_breaks(EVENTS_BEFORE, events) == []
