"""Tests of what others rely on: events, schemas, generated pages."""
