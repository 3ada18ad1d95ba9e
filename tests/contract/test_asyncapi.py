"""The AsyncAPI document says of each event what the broker and the catalogue do."""

import json

from deploy.docs import asyncapi
from deploy.kafka.topics import topics
from shared.events.catalogue import INTERNAL_NAMES, PUBLIC_NAMES
from tests.support.described import DOCUMENT

COMMITTED = json.loads(DOCUMENT.with_name("asyncapi.json").read_text("utf-8"))


def test_every_public_event_is_a_channel() -> None:
    """In AsyncAPI 3.0; what is between the services is in no channel."""
    assert COMMITTED["asyncapi"] == "3.0.0"
    assert COMMITTED["channels"].keys() == set(PUBLIC_NAMES)
    assert not INTERNAL_NAMES & COMMITTED["channels"].keys()
    assert {each["channel"]["$ref"] for each in COMMITTED["operations"].values()} == {
        f"#/channels/{name}" for name in PUBLIC_NAMES
    }


def test_retention_is_that_of_the_topics() -> None:
    """By the settings with which each topic is made."""
    made = {topic.name: topic.topic_configs for topic in topics()}
    for name, channel in COMMITTED["channels"].items():
        said = channel["bindings"]["kafka"]["topicConfiguration"]
        assert {key: str(said[key]) for key in ("retention.ms", "retention.bytes")}.items() <= made[name].items()
        assert "cleanup.policy" not in made[name]  # the broker's own, which is delete


def test_owner_and_headers_are_the_catalogues() -> None:
    """A reader takes an event from its owner alone; EventCatalog's two keys say that this side owns the contract."""
    for event in asyncapi.EVENTS:
        message = COMMITTED["components"]["messages"][f"{event.name}.v{event.version}"]
        known = message["headers"]["properties"]
        assert COMMITTED["channels"][event.name]["x-owner"] == event.owner
        assert known["ce_source"]["const"] == f"urn:good-golem:{event.owner}"
        assert known["ce_dataschema"]["const"].endswith(f"/{event.name}/{event.version}")
        assert (message["x-eventcatalog-message-type"], message["x-eventcatalog-role"]) == ("event", "provider")
