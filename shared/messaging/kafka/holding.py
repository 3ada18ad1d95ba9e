"""Does the broker hold back fetches that find nothing? Apache Kafka does, for half a second; the embedded one not."""

import logging
from collections.abc import Mapping

from kafka import KafkaConsumer

log = logging.getLogger(__name__)
Metrics = Mapping[str, Mapping[str, float]]
_HELD_MS, _NOT_HELD_MS = 100.0, 20.0
"""How long fetches take on average where a broker holds back those that find nothing, and where it does not. Between
the two it is not known: records may come often.
"""


def metrics_of(consumer: KafkaConsumer) -> Metrics | None:
    """None where the client gives none: what it gives is not promised."""
    try:
        found: Metrics | None = consumer.metrics()
    except Exception as error:
        log.info("the consumer has no metrics", extra={"error": type(error).__name__})
        return None
    return found


def is_held(metrics: Metrics | None, before: bool) -> bool:
    """Whether the broker holds back fetches that find nothing, by the consumer's metrics; as `before` where they do not
    tell.
    """
    took = (metrics or {}).get("consumer-fetch-manager-metrics", {}).get("fetch-latency-avg", float("nan"))
    if took >= _HELD_MS:
        return True
    return before and not 0 < took < _NOT_HELD_MS
