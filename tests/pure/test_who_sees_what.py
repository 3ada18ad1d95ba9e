"""Who sees which field of a listing, an offer and an escrow, in each state that it can be in.

The documents are those that the lifecycles themselves come to (`tests.support.paths`); they are read over HTTP. Who may
see what stands here once more, by hand: a field that is new is nobody's until it is written down here.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from services.escrow.journal import balances, faults
from tests.support.paths import START, Situation
from tests.support.tables import INSIDER, SEEKER, TABLES, explored
from tests.support.web import Caller
from tests.support.whole import Whole

VIEWERS = {
    "insider": ("anna",), "seeker": ("bo",), "stranger": ("eve",), "moderator": ("mo", "moderator"),
    "arbiter": ("ari", "arbiter"), "operator": ("olga", "operator"),
    "anonymous": (),
}  # fmt: skip
"""The name and the roles in their tokens; who has none is without one."""
NAMED = {who: said for who, said in VIEWERS.items() if said}
EVERYBODY = set(VIEWERS)
STAFF = {"moderator", "arbiter", "operator"}
PARTIES = {"insider", "seeker"}

LISTING = (
    "id", "version", "created_at", "updated_at", "insider", "title", "country", "industry", "occupation", "duties",
    "seats", "leaving_on", "pay", "help", "fee_bps", "breakdown", "tranches", "status", "published_at",
    "expires_at", "insider_verified", "subdivision", "licence", "region", "skills", "skill_codes", "seats_taken",
    "employer.veiled",
)  # fmt: skip
OFFER = (
    "id", "listing_id", "insider", "seeker", "help", "mode", "price", "fee_bps", "breakdown", "licence", "tranches",
    "status", "escrow_status", "version", "proposed_by", "rounds", "help_given", "claims", "cancel_asked", "cancelled",
    "hire", "ended", "accepted_at", "activated_at", "begins_at", "begun_at", "created_at", "updated_at",
)  # fmt: skip
ESCROW = (
    "offer_id", "listing_id", "insider", "seeker", "price", "currency", "fee_bps", "status", "funded", "held",
    "released", "fees", "refunded", "charged_back", "payout_from", "due", "fund_by", "fund_attempts",
    "declined", "blocked", "dispute", "postponement", "decisions", "accepted_at", "hire_event_id", "start_on",
    "version", "created_at", "updated_at",
)  # fmt: skip
SEES: Mapping[str, Mapping[str, set[str]]] = {
    "listing": dict.fromkeys(LISTING, EVERYBODY)
    | dict.fromkeys(("employer.name", "employer.domain", "consent", "acknowledges"), {"insider", "seeker", *STAFF})
    | {"review": {"insider", *STAFF}, "consent_asks": {"insider", *STAFF}, "audit": STAFF},
    "offer": dict.fromkeys(OFFER, {*PARTIES, "arbiter", "moderator"})
    | {
        "messages": PARTIES,
        "application": {"seeker", "arbiter", "moderator"},
        "declares": {"seeker", "arbiter", "moderator"},
        "audit": {"arbiter", "moderator"},
    },
    "escrow": dict.fromkeys(ESCROW, {*PARTIES, "arbiter", "operator"})
    | {"decisions.by": {"arbiter", "operator"}, "set_off": {"insider", "arbiter", "operator"}},
}
"""{field: who sees it}. Of a listing, the seeker is one to whom the employer was unveiled."""

HIDDEN_LISTINGS = {"draft", "in_review", "withdrawn", "removed"}
"""What was never published, or is taken away, is for its insider, for staff, and for whom it was unveiled to."""


def found_by(name: str, state: str) -> set[str]:
    """Who finds it at all."""
    if name == "listing":
        return {"insider", "seeker", *STAFF} if state in HIDDEN_LISTINGS else EVERYBODY
    return {*PARTIES, "arbiter", "moderator"} if name == "offer" else {*PARTIES, "arbiter", "operator"}


PATHS = {
    "listing": ("/v1/listings/{id}",),
    "offer": ("/v1/offers/{id}", "/v1/offers/{id}/explain", "/v1/offers/{id}/history", "/v1/offers/{id}/reviews"),
    "escrow": ("/v1/escrows/{id}", "/v1/escrows/{id}/explain", "/v1/escrows/{id}/history", "/v1/escrows/{id}/journal"),
}
SERVICE = {"listing": "listing", "offer": "matching", "escrow": "escrow"}
LICENCE = {"place": "CA-ON", "number": "R-1", "valid_until": "2027-12-31"}
BESIDES: Mapping[str, Mapping[str, Any]] = {
    "listing": {
        "consent": {"who": "Eva Best", "how": "letter", "on": "2026-12-01"},
        "subdivision": "NL-UT",
        "licence": LICENCE,
    },
    "offer": {
        "application": "46194062",
        "created_at": START,
        "declares": {"foreign_national": False},
        "licence": LICENCE,
    },
    "escrow": {},
}
"""What the explored documents lack."""


class Shown:
    """A service's real app; `put` stores one document, each viewer asks for it."""

    def __init__(self, folder: Path, name: str) -> None:
        whole = Whole(folder)
        self.name, self.app, self.collection = name, whole.apps[SERVICE[name]], whole.stores[SERVICE[name]].collection
        self.people = {who: Caller(self.app, sub, tuple(roles)) for who, (sub, *roles) in NAMED.items()}
        self.id = ""

    def put(self, situation: Situation) -> None:
        document = self._theirs({**BESIDES[self.name], **(situation.document or {})})
        if "employer" in document:
            document["employer"] = {**document["employer"], "domain": "acme.example"}
        self.id = str(document["_id"])
        key, seeker = f"unveiled:{self.id}:{self.people['seeker'].id}", self.people["seeker"].id
        unveiled = {"_id": key, "kind": "unveiled", "version": 1, "state": "known", "seeker": seeker}
        self.collection.delete_many({})
        self.collection.insert_one({"events": [], "applied": [], **document})
        self.collection.insert_one(unveiled | {"listing_id": self.id})

    def _theirs(self, value: Any) -> Any:
        """With the viewers' own pseudonyms."""
        ids = {INSIDER: self.people["insider"].id, SEEKER: self.people["seeker"].id}
        match value:
            case str():
                return ids.get(value, value)
            case dict():
                return {name: self._theirs(each) for name, each in value.items()}
            case list() | tuple():
                return [self._theirs(each) for each in value]
        return value

    def ask(self, who: str, path: str) -> tuple[int, Any]:
        where = path.format(id=self.id)
        answer = self.app.test_client().get(where) if who not in NAMED else self.people[who].get(where)
        return answer.status_code, {name: each for name, each in answer.get_json().items() if name != "request_id"}


