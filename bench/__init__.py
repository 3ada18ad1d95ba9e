"""Measures the system from outside: hires a second against the bare I/O of the same work, and how long a payout takes.

`python -m bench` prints, `paid.py` plays the hires, `bare.py` does the I/O without any rule. No figure here fails a
test.
"""
