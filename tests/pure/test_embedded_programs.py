"""What the processes of a stack are given."""

import pytest

from deploy.embedded.programs import _in_database


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("mongodb://h:1", "mongodb://h:1/books"),
        ("mongodb://h:1/", "mongodb://h:1/books"),
        ("mongodb://h:1/?w=1&j=true", "mongodb://h:1/books?w=1&j=true"),
        ("mongodb://h:1/other?w=1", "mongodb://h:1/books?w=1"),
        ("mongodb://u:p@h:1,i:2/?authSource=admin", "mongodb://u:p@h:1,i:2/books?authSource=admin"),
        ("mongodb://u:p@h:1/?w=1", "mongodb://u:p@h:1/books?w=1&authSource=admin"),
        ("mongodb://u:p@h:1/home", "mongodb://u:p@h:1/books?authSource=home"),
    ],
)
def test_a_database_in_a_uri(uri: str, expected: str) -> None:
    """The server, the options and where one logs in stay."""
    assert _in_database(uri, "books") == expected