def said(answer: Mapping[str, Any]) -> set[str]:
    """The fields that say something."""
    fields = {name for name, value in answer.items() if value is not None and name not in ("employer", "decisions")}
    fields -= {"set_off"} if answer.get("set_off") == 0 else set()  # a member that is always there: 0 says nothing
    fields |= {f"employer.{name}" for name, value in answer.get("employer", {}).items() if value is not None}
    if "decisions" in answer:
        fields |= {"decisions"} | {f"decisions.{name}" for each in answer["decisions"] for name in each if name == "by"}
    return fields


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Shown]:
    return {name: Shown(tmp_path_factory.mktemp(name), name) for name in TABLES}


def unlike(name: str) -> list[Situation]:
    """Of each state the situations whose documents have other fields, and of each kind one."""
    found = explored(name).situations.values()
    stored = [each for each in found if each.state not in ("new", "free")]
    return list({(each.state, *sorted(each.document or {})): each for each in stored}.values())


@pytest.mark.parametrize("name", TABLES)
def test_each_sees_what_is_theirs_to_see(tmp_path: Path, name: str) -> None:
    """Who may see it finds it, with no field that is not theirs; for the others it is not there."""
    one, seen, states = Shown(tmp_path, name), dict[str, set[str]](), set[str]()
    for situation in unlike(name):
        one.put(situation)
        states.add(situation.state)
        for who in VIEWERS:
            there, about = who in found_by(name, situation.state), (who, situation.path)
            answers = [one.ask(who, path) for path in PATHS[name]]

            absent = 401 if who == "anonymous" and name != "listing" else 404
            assert {status for status, _ in answers} == {200 if there else absent}, about
            if there:
                mine = {field for field, seers in SEES[name].items() if who in seers}
                assert said(answers[0][1]) - mine == set(), about
                seen.setdefault(who, set()).update(said(answers[0][1]))
            if name == "listing" and who in ("stranger", "anonymous"):
                assert re.findall("Acme|Other BV|acme[.]example|Eva Best", str(answers)) == [], about
        _without_a_token(one, [one.ask("stranger", path) for path in PATHS[name]])

    assert states == set(TABLES[name].lifecycle.states) - {"new", "free"}
    finders = [who for who in VIEWERS if any(who in found_by(name, state) for state in states)]
    wanted = {who: {field for field, seers in SEES[name].items() if who in seers} for who in finders}
    assert {who: fields - seen.get(who, set()) for who, fields in wanted.items() if fields - seen.get(who, set())} == {}


