"""The job that makes the databases' users, one a service: `python -m deploy.mongo.setup`; again changes nothing.

With `root` it gives the root user the password in SECRETS instead, and comes in by the one before, from standard input.

It comes in as MONGODB_ROOT_USERNAME (default root) with the password in SECRETS/mongodb_root_password. Each user stands
in SECRETS/mongodb_<user>_uri, the very URI the service is given: name, password and database are taken from it, and of
listing's the servers, a replica set's name and TLS. Whose URI has no password (MONGODB-X509) is made by somebody else.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from deploy import SERVICES

Client = MongoClient[dict[str, Any]]

OPERATOR = "operator"

ROLES: Mapping[str, list[dict[str, str]]] = {
    **{service: [{"role": "readWrite", "db": service}] for service in SERVICES},
    # The sandbox provider's own books; escrow's worker alone is given this user.
    "provider": [{"role": "readWrite", "db": "provider"}],
    # Who looks whether all is well compares the provider's books, too.
    OPERATOR: [*({"role": "readWrite", "db": service} for service in SERVICES), {"role": "read", "db": "provider"}],
}
"""Each user and its roles: a service's is of its own database alone."""

_PATIENCE = 60.0
_OF_A_USER = re.compile(r"(authSource|authMechanism|authMechanismProperties)=", re.IGNORECASE)
_ON_MOST = {"w": "majority"}
"""A replica set forgets no user whom it has acknowledged; one server alone is its own majority."""


def setup(environ: Mapping[str, str]) -> str:
    """Make or mend each user; one line of what was done. PyMongoError, OSError."""
    secrets = Path(environ.get("SECRETS") or "/run/secrets")
    uris = {user: (secrets / f"mongodb_{user}_uri").read_text().strip() for user in ROLES}
    ours = {user: uri for user, uri in uris.items() if _has_password(uri)}
    root = _root(as_root(environ, secrets, uris[SERVICES[0]]))
    try:
        made = [user for user, uri in ours.items() if _patiently(partial(_set, root, user, uri))]
    finally:
        root.close()
    others = f", {len(uris) - len(ours)} have no password and are left alone" if len(uris) > len(ours) else ""
    return f"mongodb: made {len(made)} users, {len(ours) - len(made)} were there{others}"


def change_root(environ: Mapping[str, str], former: str) -> str:
    """Give the root user its new password, by its `former` one; one line of what was done. PyMongoError, OSError."""
    secrets = Path(environ.get("SECRETS") or "/run/secrets")
    uri = (secrets / f"mongodb_{SERVICES[0]}_uri").read_text().strip()
    if _lets_in(as_root(environ, secrets, uri)):
        return "mongodb: root had its new password already"
    root: Client = MongoClient(as_root(environ, secrets, uri, former))
    try:
        new = (secrets / "mongodb_root_password").read_text().strip()
        name = environ.get("MONGODB_ROOT_USERNAME") or "root"
        root.admin.command("updateUser", name, pwd=new, writeConcern=_ON_MOST)
    finally:
        root.close()
    return "mongodb: root has its new password"


def as_root(environ: Mapping[str, str], secrets: Path, uri: str, former: str | None = None) -> str:
    """A service's URI with the root user's login in place of the service's: the same servers, set and TLS."""
    name = quote_plus(environ.get("MONGODB_ROOT_USERNAME") or "root")
    password = quote_plus((secrets / "mongodb_root_password").read_text().strip() if former is None else former)
    scheme, _, rest = uri.partition("://")
    path, _, options = rest.partition("?")
    hosts = path.rpartition("@")[2].partition("/")[0]
    kept = [option for option in options.split("&") if option and not _OF_A_USER.match(option)]
    return f"{scheme}://{name}:{password}@{hosts}/?{'&'.join([*kept, 'authSource=admin'])}"


def _has_password(uri: str) -> bool:
    return ":" in uri.partition("://")[2].partition("?")[0].rpartition("@")[0]


def _root(uri: str) -> Client:
    client: Client = MongoClient(uri, serverSelectionTimeoutMS=3000)
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            client.admin.command("ping")
            return client
        except PyMongoError:
            if time.monotonic() > deadline:
                client.close()
                raise
            time.sleep(0.5)


def _patiently(ask: Callable[[], bool]) -> bool:
    """Ask again while the server is away, slow or elects, for up to a minute. PyMongoError."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return ask()
        except ConnectionFailure:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _set(root: Client, user: str, uri: str) -> bool:
    """Bring a user to its URI and roles; whether it had to be made or given another password."""
    parsed = parse_uri(uri)
    home = root[str(parsed["options"].get("authSource") or parsed["database"] or "admin")]
    there = home.command("usersInfo", user).get("users") or []
    entitled = bool(there) and _roles(there[0]["roles"]) == _roles(ROLES[user])
    welcome = bool(there) and _lets_in(uri)
    if not (entitled and welcome):
        made = {"pwd": parsed["password"], "roles": ROLES[user]}
        home.command("updateUser" if there else "createUser", user, **made, writeConcern=_ON_MOST)
    return not welcome


def _roles(roles: list[dict[str, str]]) -> set[tuple[str, str]]:
    return {(each["role"], each["db"]) for each in roles}


def _lets_in(uri: str) -> bool:
    client: Client = MongoClient(uri)
    try:
        client[parse_uri(uri)["database"] or "admin"].command("connectionStatus")
    except OperationFailure:
        return False
    finally:
        client.close()
    return True


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["root"]):
        print("usage: python -m deploy.mongo.setup [root < FORMER-PASSWORD]", file=sys.stderr)
        return 64
    try:
        print(change_root(os.environ, sys.stdin.read().strip()) if arguments else setup(os.environ))
    except (PyMongoError, OSError) as error:
        print(f"mongodb: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
