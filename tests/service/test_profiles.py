"""`python -m bench.profiles`: every request of which it says where the CPU goes is answered, ours and the floor's."""

from bench import profiles


def test_every_request_that_is_profiled_is_answered(mongo_server: str) -> None:
    """On a database with indexes: some searches name theirs. An answer that is no success raises."""
    with profiles.asks(mongo_server) as kinds:
        for ours, floor in kinds.values():
            ours()
            floor()
    assert {"POST a listing", "GET a listing", "GET a page of 20", "GET matches"} == {*kinds}
