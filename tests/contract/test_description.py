"""What the description promises of answers: what is there, and nothing that stored data could break."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.http.declare import etag
from shared.http.request.idempotency import read_if_match
from tests.support.described import DOCUMENT, Answered, Described

ALL = json.loads(DOCUMENT.read_text("utf-8"))
OPERATIONS = [(path, method, each) for path, methods in ALL["paths"].items() for method, each in methods.items()]
BOUNDS = {"maxLength", "minLength", "maximum", "minimum", "maxItems", "minItems", "pattern", "uniqueItems"}


def schemas_of(value: Any, seen: set[str]) -> Iterator[dict[str, Any]]:
    """Every schema below, through references."""
    if isinstance(value, dict):
        ref = value.get("$ref", "")
        if ref.startswith("#/components/schemas/") and ref not in seen:
            seen.add(ref)
            yield from schemas_of(ALL["components"]["schemas"][ref.rpartition("/")[2]], seen)
        yield value
        for member in value.values():
            yield from schemas_of(member, seen)
    elif isinstance(value, list):
        for member in value:
            yield from schemas_of(member, seen)


@pytest.mark.parametrize("name", ALL["components"]["schemas"])
def test_each_schema_is_json_schema(name: str) -> None:
    """A type that is named twice is refused by the tools that make clients of it."""
    Draft202012Validator.check_schema(ALL["components"]["schemas"][name])


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=lambda each: str(each)[:60])
def test_an_answer_promises_what_is_there_and_no_bounds(path: str, method: str, operation: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        if "content" in answer:
            for schema in schemas_of(answer["content"], set()):
                assert not BOUNDS & schema.keys() or "properties" in schema, f"{status}: {schema}"
                assert schema.get("additionalProperties") is not False
                assert "properties" not in schema or schema.get("required"), f"{status}: {schema}"


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=lambda each: str(each)[:60])
def test_what_the_servers_answer_by_themselves_is_described(path: str, method: str, operation: dict[str, Any]) -> None:
    assert {"400", "413", "414", "417", "431", "500", "501", "503"} <= operation["responses"].keys()


@pytest.mark.parametrize("words", [["x" * 201], ["x" * 300] * 20, ["x" * 5000]])
def test_long_texts_are_answers(words: list[str]) -> None:
    """A duty has up to 300 characters when it is written; what is stored may be longer."""
    schema = ALL["components"]["schemas"]["Listing"]["properties"]["duties"]

    assert Described(ALL).fits(schema, words, "duties") is None


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/v1/me/contact", 418, {}),
        ("/v1/matches", 204, {}),
        ("/v1/me/preferences", 200, {"language": "en", "version": 1}),
        ("/v1/me/preferences", 200, {"language": "en", "version": "1", "mail": {}}),
        ("/v1/nothing", 200, {}),
    ],
)
def test_what_is_not_described_fails(path: str, status: int, body: Any) -> None:
    """The tests' client is no ornament."""
    answered = Answered("GET", path, status, {"Content-Type": "application/json"}, json.dumps(body).encode())

    with pytest.raises(AssertionError):
        Described(ALL).check(answered)


@pytest.mark.parametrize("header", ['"3"', "*", '"1", "2"', 'W/"3"', '"1","2" , "3"'])
def test_if_match_is_described_as_it_is_read(header: str) -> None:
    import re

    read_if_match(header)
    pattern = ALL["components"]["parameters"]["IfMatch"]["schema"]["pattern"]

    assert re.search(pattern, header) and not re.search(pattern, '"3')
    assert etag.TAGS in pattern


def test_signatures_and_scopes_are_described() -> None:
    headers = {
        path: [each["name"] for each in methods["post"]["parameters"] if each.get("in") == "header"]
        for path, methods in ALL["paths"].items()
        if path.startswith(("/v1/webhooks/provider", "/v1/webhooks/greenhouse"))
    }

    assert headers == {
        "/v1/webhooks/provider": ["Provider-Signature"],
        "/v1/webhooks/greenhouse/{employer}": ["Signature"],
    }
    assert "method and path" in ALL["components"]["parameters"]["IdempotencyKey"]["description"]


def test_a_refusal_that_may_pass_says_so() -> None:
    """404, 409, 429 and 503 have Retry-After and `x-ask-again`; no other refusal has."""
    for name, response in ALL["components"]["responses"].items():
        passes = any(status in name for status in ("404", "409", "429", "503"))
        assert passes == ("Retry-After" in response["headers"]) == ("x-ask-again" in response), name
    assert "404\nor 409 with `Retry-After`" in ALL["info"]["description"]


def test_the_document_says_whose_it_is() -> None:
    """What generators and readers need beside the operations; each tag that an operation has is described."""
    tags = {tag for _, _, each in OPERATIONS for tag in each["tags"]}

    assert ALL["servers"] and ALL["info"]["license"]["name"] == "Apache-2.0" and ALL["info"]["contact"]["url"]
    assert tags <= {tag["name"] for tag in ALL["tags"] if tag["description"]}


def test_bodies_are_closed_and_answers_open() -> None:
    """A body refuses what it does not name, but for notices in their senders' own form; answers and their lists may
    grow.
    """
    for path, method, each in OPERATIONS:
        if path in ("/v1/webhooks/provider", "/v1/webhooks/greenhouse/{employer}"):
            continue
        for media, content in each.get("requestBody", {}).get("content", {}).items():
            for schema in schemas_of(content, set()):
                assert "properties" not in schema or schema.get("additionalProperties") is False, (
                    f"{method} {path} {media}"
                )
    assert "x-extensible-enum" in ALL["components"]["schemas"]["Notification"]["properties"]["kind"]


def test_each_pattern_is_one_of_json_schema() -> None:
    """ECMA-262's, as clients and validators in other languages read it: no flag inside, no group of Python's own."""
    patterns = [each["pattern"] for each in schemas_of(ALL, set()) if isinstance(each.get("pattern"), str)]

    assert len(patterns) > 50
    assert [each for each in patterns if re.search(r"\(\?(?![:=!]|<[=!])|\\[AZz]", each)] == []
