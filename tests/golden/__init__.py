"""Texts as people get them, committed to be read: each mail in each language, with a value of its own in each place.

`tests/pure/test_golden.py` compares. Where a text was meant to change, `python -m tests.golden` writes the files anew,
and who reviews reads what changed.
"""
