"""Tests of one service on a real database, or of its parts."""
