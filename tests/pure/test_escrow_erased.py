"""What is written about an escrow once one of its people is forgotten: it is decided, and the words are not stored."""

from collections.abc import Callable

import pytest

from services.escrow.erasure import erase
from services.escrow.lifecycle import ESCROW
from shared.aggregate import Change
from tests.support.escrow import INSIDER, OFFER, Escrow

TEXT = "Mrs. Byrd of the second floor knows it all."
Written = Callable[[Escrow], object]


def forgotten(given: Escrow) -> Escrow:
    """The insider is forgotten, in this document."""
    change = Change(OFFER, ESCROW, given.document, given.clock.now())
    erase(change, INSIDER)
    given.document = change.document()
    return given


def lost() -> Escrow:
    """Paid out, then charged back."""
    given = Escrow().confirmed().work().wait(days=40)
    given.provider.charge_back(OFFER)
    return given.work()


def disputed() -> Escrow:
    given = Escrow().held()
    given.command("dispute", "seeker", reason=TEXT)
    return given


WRITTEN: dict[str, tuple[Callable[[], Escrow], Written, Callable[[Escrow], object], object]] = {
    "whose a loss is": (
        lost, lambda e: e.command("decide_loss", "operator", decision="write_off", reason=TEXT),
        lambda e: (e.document or {})["loss_decision"]["decision"], "write_off",
    ),
    "a dispute": (
        lambda: Escrow().held(), lambda e: e.command("dispute", "seeker", reason=TEXT),
        lambda e: (e.state, (e.document or {})["dispute"]["reason"]), ("disputed", "other"),
    ),
    "an arbiter's decision": (
        disputed, lambda e: e.command("resolve", "arbiter", decision="refund", reason=TEXT),
        lambda e: (e.document or {})["decisions"][0]["decision"], "refund",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRITTEN)
def test_words_about_who_was_forgotten_are_not_stored(what: str) -> None:
    """The decision, who made it and when are."""
    given, write, seen, expected = WRITTEN[what]
    escrow = forgotten(given())

    write(escrow)

    assert seen(escrow) == expected
    assert "Byrd" not in str(escrow.document)


@pytest.mark.parametrize("what", WRITTEN)
def test_before_that_they_are(what: str) -> None:
    """The test above would see them."""
    given, write, _, _ = WRITTEN[what]
    escrow = given()

    write(escrow)

    assert "Byrd" in str(escrow.document)
