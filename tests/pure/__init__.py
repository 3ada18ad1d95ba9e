"""Tests of pure code: microseconds each, no I/O."""
