"""Each body, each answer and each event of the contract has an example out of a test that ran, and it fits."""

import json
from typing import Any

import pytest

from deploy.docs import asyncapi, openapi, webhooks
from deploy.docs.examples import PATH, recorded
from shared.events.catalogue import emit_data
from shared.events.cloudevents import decode
from tests.examples import fits, wanted
from tests.support.examples import REAL, Examples

WANTED = wanted()
HINT = "is not shown: test it over HTTP (tests/service); then `python -m tests.examples that_test.py`, `make generate`"


@pytest.mark.parametrize("key", WANTED)
def test_each_has_an_example_that_fits(key: str) -> None:
    """Its schema is the document's of now, closed where a body is; an event's is that by which it is emitted."""
    assert key in recorded(), f"{key} {HINT}"
    assert fits(key, WANTED[key], recorded()[key]), (
        f"{key} is not as its schema says now: run `python -m tests.examples`"
    )


def test_no_example_is_left_over() -> None:
    """What is gone from the contract is gone from its examples: `python -m tests.examples` takes it out."""
    assert sorted(recorded().keys() - WANTED.keys()) == []


def test_they_stand_in_the_document() -> None:
    paths = openapi.merged()["paths"]

    created = paths["/v1/listings"]["post"]
    assert created["requestBody"]["content"]["application/json"]["example"]["help"]
    assert created["responses"]["201"]["content"]["application/json"]["example"]["id"]


def test_nobody_is_in_them() -> None:
    """No token, and no address but those that belong to nobody."""
    text = PATH.read_text("utf-8")

    assert "eyJ" not in text
    assert REAL.findall(text) == []
    assert (
        REAL.search("a@acme.me") and REAL.search("a@example.org.me") and not REAL.search("a@b.example, a@example.org")
    )


def test_the_best_is_shown() -> None:
    """Of two the one with more members; of two alike the shorter; what is long only where there is nothing else."""
    seen = Examples()
    shown: list[Any] = []
    for data in (
        {"a": "x" * 5000, "b": 1, "c": 1},
        {"a": 1},
        {"a": 12, "b": None},
        {"a": 1, "b": 22},
        {"a": 1, "b": 2},
    ):
        seen.emitted("hire.confirmed", 1, data)
        shown.append(seen.best["hire.confirmed.v1"])

    assert [list(each.values())[-1] for each in shown] == [1, 1, 1, 22, 2]


@pytest.mark.parametrize("event", asyncapi.EVENTS, ids=lambda event: event.name)
def test_an_events_examples_are_records_and_bodies(event: Any) -> None:
    """The record is read as a subscriber reads it; a webhook's body has the same attributes and the same data."""
    import jsonschema

    message = asyncapi.document()["components"]["messages"][f"{event.name}.v{event.version}"]
    (example,) = message["examples"]
    key = example["headers"]["ce_subject"].encode()
    read = decode(
        key, json.dumps(example["payload"]).encode(), [(n, v.encode()) for n, v in example["headers"].items()]
    )
    posted = webhooks.described()[event.name]["post"]["requestBody"]["content"][webhooks.MEDIA]

    assert read.data == emit_data(event.name, example["payload"]) == posted["example"]["data"]
    jsonschema.validate(example["headers"], message["headers"], jsonschema.Draft202012Validator)
    jsonschema.validate(example["payload"], message["payload"], jsonschema.Draft202012Validator)
    jsonschema.validate(posted["example"], posted["schema"], jsonschema.Draft202012Validator)
