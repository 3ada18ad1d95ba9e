"""The steps that the page of a deal offers: what the API requires of each is asked for by its form."""

import re

import pytest

from deploy.gateway import SITE
from services.escrow.api import operations as of_escrow
from services.escrow.lifecycle import ESCROW
from services.matching.api import operations as of_matching
from services.matching.offer.lifecycle import OFFER

STEPS = (SITE / "app" / "steps.js").read_text("utf-8")
PLAIN = (
    "acceptOffer", "beginOffer", "declineOffer", "rejectHire", "withdrawDispute", "withdrawOffer",
)  # fmt: skip
"""Those that nothing is said with: a button alone."""


def required() -> dict[str, set[str]]:
    """{operation: what its body must have}, of each that `explain` of an offer or an escrow may name."""
    return {
        each.id: {name for name, field in each.body.load_fields.items() if field.required} if each.body else set()
        for declared, lifecycle in ((of_matching, OFFER), (of_escrow, ESCROW))
        for each in declared.all
        if each.command in lifecycle.commands() and re.match(r"/v1/(offers|escrows)/\{", each.path)
    }


def forms() -> dict[str, set[str]]:
    """{operation: what its form sends}: what its `body` says, or where it has none, its controls."""
    block = STEPS.split("const FORMS = {\n")[1].split("\n};\n")[0]
    entries = re.split(r"(?m)^  (\w+): \{", block)[1:]
    found = {}
    for name, text in zip(entries[::2], entries[1::2], strict=True):
        controls, *sends = re.split(r"(?m)^    (?:async )?body\b", text)
        made = set(re.findall(r'\bname="(\w+)"|\b(?:date|text)\(page, \'(\w+)\'', controls))
        found[name] = set(re.findall(r"\w+", sends[0])) if sends else {one or other for one, other in made}
    return found


@pytest.mark.parametrize("operation", sorted(required()))
def test_a_step_asks_for_what_its_operation_requires(operation: str) -> None:
    if operation in PLAIN:
        assert operation not in forms()
        assert required()[operation] == set()
    else:
        assert required()[operation] <= forms()[operation]


def test_each_form_and_each_place_is_of_a_step() -> None:
    placed = STEPS.split("const ORDER = [\n")[1].split("];\n")[0]

    assert set(forms()) | set(PLAIN) == set(required())
    assert sorted(re.findall(r"'(\w+)'", placed)) == sorted(required())
