"""What is generated from the code is what is committed."""

from deploy.docs.__main__ import stale


def test_generated_pages_are_fresh() -> None:
    """`make generate` would change none of these; of event schemas and manifests other tests say so."""
    assert [path.name for path in stale()] == []
