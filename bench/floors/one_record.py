"""The floor of a payout's latency: one record produced with acknowledgement, and read by a raw consumer."""

import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition


def latencies(kafka: str, topic: str, count: int) -> list[float]:
    """Seconds from sending each of `count` records to reading it, one after the other."""
    producer = KafkaProducer(bootstrap_servers=[kafka], acks="all", enable_idempotence=True, linger_ms=0)
    consumer = KafkaConsumer(bootstrap_servers=[kafka], enable_auto_commit=False)
    try:
        place = TopicPartition(topic, 0)
        consumer.assign([place])
        consumer.seek_to_end(place)
        consumer.position(place)
        producer.send(topic, key=b"0", value=b"{}").get(timeout=30)
        while not consumer.poll(timeout_ms=1000):
            pass
        found = []
        for number in range(count):
            began = time.monotonic()
            producer.send(topic, key=str(number).encode(), value=b"x" * 400)
            while not consumer.poll(timeout_ms=1000):
                pass
            found.append(time.monotonic() - began)
        return found
    finally:
        consumer.close(autocommit=False)
        producer.close(timeout=5)
