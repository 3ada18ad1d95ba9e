"""The samples for other systems: each prints a real hire once, though it comes more than once, and goes on after that.

`.ci/samples` builds them; those that are not built are left out. On the embedded broker, so is the one that cannot read
from it.
"""

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

from deploy.embedded.ports import free_ports, is_free
from deploy.embedded.stack import Stack
from shared.messaging.ports import Message
from tests.stack.test_bus import KafkaBus
from tests.support import raw_records as raw
from tests.support.hires import Hires
from tests.support.processes import eventually
from tests.support.samples import running
from tests.support.topics import read_all

CODECS = sorted(raw.PACKED)


@pytest.fixture
def topic(stack: Stack) -> Iterator[str]:
    """A topic beside the real one, for what must not lie there."""
    bus = KafkaBus(stack.kafka)
    yield bus.topic(partitions=2)
    bus.close()


@pytest.mark.parametrize("sample", ["go-consumer", pytest.param("node-consumer", marks=pytest.mark.containers)])
def test_a_consumer_prints_each_hire_once_and_commits(
    stack: Stack, hires: Hires, topic: str, sample: str, tmp_path: Path
) -> None:
    hire = hires.one()
    [record] = [each for each in read_all(stack.kafka, ["hire.confirmed"]) if each.key.decode() == hire.offer_id]
    again = Message(topic, record.key, record.value, tuple(record.headers))
    no_events = [
        Message(topic, b"k", b"{}", ()),
        Message(topic, b"k", b"{}", (("ce_id", b"\xff"),)),
        Message(topic, b"k", None, (("ce_id", b"x"), (raw.Name(b"\xff\xfe"), b"x"))),
        another(again, "forged", ce_source="urn:good-golem:listing"),
        another(again, "newer", ce_dataschema="https://goodgolem.example/schemas/hire.confirmed/2"),
        *(replace(another(again, "broken"), value=value) for value in (b"{not json", b"[]", b"null", b"\xff", None)),
    ]
    raw.produce(stack.kafka, again, *no_events, again)
    for codec in CODECS:
        raw.produce(stack.kafka, another(again, codec), again, compression_type=codec)
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": stack.kafka,
        "GROUP_ID": secrets.token_hex(8),
        "TOPICS": f"hire.confirmed,{topic}",
    }
    wanted = {hire.offer_id, *CODECS}
    with running(sample, tmp_path, **settings) as first:
        eventually(lambda: wanted <= {line.split()[0] for line in first.lines()}, "it prints the hires", 30)
        eventually(lambda: len(first.aside(topic)) == len(no_events), "it puts aside what is no hire")
        first.stop()

    said = first.said()
    assert len(said) == len(set(said))
    assert f"{hire.offer_id} starts on {json.loads(record.value)['start_on']} confirmed by seeker" in said
    with running(sample, tmp_path, **settings) as second:
        raw.produce(stack.kafka, another(again, "after"))
        eventually(lambda: bool(second.lines()), "it prints the next hire", 30)
        second.stop()

    assert [line.split()[0] for line in second.said()] == ["after"]


def another(event: Message, name: str, **changed: str) -> Message:
    """Another hire in the form of a real one, its id and its offer's this name; `changed` are headers."""
    about = dict(event.headers) | {header: text.encode() for header, text in changed.items()} | {"ce_id": name.encode()}
    said = json.loads(event.value or b"{}") | {"offer_id": name}
    return replace(event, value=json.dumps(said).encode(), headers=tuple(about.items()))


@pytest.mark.parametrize("sample", ["python-receiver", "node-receiver"])
def test_a_receiver_prints_each_hire_once_and_takes_no_forgery(
    stack: Stack, hires: Hires, sample: str, tmp_path: Path
) -> None:
    port = next(free_ports())
    url = f"http://127.0.0.1:{port}/golem"
    hire = hires.active()
    hook = hire.insider.post("/v1/webhooks", {"url": url, "types": ["hire.*"]})
    path = f"/v1/webhooks/{hook['id']}"
    with running(sample, tmp_path, GOLEM=stack.gateway, WEBHOOK_SECRET=hook["secret"], PORT=str(port)) as receiver:
        eventually(lambda: not is_free(port), "it listens")
        hire.insider.post(f"{path}/test")
        hire.insider.wait_for(path, "active")
        hires.confirm(hire)
        eventually(lambda: any("confirmed by seeker" in line for line in receiver.lines()), "it prints the hire")
        [delivery] = hire.insider.get(f"{path}/deliveries", type="hire.confirmed")["items"]
        at = f"{path}/deliveries/{delivery['id']}"
        hire.insider.wait_for(at, "delivered")
        hire.insider.post(f"{at}/retry")
        hire.insider.wait(at, lambda doc: (len(doc["attempts"]), doc["status"]) == (2, "delivered"), "a second time")
        forged, unsigned = by_secret_alone(hook["secret"], url), httpx.post(url, content=b"{}").status_code

        assert [line.split()[0] for line in receiver.lines()] == [hire.offer_id]
        assert (forged, unsigned) == (400, 400)


def by_secret_alone(secret: str, url: str) -> int:
    """The answer to an event that someone made who learned the secret: v1 is right, v1a cannot be."""
    now = datetime.now(UTC)
    hire = {"offer_id": "forged", "start_on": "2027-02-01", "confirmed_by": "seeker"}
    body = json.dumps({"id": "forged", "type": "hire.confirmed", "data": hire})
    headers = {
        "webhook-id": "forged",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": f"{Webhook(secret).sign('forged', now, body)} v1a,{'A' * 86}==",
    }
    return httpx.post(url, content=body, headers=headers).status_code
