"""Between the documents and Kafka: the relay (outbox to topics), the consumer loop (topics to documents), dead letters.

One concern a file. `ports.py` says what of a broker is needed; `kafka/` is that on kafka-python, made after the
fork and used by worker processes alone. What an event means is the services' (`handlers.py`); what it looks like is
`shared.events`.
"""
