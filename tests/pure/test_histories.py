"""The history of a deal: complete and in order for every way that the tables of offers and escrows know, in words of
each language, and with nothing in it that the other side may not read.
"""

import string
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.escrow import history as of_escrow
from services.escrow.lifecycle import ESCROW
from services.matching.offer import history as of_offer
from services.matching.offer.lifecycle import OFFER
from shared.aggregate import Document, Refusal, Row
from shared.aggregate.history import ACTORS, happened, is_whole
from shared.http.answer.html import LANGUAGES
from shared.http.answer.pages import encode
from tests.support.paths import Situation, Table
from tests.support.tables import ESCROWS, OFFERS
from tests.support.web import Caller, problem
from tests.support.whole import Whole

History = Callable[[Document, frozenset[str], str], list[dict[str, Any]]]
OF: dict[str, tuple[Table, History, frozenset[str]]] = {
    "offer": (OFFERS, of_offer.history, frozenset({"arbiter", "moderator"})),
    "escrow": (ESCROWS, of_escrow.history, frozenset({"arbiter", "operator"})),
}
PHRASES = {"offer": of_offer.PHRASES, "escrow": of_escrow.PHRASES}
HIDDEN: dict[str, dict[str, set[str]]] = {
    "offer": {
        "name_application": {"seeker", "arbiter", "moderator"},
        "remove_review_text": {"arbiter", "moderator"},
    },
    "escrow": {"decide_loss": {"arbiter", "operator"}},
}
"""{step: who reads it}, of those that not everybody does; once more, by hand."""
LIFECYCLES = {"offer": OFFER, "escrow": ESCROW}
Told = tuple[str, str]
"""(what, status after it)."""


@dataclass(frozen=True)
class Way:
    """A situation, the document with its events, and what the rows taken on the way say that must be told."""

    situation: Situation
    events: tuple[dict[str, Any], ...] = ()
    must: tuple[Told, ...] = ()

    @property
    def document(self) -> Document:
        return {**(self.situation.document or {}), "events": list(self.events)}


def said_of(row: Row, state: str) -> list[Told]:
    """What a row that is taken puts into the history, read from the table."""
    if row.events:
        return [(event.type, event.status or state) for event in row.events]
    return [(row.trigger, state)] if row.to is not None or row.recorded else []


def walked(table: Table) -> Iterator[Way]:
    """Each row taken in each unlike situation, that one reached by a shortest path."""
    start = Way(Situation())
    seen: set[Hashable] = {table.alike(start.situation)}
    queue = deque([start])
    while queue:
        for then in _next(table, queue.popleft()):
            yield then
            if (key := table.alike(then.situation)) not in seen:
                seen.add(key)
                queue.append(then)


def _next(table: Table, one: Way) -> Iterator[Way]:
    if one.situation.document:
        yield from (Way(each, one.events, one.must) for each in table.besides(one.situation))
    for who, trigger in table.attempts(one.situation):
        try:
            folded = table.fold(one.situation, trigger)
        except Refusal:
            continue
        if folded.verdict.outcome not in ("taken", "parked"):
            continue
        must, state = list(one.must), one.situation.state
        for row in folded.rows:
            state = row.to or state
            must += said_of(row, state)
        step = (*one.situation.path, f"{trigger.name} ({who})")
        then = Situation(folded.document, folded.change.now, step)
        yield Way(then, (*one.events, *folded.events), tuple(must))


@pytest.fixture(scope="module")
def ways() -> dict[str, list[Way]]:
    return {name: list(walked(table)) for name, (table, _, _) in OF.items()}


@pytest.mark.parametrize("name", OF)
def test_each_outcome_is_told_whole_and_in_order(ways: dict[str, list[Way]], name: str) -> None:
    """Each row taken that emits, moves or is recorded has its item, once, where it belongs."""
    table, history, staff = OF[name]
    states = set()
    for one in ways[name]:
        states.add(one.situation.state)
        told, about = happened(one.document), one.situation.path
        assert [(each.what, each.status) for each in told] == list(one.must), about
        assert [each.at for each in told] == sorted(each.at for each in told), about
        if one.situation.state != "new":
            assert is_whole(one.document), about
        for language in LANGUAGES:
            items = history(one.document, staff, language)
            assert [each["what"] for each in items] == [what.removeprefix("timer:") for what, _ in one.must], about
            assert {each["by"] for each in items} <= {*ACTORS}, about

    assert states >= set(table.lifecycle.final)


@pytest.mark.parametrize("name", OF)
def test_there_are_words_for_each_row(name: str) -> None:
    """In each language, with the same fields, and for nothing else."""
    rows = LIFECYCLES[name].rows
    wanted = {what for row in rows for what, _ in said_of(row, "")}
    phrases = PHRASES[name]

    assert wanted - phrases.keys() == set()
    for key, texts in phrases.items():
        assert tuple(texts) == LANGUAGES, key
        assert len({_fields(text) for text in texts.values()}) == 1, key
    sentences = {key for key, texts in phrases.items() if texts["en"].endswith(".")}
    assert {key for key in sentences if not any(key == what or key.startswith(f"{what}.") for what in wanted)} == set()


def _fields(text: str) -> tuple[str, ...]:
    return tuple(sorted(name for _, name, _, _ in string.Formatter().parse(text) if name and name != "who"))


