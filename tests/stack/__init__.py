"""Tests on real processes: a broker, a database, the whole system."""
