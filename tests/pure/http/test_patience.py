"""Retry-After on a 404 has an end, which a client that obeys it comes to."""

from uuid import NAMESPACE_DNS, uuid4, uuid5

import pytest

from shared.http.answer.patience import LONGEST, Patience
from shared.ids import new_id


class Seconds:
    """The client's time, as it goes by here."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


BY_KEY = str(uuid5(NAMESPACE_DNS, "a key"))


@pytest.mark.parametrize("document_id", [new_id(), BY_KEY], ids=["new", "by key"])
def test_a_client_that_obeys_comes_to_an_end(document_id: str) -> None:
    seconds, turns = Seconds(), 0
    patience = Patience(seconds)

    while (wait := patience.seconds("p_1", document_id)) is not None:
        seconds.now += wait
        turns += 1

    assert turns == LONGEST


@pytest.mark.parametrize(
    "document_id",
    [str(uuid4()), "00000000-0000-0000-0000-000000000000", "o-1", ""],
    ids=["random", "nil", "none", "empty"],
)
def test_what_was_never_made_here_will_not_come(document_id: str) -> None:
    """No id of ours is random."""
    assert Patience().seconds("p_1", document_id) is None


def test_each_person_has_their_own() -> None:
    """That somebody asked before says nothing to another."""
    seconds = Seconds()
    patience = Patience(seconds)
    assert patience.seconds("p_1", BY_KEY) == 1
    seconds.now += LONGEST

    assert patience.seconds("p_1", BY_KEY) is None
    assert patience.seconds("p_2", BY_KEY) == 1


def test_it_forgets_the_oldest() -> None:
    """What it remembers is bounded."""
    patience = Patience()
    for number in range(10_050):
        patience.seconds("p_1", str(uuid5(NAMESPACE_DNS, str(number))))

    assert len(patience._asked) == 10_000
