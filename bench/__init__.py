"""Measures the running system from outside, over HTTP, Kafka and the database, beside a floor in the same run.

A floor (`floors/`) does the same durable work without any rule: what no design on these servers can beat. A peer, also
in `floors/`, is how others would write it. Each file in `rows/` is one benchmark: it says what it measures, its floor
and its target. `python -m bench` runs them and prints the table; no figure fails a test.
"""
