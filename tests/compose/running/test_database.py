"""What the database must refuse, tried with real clients and real passwords."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy import COLLECTIONS, SERVICES

Client = MongoClient[dict[str, Any]]
USERS = (*SERVICES, "provider")


def test_nobody_is_anonymous(mongo: Callable[..., Client]) -> None:
    with pytest.raises(OperationFailure):
        mongo(None)["escrow"]["escrows"].find_one()
    with pytest.raises(OperationFailure):
        mongo(None)["escrow"]["escrows"].insert_one({})


def test_a_wrong_password_is_refused(mongo: Callable[..., Client]) -> None:
    with pytest.raises(OperationFailure):
        mongo("escrow", "wrong")["escrow"].command("ping")


@pytest.mark.parametrize(("user", "database"), [(u, d) for u, d in product(USERS, USERS) if u != d])
def test_another_services_data_is_refused(mongo: Callable[..., Client], user: str, database: str) -> None:
    """Neither read nor written nor dropped."""
    collection = mongo(user)[database][COLLECTIONS.get(database, "accounts")]

    with pytest.raises(OperationFailure):
        collection.find_one()
    with pytest.raises(OperationFailure):
        collection.insert_one({"_id": "intruder"})
    with pytest.raises(OperationFailure):
        collection.update_many({}, {"$set": {"state": "released"}})
    with pytest.raises(OperationFailure):
        mongo(user).drop_database(database)


@pytest.mark.parametrize("user", USERS)
def test_a_service_makes_no_users(mongo: Callable[..., Client], user: str) -> None:
    with pytest.raises(PyMongoError):
        mongo(user)[user].command("createUser", "friend", pwd="12345678", roles=[{"role": "root", "db": "admin"}])


@pytest.mark.parametrize("service", SERVICES)
def test_its_own_data_is_open_and_indexed(mongo: Callable[..., Client], service: str) -> None:
    """The refusals above are not those of a user who may nothing at all; and the job has made the indexes."""
    indexes = mongo(service)[service][COLLECTIONS[service]].index_information()

    keys = {index["key"][0][0] for index in indexes.values()}
    assert {"_id", "due_at", "outbox_at"} <= keys
