"""Kafka by kafka-python: the ports of this package for one worker process. Made after the fork, one source a thread.

What kafka-python 3.0 needs and why stands in `docs/decisions/`. What a record means is not known here.
"""

from shared.messaging.kafka.connection import connection
from shared.messaging.kafka.lenient import Unreadable, lenient
from shared.messaging.kafka.letters import KafkaLetters
from shared.messaging.kafka.offsets import end_offsets, first_offsets, offsets_since
from shared.messaging.kafka.opening import opened, shut, using
from shared.messaging.kafka.publisher import KafkaPublisher
from shared.messaging.kafka.source import KafkaSource

__all__ = [
    "KafkaLetters", "KafkaPublisher", "KafkaSource", "Unreadable", "connection", "end_offsets", "first_offsets",
    "lenient", "offsets_since", "opened", "shut", "using",
]  # fmt: skip
