"""The job that makes the databases' users, one a service: `python -m deploy.mongo.setup`; again changes nothing.

It comes in as MONGODB_ROOT_USERNAME (default root) with the password in SECRETS/mongodb_root_password. Each user stands
in SECRETS/mongodb_<user>_uri, the very URI the service is given: name, password, database and server are taken from it.
"""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError
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


def setup(environ: Mapping[str, str]) -> str:
    """Make or mend each user; one line of what was done. PyMongoError, OSError."""
    secrets = Path(environ.get("SECRETS") or "/run/secrets")
    uris = {user: (secrets / f"mongodb_{user}_uri").read_text().strip() for user in ROLES}
    root = _root(environ, secrets, parse_uri(uris[SERVICES[0]])["nodelist"][0])
    try:
        made = [user for user, uri in uris.items() if _set(root, user, uri)]
    finally:
        root.close()
    return f"mongodb: made {len(made)} users, {len(ROLES) - len(made)} were there"


def _root(environ: Mapping[str, str], secrets: Path, node: tuple[str, int | None]) -> Client:
    name = quote_plus(environ.get("MONGODB_ROOT_USERNAME") or "root")
    password = quote_plus((secrets / "mongodb_root_password").read_text().strip())
    host = f"{node[0]}:{node[1] or 27017}"
    client: Client = MongoClient(
        f"mongodb://{name}:{password}@{host}/?authSource=admin&directConnection=true", serverSelectionTimeoutMS=3000
    )
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


def _set(root: Client, user: str, uri: str) -> bool:
    """Bring a user to its URI and roles; whether it had to be made or given another password."""
    parsed = parse_uri(uri)
    home = root[str(parsed["options"].get("authSource") or parsed["database"] or "admin")]
    there = home.command("usersInfo", user).get("users") or []
    entitled = bool(there) and _roles(there[0]["roles"]) == _roles(ROLES[user])
    welcome = bool(there) and _lets_in(uri)
    if not (entitled and welcome):
        home.command("updateUser" if there else "createUser", user, pwd=parsed["password"], roles=ROLES[user])
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


def main() -> int:
    try:
        print(setup(os.environ))
    except (PyMongoError, OSError) as error:
        print(f"mongodb: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
