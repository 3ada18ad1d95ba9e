"""By which key and issuer people are named: the first process writes it down, no later one starts with others."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database

from shared.aggregate.naming import NamedOtherwise, Naming

KEY, OTHER = b"k" * 32, b"o" * 32
OURS = "https://id.example"


@pytest.fixture
def documents(database: Database[dict[str, Any]]) -> Collection[dict[str, Any]]:
    return database["documents"]


def refused(agree: Callable[[], None]) -> str:
    """The word that the refusal begins with, or nothing."""
    try:
        agree()
    except NamedOtherwise as error:
        return str(error).partition(":")[0]
    return ""


def test_the_same_again(documents: Any) -> None:
    for issuer in (None, OURS, OURS, None):
        Naming(documents, KEY, issuer).agree()

    assert documents.count_documents({}) == 1
    assert KEY.decode() not in str(documents.find_one())


@pytest.mark.parametrize(
    "issuer", ["https://id.example/", "https://ID.example", "http://id.example", "https://evil.example"]
)
def test_another_issuer(documents: Any, issuer: str) -> None:
    """Every other spelling makes other pseudonyms."""
    Naming(documents, KEY, OURS).agree()

    with pytest.raises(NamedOtherwise, match=rf"TOKEN_ISSUER.*{OURS}.*PSEUDONYM_ISSUER={OURS}"):
        Naming(documents, KEY, issuer).agree()
    assert refused(Naming(documents, KEY, OURS).agree) == ""


@pytest.mark.parametrize("first", [None, OURS])
@pytest.mark.parametrize("then", [None, OURS, "https://evil.example"])
def test_another_key(documents: Any, first: str | None, then: str | None) -> None:
    """Whoever comes first, worker or web process; what is written down stays."""
    Naming(documents, KEY, first).agree()
    before = documents.find_one()

    assert refused(Naming(documents, OTHER, then).agree) == "PSEUDONYM_KEY"
    assert documents.find_one() == before


def test_many_at_once(documents: Any) -> None:
    """Of two issuers one is written down, and every process of the other is refused."""
    issuers = [OURS, "https://evil.example"] * 10
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda issuer: refused(Naming(documents, KEY, issuer).agree), issuers))

    won = documents.find_one()["issuer"]
    assert answers == ["" if issuer == won else "TOKEN_ISSUER" for issuer in issuers]


def test_a_database_that_is_away(documents: Any) -> None:
    """It is not agreed until the database answers, and then for good."""
    with MongoClient[dict[str, Any]]("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=50) as nobody:
        assert not Naming(nobody["x"]["documents"], KEY, OURS).agreed()
    Naming(documents, KEY, OURS).agree()

    assert Naming(documents, KEY, OURS).agreed()
    assert not Naming(documents, KEY, "https://evil.example").agreed()