def _without_a_token(one: Shown, strangers: list[tuple[int, Any]]) -> None:
    """They see nothing, or what a stranger sees."""
    for path, stranger in zip(PATHS[one.name], strangers, strict=True):
        anybody = one.ask("anonymous", path)
        assert anybody[0] == 401 or anybody == stranger, path


def kept(situation: Situation) -> bool:
    """Whether something is, or was, set off there for an earlier loss, or its payout is stopped by one."""
    document = situation.document or {}
    blocked = document.get("blocked") or {}
    return "losses_set_off" in str(document.get("journal")) or "open_loss" in str(blocked)


def some_of_each_state(situations: Iterable[Situation]) -> Iterator[Situation]:
    """Every fifth of each state, the first among them."""
    met = Counter[str]()
    for situation in situations:
        if met[situation.state] % 5 == 0:
            yield situation
        met[situation.state] += 1


def test_what_was_set_off_is_not_told_to_the_seeker(tmp_path: Path) -> None:
    """In no answer about the escrow, in whatever state; and what they are told adds up, to the journal's hashes."""
    one, states, compared = Shown(tmp_path, "escrow"), set[str](), 0
    for situation in some_of_each_state(each for each in explored("escrow").situations.values() if kept(each)):
        one.put(situation)
        states.add(situation.state)
        answers = [one.ask("seeker", path)[1] for path in (*PATHS["escrow"], "/v1/me/export/escrow", "/v1/escrows")]
        for telling in ("losses_set_off", "open_loss", "repay", "set_off_returned"):
            assert telling not in str(answers), (telling, situation.path)
        escrow, _, _, entries, export, listed = answers
        (exported,), (shown,) = export["items"], listed["items"]
        assert escrow["set_off"] == exported["set_off"] == shown["set_off"] == 0
        assert escrow == shown == {name: value for name, value in exported.items() if name != "journal"}
        lies = balances(entries["entries"])
        assert entries["entries"] == exported["journal"] and faults(entries["entries"]) == []
        assert (lies.get("insider_paid", 0), lies.get("platform_fees", 0)) == (escrow["released"], escrow["fees"])
        sums = ("held", "released", "fees", "refunded", "charged_back")
        assert escrow["funded"] == sum(escrow[name] for name in sums)
        insiders = one.ask("insider", PATHS["escrow"][0])[1]
        compared += insiders["released"] != escrow["released"]
    assert {"settled", "split", "repaying", "probation", "charged_back"} <= states and compared
