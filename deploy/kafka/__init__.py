"""Kafka from the operator's side: which topics there are and how long they retain events."""
