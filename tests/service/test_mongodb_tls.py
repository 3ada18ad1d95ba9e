"""The database over TLS: by the URI's own options, for a service as for database-setup.

Neither ground's server has TLS, so a relay in front of it has: the client's half is real.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from deploy.mongo.setup import ROLES, setup
from shared.aggregate.store import open_store
from shared.clock import SystemClock
from shared.settings import load
from tests.support.certificates import Authority
from tests.support.tls_relay import tls_relay

Secure = Callable[..., str]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def secure(mongo_server: str, authority: Authority) -> Iterator[Secure]:
    """secure(ca, certificate): the URI of the ground's database behind TLS, with that TLS."""
    parsed = parse_uri(mongo_server)
    login = mongo_server.partition("://")[2].rpartition("@")[0]
    with tls_relay(authority, *parsed["nodelist"][0]) as port:

        def uri(ca: Path, certificate: Path | None, user: str = login, database: str = "") -> str:
            shown = f"&tlsCertificateKeyFile={certificate}" if certificate else ""
            options = "directConnection=true&serverSelectionTimeoutMS=1500&retryWrites=false"
            source = f"&authSource={database or 'admin'}" if user else ""
            who = f"{user}@" if user else ""
            return f"mongodb://{who}127.0.0.1:{port}/{database}?tls=true&tlsCAFile={ca}{shown}&{options}{source}"

        yield uri


def _asked(uri: str, database: str) -> Any:
    environ = {"MONGODB_URI": uri, "MONGODB_DATABASE": database}
    store = open_store(load("listing", environ=environ).mongodb, "things", SystemClock())
    try:
        store.collection.insert_one({"_id": "a"})
        return store.collection.find_one()
    finally:
        store.collection.database.client.close()


def test_a_service_works_over_tls(secure: Secure, authority: Authority, database: Any) -> None:
    """With an authority of its own and a client's certificate."""
    uri = secure(authority.ca_file, authority.issued("listing"))

    assert _asked(uri, database.name) == {"_id": "a"}


@pytest.mark.parametrize("how", ["another authority for the server", "no certificate", "another authority's"])
def test_who_should_not_come_in_is_refused(
    secure: Secure, authority: Authority, database: Any, how: str, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other")
    uri = {
        "another authority for the server": secure(other.ca_file, authority.issued("listing")),
        "no certificate": secure(authority.ca_file, None),
        "another authority's": secure(authority.ca_file, other.issued("listing")),
    }[how]

    with pytest.raises(PyMongoError):
        _asked(uri, database.name)


@pytest.mark.containers
def test_database_setup_makes_the_users_over_tls(
    secure: Secure, authority: Authority, mongo_server: str, tmp_path: Path
) -> None:
    """Acknowledged by a majority; again it changes nothing, and a user whose URI has no password is left alone."""
    mine = authority.issued("setup")
    for user in ROLES:
        database = "admin" if user == "operator" else user
        login = user if user == "notify" else f"{user}:password-of-{user}"
        (tmp_path / f"mongodb_{user}_uri").write_text(secure(authority.ca_file, mine, login, database))
    (tmp_path / "mongodb_root_password").write_text(str(parse_uri(mongo_server)["password"]))

    first, second = (setup({"SECRETS": str(tmp_path)}) for _ in range(2))

    others = ", 1 have no password and are left alone"
    assert first == f"mongodb: made {len(ROLES) - 1} users, 0 were there{others}"
    assert second == f"mongodb: made 0 users, {len(ROLES) - 1} were there{others}"
    assert _asked((tmp_path / "mongodb_listing_uri").read_text(), "listing") == {"_id": "a"}
    with pytest.raises(PyMongoError):
        _asked((tmp_path / "mongodb_listing_uri").read_text(), "escrow")
