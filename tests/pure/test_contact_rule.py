"""What one of the two of an offer can write and the other can read holds no way to reach each other before they may."""

import pytest

from services.escrow.lifecycle import ESCROW
from services.matching.offer.lifecycle import OFFER
from services.matching.offer.views import view
from shared.aggregate import Lifecycle
from tests.support.canaries import OPERATIONS, Field, texts
from tests.support.matching import LETTER, Offer

PARTIES = {"insider", "seeker", "maker", "other"}
UNREAD: dict[Field, str] = {
    ("confirmHire", "/reason"): "an arbiter's; a party's is not kept",
    ("nameApplication", "/reference"): "the seeker's and staff's alone",
    ("claimHire", "/evidence/*/sha256"): "the seeker sees it only from when the help has begun",
    ("fundEscrow", "/source"): "nobody sees it but the provider",
}
"""What the other never reads, or not before."""


def written() -> list[tuple[Lifecycle, str, Field]]:
    """(table, command, field) of each text in a command that one of the two may give."""
    commands = {
        command: table
        for table in (OFFER, ESCROW)
        for command in table.commands()
        if any(PARTIES.intersection(row.by) for row in table.rows if row.trigger == command)
    }
    named = ((OPERATIONS[name].command, (name, pointer)) for name, pointer in sorted(texts()))
    return [(commands[command], command, field) for command, field in named if command in commands]


@pytest.mark.parametrize(
    ("table", "command", "field"),
    written(),
    ids=lambda each: each.name if isinstance(each, Lifecycle) else "".join(each),
)
def test_it_is_guarded_or_not_read(table: Lifecycle, command: str, field: Field) -> None:
    """In each row by which it may be given."""
    rows = [row for row in table.rows if row.trigger == command and PARTIES.intersection(row.by)]
    guarded = {("no-contact-data", field[1]) in {(each.rule, each.pointer) for each in row.guards} for row in rows}

    assert guarded == ({False} if field in UNREAD else {True})


def test_what_is_not_read_is_written() -> None:
    assert set(UNREAD) <= {field for _, _, field in written()}


def test_the_hash_of_a_document_is_the_seekers_to_see_once_the_help_has_begun() -> None:
    """Its digits are the insider's to choose; how good the claim's proof is, is seen before."""
    offer = Offer().claimed(LETTER)

    def seen(role: str) -> tuple[object, object]:
        (claim,) = view(offer.document or {}, frozenset({role}))["claims"]
        return claim["evidence"], claim["grade"]

    assert (seen("insider"), seen("arbiter"), seen("seeker")) == ((LETTER, 1), (LETTER, 1), ([], 1))
    offer.command("begin", "seeker")
    assert seen("seeker") == (LETTER, 1)


def test_the_hash_of_a_document_is_the_seekers_to_see_after_the_hire() -> None:
    offer = Offer().claimed(LETTER)
    offer.command("confirm_hire", "seeker", start_on="2027-01-20")

    assert view(offer.document or {}, frozenset({"seeker"}))["claims"][0]["evidence"] == LETTER
