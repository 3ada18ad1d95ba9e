"""What is generated from the code is what is committed."""

from deploy.docs.__main__ import stale


def test_generated_pages_are_fresh() -> None:
    """`python -m deploy.docs` would change nothing."""
    assert [path.name for path in stale()] == []
