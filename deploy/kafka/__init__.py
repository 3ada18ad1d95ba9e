"""Kafka from the operator's side: which topics there are and how they are kept."""