@pytest.mark.parametrize("name", OF)
def test_no_item_says_more_than_the_document_shows(ways: dict[str, list[Way]], name: str) -> None:
    """No pseudonym; steps of one side are not in the other's, nor counted there; nothing written is there once one of
    the two was forgotten.
    """
    _, history, staff = OF[name]
    hidden = HIDDEN[name]
    met = set()
    for one in ways[name]:
        for role in ("insider", "seeker", *staff):
            items = history(one.document, frozenset({role}), "en")
            assert "p_" not in "".join(each["words"] for each in items)
            for what, seers in hidden.items():
                assert role in seers or what not in {each["what"] for each in items}, one.situation.path
            met |= {(each["what"], role) for each in items if each["what"] in hidden}
        gone = {**one.document, "erased_at": one.situation.now}
        assert not any("text" in each for each in history(gone, staff | {"insider"}, "en"))

    assert met == {(what, role) for what, seers in hidden.items() for role in seers}


# -- over HTTP


@pytest.fixture
def whole(tmp_path: Path) -> Whole:
    return Whole(tmp_path)


def asked(whole: Whole, service: str, sub: str, path: str, *roles: str, **headers: str) -> dict[str, Any]:
    answer = Caller(whole.apps[service], sub, roles).get(path, **headers)
    assert answer.status_code == 200, answer.get_json()
    said: dict[str, Any] = answer.get_json()
    return said


def test_a_hire_from_the_offer_to_the_payout(whole: Whole) -> None:
    """Both histories tell it, in the caller's language, with amounts and days written for people."""
    offer_id = whole.hired(whole.published(), "bo")
    of_deal = f"/v1/offers/{offer_id}/history"

    english = asked(whole, "matching", "anna", of_deal)
    assert [(each["what"], each["by"]) for each in english["items"]] == [
        ("offer.made", "seeker"), ("offer.accepted", "insider"), ("offer.activated", "system"),
        ("hire.confirmed", "seeker"), ("offer.completed", "system"),
    ]  # fmt: skip
    assert (english["complete"], english["next"]) == (True, None)
    assert english["items"][0]["words"] == "The seeker made an offer: coaching for the interview, EUR\u00a0500.00."
    french = asked(whole, "matching", "bo", of_deal, Accept_Language="fr-CA")
    assert french["items"][3]["words"] == "La personne aidée a confirmé l’embauche ; premier jour le 4 janvier 2027."
    money = asked(whole, "escrow", "bo", f"/v1/escrows/{offer_id}/history")["items"]
    assert [(each["what"], each["by"]) for each in money] == [
        ("escrow.opened", "system"), ("fund", "seeker"), ("escrow.held", "provider"),
        ("escrow.probation_started", "system"), ("payout", "system"), ("escrow.released", "provider"),
        ("escrow.settled", "system"),
    ]  # fmt: skip
    assert money[5]["words"].startswith("The payment provider paid EUR\u00a0")


def test_in_pages(whole: Whole) -> None:
    """The same items, none twice; another list's cursor is refused, and who has no part in it finds nothing."""
    offer_id = whole.hired(whole.published(), "bo")
    path = f"/v1/escrows/{offer_id}/history"
    every = asked(whole, "escrow", "anna", path)["items"]

    paged, cursor = [], ""
    while cursor is not None:
        page = asked(whole, "escrow", "anna", f"{path}?limit=2{cursor and f'&cursor={cursor}'}")
        paged += page["items"]
        cursor = page["next"]

    assert paged == every
    anna, eve = (Caller(whole.apps["escrow"], sub) for sub in ("anna", "eve"))
    for cursor in ("zzz", encode(["2027-01-01T00:00:00.000Z x"]), encode([-1]), encode([True]), encode([1, 2])):
        assert len(problem(anna.get(f"{path}?cursor={cursor}"), 422, "invalid")) == 1
    problem(eve.get(path), 404, "not-found")


def test_what_was_written_is_for_who_may_read_it(whole: Whole) -> None:
    """A message is for the two; why it was called off, and a dispute's reason, for staff as well."""
    listing_id = whole.published()
    body = {"listing_id": listing_id, "help": ["coaching"], "message": "Would you help me?"}
    offer_id = str(whole.call("matching", "bo", "/v1/offers", body)["id"])
    path = f"/v1/offers/{offer_id}/history"

    texts = {sub: asked(whole, "matching", sub, path, *roles)["items"][0].get("text") for sub, roles in _READERS}
    assert texts == {"anna": "Would you help me?", "bo": "Would you help me?", "ari": None}

    whole.call("matching", "anna", f"/v1/offers/{offer_id}/accept")
    whole.call("escrow", "bo", f"/v1/escrows/{offer_id}/fund", {"source": "tok_visa"})
    whole.call("escrow", "bo", f"/v1/escrows/{offer_id}/dispute", {"reason": "It is not so."})
    for sub, roles in _READERS:
        (*_, last) = asked(whole, "escrow", sub, f"/v1/escrows/{offer_id}/history", *roles)["items"]
        assert (last["what"], last["by"], last["text"]) == ("dispute.opened", "seeker", "It is not so."), sub


_READERS = (("anna", ()), ("bo", ()), ("ari", ("arbiter",)))


def test_one_that_an_older_version_made(whole: Whole) -> None:
    """Its events are told, and that steps may be missing."""
    offer_id = whole.hired(whole.published(), "bo")
    kept = whole.stores["escrow"].collection
    kept.update_one({"_id": offer_id}, {"$unset": {"steps": "", "steps_whole": ""}})

    said = asked(whole, "escrow", "bo", f"/v1/escrows/{offer_id}/history")

    assert said["complete"] is False
    assert [each["what"] for each in said["items"]] == [
        "escrow.opened", "escrow.held", "escrow.probation_started", "escrow.released", "escrow.settled",
    ]  # fmt: skip
