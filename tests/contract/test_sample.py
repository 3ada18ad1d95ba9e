"""The sample of docs/events.md does what the page says, also where others have written what it cannot read."""

import subprocess
import sys
import time
from pathlib import Path

from shared.messaging.ports import Message
from tests.stack.test_bus import KafkaBus
from tests.support import raw_records as raw

PAGE = Path(__file__).parents[2] / "docs" / "events.md"


def hire(topic: str, name: str, *more: tuple[str, bytes]) -> Message:
    about = {
        "ce_source": "urn:good-golem:matching",
        "ce_subject": name,
        "ce_id": name,
        "ce_dataschema": "https://goodgolem.example/schemas/hire.confirmed/1",
    }
    value = b'{"start_on": "2027-02-01", "confirmed_by": "seeker"}'
    return Message(topic, name.encode(), value, (*((n, v.encode()) for n, v in about.items()), *more))


def test_the_sample_reads_on_behind_what_it_cannot_parse(kafka_server: str) -> None:
    bus = KafkaBus(kafka_server)
    topic = bus.topic(partitions=2)
    odd = (raw.Name(b"\xff\xfe"), b"x")
    raw.produce(kafka_server, hire(topic, "first"), hire(topic, "packed"), compression_type="lz4")
    for number in range(3):
        raw.produce(kafka_server, hire(topic, f"odd-{number}", odd))
    raw.produce(kafka_server, Message(topic, b"j", b"{}", (("ce_id", b"\xff"),)), Message(topic, b"k", b"{}"))
    raw.produce(kafka_server, hire(topic, "last"))
    sample = PAGE.read_text().split("```python\n")[1].split("```")[0]
    sample = sample.replace("localhost:9092", kafka_server).replace('"hire.confirmed"', repr(topic))
    sample = sample.replace("my-hr-system", f"g-{topic}")
    process = subprocess.Popen([sys.executable, "-u", "-c", sample], stdout=subprocess.PIPE, text=True)
    try:
        said: list[str] = []
        until = time.monotonic() + 40
        assert process.stdout
        while len(said) < 8 and time.monotonic() < until and (line := process.stdout.readline()):
            said.append(line)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        bus.close()

    assert sorted(line.split()[0] for line in said if "starts on" in line) == ["first", "last", "packed"]
    assert sum(line.startswith("cannot be read") for line in said) == 3
    assert sum(line.startswith("is no event") for line in said) == 2
