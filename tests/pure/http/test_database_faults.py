"""What a database's errors are to a client: 503 where the same may be taken later, 500 where the fault is ours."""

import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ExecutionTimeout,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteError,
)

from shared.http.problems import problem_of


@pytest.mark.parametrize(
    "error",
    [
        ServerSelectionTimeoutError("no servers"),
        AutoReconnect("closed"),
        NotPrimaryError("not primary"),
        ExecutionTimeout("too slow", 50),
        OperationFailure("internal server error", 1, {"ok": 0.0, "code": 1}),
        OperationFailure("something", 8),
        WriteError("No space left on device", 14031),
        OperationFailure("could not extend file", 16777244),
        OperationFailure("write conflict", 112),
        BulkWriteError({"writeErrors": [{"index": 0, "code": 14031, "errmsg": "No space left on device"}]}),
        BulkWriteError({"writeErrors": [{"code": 11000}, {"code": 1}], "writeConcernErrors": []}),
    ],
)
def test_what_the_server_could_not_do_may_be_sent_again(error: PyMongoError) -> None:
    """A full disk is no fault of the request's."""
    problem = problem_of(error)

    assert (problem.status, problem.headers["Retry-After"]) == (503, "2")


@pytest.mark.logs_errors
@pytest.mark.parametrize(
    "error",
    [
        OperationFailure("unknown operator", 2),
        OperationFailure("not authorized", 13),
        OperationFailure("no such command", 59),
        BulkWriteError({"writeErrors": [{"code": 11000}], "writeConcernErrors": []}),
        OperationFailure("no code at all"),
        BulkWriteError({"writeErrors": [{"code": 2}], "writeConcernErrors": []}),
        PyMongoError("whatever"),
    ],
)
def test_what_no_repeat_mends_is_a_fault_of_ours(error: PyMongoError) -> None:
    assert problem_of(error).status == 500
