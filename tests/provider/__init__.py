"""What every adapter of a payment provider must pass, written against the port alone.

An adapter brings a harness (`harness.Harness`) and an entry in `conftest.HARNESSES`; the tests stay as they are.
"""
