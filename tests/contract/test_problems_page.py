"""Every rule that a client can be refused by is named in one way, and explained on docs/problems.md."""

import re
from pathlib import Path

import pytest

from deploy.docs.openapi import SERVICES
from deploy.docs.problems import page
from deploy.docs.rules import ADVICE, ONLY, UNDER
from deploy.docs.rules_found import found
from services.escrow.lifecycle import ESCROW
from services.listing.lifecycle import LISTING
from services.matching.offer.lifecycle import OFFER
from shared.http.problems import CATALOGUE

RULE_IDS = sorted({place.rule for place in found()})


def test_every_rule_is_explained() -> None:
    """One that the code names and the page does not explain fails here; so does one that nobody names any more."""
    assert set(RULE_IDS) | {"null"} == set(ADVICE)


@pytest.mark.parametrize("rule", RULE_IDS)
def test_one_spelling(rule: str) -> None:
    """Kebab-case, as the problem types are."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule)


def test_the_lifecycles_guards_are_among_them() -> None:
    """Found by reading the source, they are those that the tables really have."""
    guards = {guard.rule for table in (LISTING, OFFER, ESCROW) for row in table.rows for guard in row.guards}

    assert guards <= set(RULE_IDS)


def test_a_rule_of_one_operation_stands_at_it_alone() -> None:
    """Whoever reads the page is not sent to operations that never refuse by it."""
    ids = {operation.id for operations in SERVICES.values() for operation in operations.all}
    cells = {line.split("`")[1]: line.split(" | ")[-2] for line in page().splitlines() if line.startswith("| `")}

    assert {each for those in ONLY.values() for each in those} <= ids and set(ONLY) <= set(RULE_IDS)
    assert {rule: cells[rule] for rule in ONLY} == {rule: ", ".join(sorted(those)) for rule, those in ONLY.items()}


def test_a_breach_stands_at_the_operations_of_its_guard() -> None:
    """A rule by place, and what a text may not hold, at what looks for it; none at a dozen."""
    cells = {line.split("`")[1]: line.split(" | ")[-2] for line in page().splitlines() if line.startswith("| `")}

    assert {rule: cells[rule] for rule in UNDER} == {rule: cells[guard] for rule, guard in UNDER.items()}
    assert [rule for rule in RULE_IDS if cells[rule].count(",") > 4] == []


def test_the_page_has_each() -> None:
    text = page()

    assert not [name for name in (*CATALOGUE, *RULE_IDS) if f"| `{name}` |" not in text]
    assert not [line for line in text.splitlines() if line.startswith("| `") and line.endswith("|  |")]


def test_no_source_spells_a_rule_otherwise() -> None:
    """A rule's id in snake case is found however it reaches the client."""
    services = Path(__file__).parents[2] / "services"
    calls = re.compile(r'(?:Violation|Refusal|Guard|Breach)\(\s*(?:"\w+",\s*)?"[a-z]+_[a-z_]+"')

    assert not [str(path) for path in services.rglob("*.py") if calls.search(path.read_text("utf-8"))]
