"""What outsiders are told: no employer's name before it is theirs to know, no address, no word that was meant for
others, and not whether there is a person or a document. All is asked of the real apps, with canaries in everything.
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.listing import views
from services.notify.addresses import code_of
from services.notify.webhooks.store import WEBHOOKS
from shared.ids import domain_mark
from shared.telemetry.logs import JsonLines, NothingPersonal
from tests.support.hires import listing
from tests.support.outsiders import (
    OPERATIONS,
    UNKNOWN,
    WORDS,
    Asker,
    alike,
    body_of,
    seen,
    takes_id,
    variables,
    words_in,
)
from tests.support.web import Caller, token
from tests.support.whole import Whole

KEY = b"k" * 40
NAMES = (
    "employer", "domain", "consent", "draft", "note", "at anna", "at bo", "at dan", "work", "profile", "message",
    "counter", "asking", "cancel", "dispute", "decision", "review", "reference", "candidate", "mailbox", "secret",
    "anna", "bo", "cas", "dan", "mo", "claim", "account", "report", "hook", "hook secret",
)  # fmt: skip
WORD = {name: "kanari" + "".join("bcdfghjkmn"[int(d)] for d in f"{n:03d}") * 4 for n, name in enumerate(NAMES)}
DOMAIN = f"{WORD['domain']}.example.org"
EVIDENCE = hashlib.sha256(WORD["secret"].encode()).hexdigest()
ROUNDS = (("GET",), ("POST", "PUT", "PATCH"), ("GET",), ("DELETE",))
APPLICATION = "7700112233"
CANARIES = (*WORD.values(), EVIDENCE, APPLICATION)
ASKERS = {
    "no token": Asker(), "stranger": Asker("stranger"), "insider": Asker("ina"), "seeker": Asker("sam"),
    "called off": Asker(WORD["cas"]), "not yet active": Asker(WORD["dan"]),
}  # fmt: skip
"""Somebody new; an insider with a listing of their own; one who has asked for help with anna's; one with whom she had
agreed, until she called it off; one with whom she has agreed, who has not paid yet.
"""
OWN = {"not yet active": {WORD["asking"], WORD["at dan"]}, "called off": {WORD["asking"], WORD["cancel"]},
       "seeker": {WORD["report"]}}  # fmt: skip
"""What an asker wrote, or was told, themselves."""


_SUBJECTS = ("anna", "bo", "cas", "dan", "mo", "claim")
KEPT_FROM = {
    "anna": ("report", "review", "at dan", "profile", "secret", "candidate", "hook secret", *_SUBJECTS),
    "bo": (
        "work", "note", "draft", "report", "at dan", "asking", "cancel", "secret", "candidate", "reference", "account",
        "hook", "hook secret",
        *_SUBJECTS,
    ),
}  # fmt: skip
"""What the two of an offer are not told: an unshown review, addresses of others, what was said in another offer."""
FOR_ALL = {
    "searchListings", "getListing", "getJobPosting", "findCodes", "getCode", "listOffers", "showAccount", "putProfile",
    "getProfile", "listMatches", "showInsider", "exportMe", "exportListing", "exportMatching", "exportEscrow",
    "exportNotify", "listEscrows", "listNotifications", "putContact", "getContact", "putWorkMail", "getWorkMail",
    "getPreferences", "putPreferences", "deleteProfile", "deleteContact", "deleteWorkMail", "eraseMe",
    "createWebhook", "listWebhooks", "showWebhookKeys",
    "getPayout", "putPayout", "deletePayout", "reportListing", "reportInsider", "showReportingPolicy",
}  # fmt: skip


class Lines(logging.Handler):
    """What the services would log, and the same before anything was struck out of it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        NothingPersonal().filter(record)
        self.lines.append(JsonLines("test", "web").format(record))


class Story:
    """Anna lists; bo, cas, dan and sam ask for her help; staff, an employer and its system have their say."""

    def __init__(self, folder: Path) -> None:
        self.whole = Whole(folder, REPORTS_TO_REST="1000")  # those who ask for everything report everything

    def ask(self, service: str, sub: str, method: str, path: str, body: Any = None, *roles: str) -> Any:
        sub = WORD.get(sub, sub)
        claims = {"name": WORD["claim"], "email": f"{WORD['claim']}@{DOMAIN}"}
        caller = Caller(self.whole.apps[service], sub, roles)
        answer = caller.ask(method, path, body, Authorization=f"Bearer {token(sub, *roles, **claims)}")
        assert answer.status_code < 300, (path, answer.get_json())
        self.whole.settle()
        return answer.get_json()

    def post(self, service: str, sub: str, path: str, body: Any = None, *roles: str) -> Any:
        return self.ask(service, sub, "POST", path, body, *roles)

    def person(self, sub: str) -> str:
        return Caller(self.whole.apps["notify"], WORD.get(sub, sub)).id

    def play(self) -> None:
        self.employer()
        self.addresses()
        self.webhook()
        self.listings()
        self.hired()
        self.others()
        self.reported()
        self.whole.settle(timedelta(minutes=5))

    def employer(self) -> None:
        ats = {"kind": "greenhouse", "secret": WORD["secret"]}
        body = {"name": WORD["employer"], "domain": DOMAIN, "mailboxes": [WORD["mailbox"]], "ats": ats}
        self.post("matching", "olga", "/v1/employers", body, "operator")
        candidate = {"id": 1, "first_name": WORD["candidate"], "email_addresses": [{"value": "x@example.org"}]}
        application = {"id": int(APPLICATION), "candidate": candidate, "offer": {"id": 9, "starts_at": "2027-01-20"}}
        told = json.dumps({"action": "hire_candidate", "payload": {"application": application}}).encode()
        signature = "sha256 " + hmac.new(WORD["secret"].encode(), told, hashlib.sha256).hexdigest()
        hook = f"/v1/webhooks/greenhouse/{domain_mark(KEY, DOMAIN)}"
        sent = {"Signature": signature, "Content-Type": "application/json"}
        assert self.whole.apps["matching"].test_client().post(hook, data=told, headers=sent).status_code == 200

    def webhook(self) -> None:
        header = {"name": "X-Key", "value": WORD["hook secret"]}
        body = {"url": f"https://{WORD['hook']}.example/", "types": ["*"], "headers": [header]}
        self.post("notify", "anna", "/v1/webhooks", body)

    def addresses(self) -> None:
        self.proved("anna", "contact", f"{WORD['at anna']}@example.org")
        self.proved("anna", "work-mail", f"{WORD['work']}@{DOMAIN}")
        self.proved("bo", "contact", f"{WORD['at bo']}@example.org")
        self.proved("dan", "contact", f"{WORD['at dan']}@example.org")
        self.ask("matching", "bo", "PUT", "/v1/me/profile", {"skills": [WORD["profile"]]})
        self.ask("escrow", "anna", "PUT", "/v1/me/payout", {"account": f"acct_{WORD['account']}"})

    def proved(self, sub: str, kind: str, email: str) -> None:
        self.ask("notify", sub, "PUT", f"/v1/me/{kind}", {"email": email})
        document_id = f"{kind.replace('-', '_')}:{self.person(sub)}"
        nonce = (self.whole.stores["notify"].get(document_id) or {})["code"]["nonce"]
        self.post("notify", sub, f"/v1/me/{kind}/verify", {"code": code_of(KEY, document_id, nonce)})

    def listings(self) -> None:
        """One that all may read, with seats for many; one that was sent back, and one that was never sent in."""
        consent = {"who": WORD["consent"], "how": "letter", "on": "2026-12-01"}
        private = {"employer": {"name": WORD["employer"], "domain": DOMAIN}, "consent": consent}
        hidden = private | {"title": WORD["draft"], "skills": [WORD["draft"]], "region": WORD["draft"]}
        self.listing = self.listed("anna", seats=5, **private)
        self.returned = self.listed("anna", **hidden, duties=["Call +31 6 1234 5678"])
        said = {"reason": "contact_data", "note": WORD["note"]}
        self.post("listing", "mo", f"/v1/listings/{self.returned}/return", said, "moderator")
        body = listing(leaving_on="2027-06-01", **hidden)
        self.draft = str(self.post("listing", "anna", "/v1/listings", body)["id"])
        self.inas = self.listed("ina")

    def listed(self, sub: str, **changed: Any) -> str:
        body = listing(**({"leaving_on": "2027-06-01"} | changed))
        listing_id = str(self.post("listing", sub, "/v1/listings", body)["id"])
        self.post("listing", sub, f"/v1/listings/{listing_id}/submit")
        self.whole.settle(timedelta(seconds=1))
        return listing_id

    def offered(self, seeker: str, message: str) -> str:
        body = {"listing_id": self.listing, "help": ["coaching"], "message": message}
        return str(self.post("matching", seeker, "/v1/offers", body)["id"])

    def hired(self) -> None:
        """With all that the two of them, an arbiter and the employer can be asked or told."""
        self.bos = self.offered("bo", WORD["message"])
        offer, escrow = f"/v1/offers/{self.bos}", f"/v1/escrows/{self.bos}"
        price = {"amount": 40_000, "currency": "EUR"}
        self.post("matching", "anna", f"{offer}/counter", {"price": price, "message": WORD["counter"]})
        self.post("matching", "bo", f"{offer}/accept")
        self.post("escrow", "bo", f"{escrow}/fund", {"source": "tok_visa"})
        self.post("escrow", "bo", f"{escrow}/dispute", {"reason": WORD["dispute"]})
        decision = {"decision": "return", "reason": WORD["decision"]}
        self.post("escrow", "ari", f"{escrow}/dispute/resolve", decision, "arbiter")
        asked = {"offer_id": self.bos, "address": f"{WORD['mailbox']}@{DOMAIN}", "reference": WORD["reference"]}
        self.post("notify", "anna", "/v1/employer-links", asked)
        self.ask("matching", "bo", "PUT", f"{offer}/application", {"reference": APPLICATION[::-1]})
        evidence = [{"kind": "offer_letter", "sha256": EVIDENCE}]
        self.post("matching", "anna", f"{offer}/claim-hire", {"start_on": "2027-01-04", "evidence": evidence})
        self.post("matching", "bo", f"{offer}/confirm-hire", {"start_on": "2027-01-04"})
        self.post("matching", "bo", f"{offer}/reviews", {"stars": 4, "text": WORD["review"]})

    def others(self) -> None:
        """One called off; one agreed and not paid for; one that is only asked for."""
        self.cass = self.offered("cas", WORD["asking"])
        self.post("matching", "anna", f"/v1/offers/{self.cass}/accept")
        self.post("matching", "anna", f"/v1/offers/{self.cass}/cancel", {"reason": WORD["cancel"]})
        self.dans = self.offered("dan", WORD["asking"])
        self.post("matching", "anna", f"/v1/offers/{self.dans}/accept")
        self.sams = self.offered("sam", "Could you help me?")

    def reported(self) -> None:
        """By sam and by somebody without an account; a moderator has decided, and then there is another report."""
        report = {"reason": "other", "text": WORD["report"]}
        app = self.whole.apps["listing"].test_client()
        assert app.post(f"/v1/listings/{self.listing}/reports", json=report).status_code == 202
        self.post("listing", "mo", f"/v1/reports/{self.listing}/decide", {"decision": "keep", "note": WORD["report"]},
                  "moderator")  # fmt: skip
        self.post("listing", "sam", f"/v1/listings/{self.listing}/reports", report)
        self.post("matching", "sam", f"/v1/insiders/{self.person('anna')}/reports", report)

    # -- what is there

    def ids(self) -> tuple[str, ...]:
        """Every UUID that a document of the four services has."""
        found = {doc["_id"] for store in self.whole.stores.values() for doc in store.collection.find()}
        return tuple(sorted(each for each in found if len(each) == len(UNKNOWN) and each.count("-") == 4))

    def private(self) -> tuple[str, ...]:
        """Those that are not for all."""
        return self.draft, self.returned, self.bos, self.cass, self.dans

    def words(self) -> list[dict[str, str]]:
        """What stands for the words of a path: what is there, and what is not."""
        there = {"person": self.person("bo"), "employer": domain_mark(KEY, DOMAIN)}
        return [WORDS, WORDS | there, WORDS | {"person": self.person("anna")}]


@pytest.fixture(scope="module")
def lines() -> Iterator[list[str]]:
    handler, root = Lines(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> Story:
    told = Story(tmp_path_factory.mktemp("story"))
    told.play()
    return told


def answers(story: Story, asker: Asker, rounds: Sequence[Sequence[str]] = ROUNDS) -> Iterator[tuple[str, str]]:
    """(operation, all of its answer), for every operation and every id that there is: reading, changing, reading again,
    and then taking away.
    """
    for service, operation in (each for group in rounds for each in OPERATIONS if each[1].method in group):
        who = Asker(f"{asker.sub} leaving") if operation.id == "eraseMe" and asker.sub else asker
        app, targets = story.whole.apps[service], (*story.ids(), UNKNOWN) if takes_id(operation) else (UNKNOWN,)
        texts = story.words() if set(operation.variables.values()) - {"uuid"} else [WORDS]
        told = asker.sub or (operation.who and operation.who.open)
        for target in targets if told else targets[-2:]:
            for words in texts:
                ids, body = variables(operation, target, words), body_of(operation, target)
                for accept in ("application/json", "text/html") if operation.page else ("*/*",):
                    yield operation.id, seen(who.ask(app, operation, ids, body, Accept=accept))
        if operation.method != "GET":
            yield operation.id, seen(who.ask(app, operation, variables(operation, story.bos), {}, If_Match='"1"'))
    story.whole.settle(timedelta(seconds=2))


def leaks(story: Story, name: str) -> list[tuple[str, list[str]]]:
    words = [word for word in CANARIES if word not in OWN.get(name, set())]
    found = ((operation, words_in(text, words)) for operation, text in answers(story, ASKERS[name]))
    return [(operation, told) for operation, told in found if told]


# -- nothing is told


def test_the_story_has_every_canary(story: Story) -> None:
    """Each is in some document: what is not there could not be told."""
    kept = repr([doc for store in story.whole.stores.values() for doc in store.collection.find()])
    never_kept = {WORD[name] for name in ("hook secret", "anna", "bo", "cas", "dan", "mo", "claim", "candidate")}
    gone = {WORD["dispute"], WORD["reference"]}
    mailbox = {WORD["mailbox"]}

    assert {word for word in CANARIES if word not in kept} <= never_kept | gone | mailbox


@pytest.mark.parametrize("name", ASKERS)
def test_no_answer_tells_an_outsider(story: Story, name: str) -> None:
    assert leaks(story, name) == []


@pytest.mark.parametrize("name", KEPT_FROM)
def test_no_answer_tells_a_party_what_is_not_theirs(story: Story, name: str) -> None:
    """They read everything: a review is not shown before its time, an address not before activation."""
    words = [WORD[each] for each in KEPT_FROM[name]]
    found = {operation: words_in(text, words) for operation, text in answers(story, Asker(WORD[name]), (("GET",),))}

    assert {operation: told for operation, told in found.items() if told} == {}


def test_everything_was_asked(story: Story) -> None:
    """Each operation; what is sent is what it takes, so that those that anybody may call do answer."""
    statuses: dict[str, set[str]] = {}
    for operation, text in answers(story, Asker("another stranger")):
        statuses.setdefault(operation, set()).add(text[:3])

    assert set(statuses) == {operation.id for _, operation in OPERATIONS}
    assert statuses.pop("streamEvents") == {"503"}  # streams have a process of their own
    assert not {name: said for name, said in statuses.items() if any(status >= "500" for status in said)}
    assert {name for name, said in statuses.items() if any(status < "300" for status in said)} >= FOR_ALL


def test_no_event_and_no_log_line_tells(story: Story, lines: list[str]) -> None:
    events = repr([(r.topic, r.key, r.value, r.headers) for r in story.whole.broker.records()])
    public = {WORD["draft"]}  # skills and regions are public names, and stand in events

    assert len(events) > 10_000
    assert words_in(events, [word for word in CANARIES if word not in public]) == []
    assert len(lines) > 100
    assert [line for line in lines if words_in(line, CANARIES)] == []


def test_no_page_for_machines_tells(story: Story) -> None:
    """Health, metrics, OpenAPI: whatever a service has beside its operations."""
    asked: set[str] = set()
    for app in story.whole.apps.values():
        for rule in app.url_map.iter_rules():
            if not rule.arguments and "GET" in (rule.methods or ()):
                asked.add(rule.rule)
                assert words_in(seen(app.test_client().get(rule.rule)), CANARIES) == [], rule.rule

    assert {"/livez", "/readyz", "/metrics"} <= asked


# -- nor whether it is there


def answer_pairs(story: Story, asker: Asker) -> Iterator[tuple[str, str, str]]:
    """(operation, the answer for what is others', the answer for what is nowhere)."""
    for service, operation in OPERATIONS:
        app = story.whole.apps[service]
        for target in story.private() if takes_id(operation) else ():
            for headers in ({}, {"If_Match": '"1"', "Idempotency_Key": "one"}):
                pair = [
                    alike(
                        asker.ask(app, operation, variables(operation, each), body_of(operation, each), **headers), each
                    )
                    for each in (target, UNKNOWN)
                ]
                yield operation.id, pair[0], pair[1]
        if {"person", "employer"} & set(operation.variables):
            there, nowhere = variables(operation, UNKNOWN, story.words()[1]), variables(operation, UNKNOWN)
            body = body_of(operation, UNKNOWN)
            pair = [alike(asker.ask(app, operation, ids, body), *ids.values()) for ids in (there, nowhere)]
            yield operation.id, pair[0], pair[1]


@pytest.mark.parametrize("name", ["no token", "stranger", "insider"])
def test_what_is_others_answers_as_what_is_nowhere(story: Story, name: str) -> None:
    """The status, the problem, its words and the headers are the same."""
    asked = 0
    notify = story.whole.stores["notify"].collection
    for doc in list(notify.find({"kind": WEBHOOKS})):  # of the tests of a day an odd number may have been begun before
        notify.update_one({"_id": doc["_id"]}, {"$unset": {"tests": ""}})
    for operation, there, nowhere in answer_pairs(story, ASKERS[name]):
        assert there == nowhere, operation
        asked += 1

    assert asked > 200


def test_who_looks_without_a_token_is_told_what_a_stranger_is(story: Story) -> None:
    """Word for word, of all that is there and of what is nowhere; only what may be kept of it differs."""
    asked, kept = 0, ("Cache-Control:", "ETag:")
    for service, operation in (each for each in OPERATIONS if each[1].is_kept):
        app = story.whole.apps[service]
        for target in (*story.ids(), UNKNOWN) if takes_id(operation) else (UNKNOWN,):
            for words in story.words():
                ids = variables(operation, target, words)
                pair = {
                    "\n".join(
                        line
                        for line in alike(asker.ask(app, operation, ids, None)).splitlines()
                        if not line.startswith(kept)
                    )
                    for asker in (ASKERS["no token"], ASKERS["stranger"])
                }
                assert len(pair) == 1, (operation.id, ids, pair)
                asked += 1

    assert asked > 50


def test_an_address_that_somebody_has_is_taken_as_any(story: Story) -> None:
    app = story.whole.apps["notify"]
    told = []
    for sub, email in (("nina", f"{WORD['at anna']}@example.org"), ("nora", "nobody@example.org")):
        answer = Caller(app, sub).ask("PUT", "/v1/me/contact", {"email": email})
        told.append(alike(answer, email))

    assert told[0] == told[1]


def test_a_hidden_word_is_found_as_little_as_any(story: Story) -> None:
    app = story.whole.apps["listing"]
    found = [
        alike(Caller(app, "stranger").get(f"/v1/listings?q={word}"), word)
        for word in (WORD["draft"], WORD["employer"], WORD["consent"], "kanarizzz")
    ]

    assert set(found) == {found[-1]}


# -- and a leak would be seen


def test_a_leak_is_seen(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "KNOWS_EMPLOYER", views.KNOWS_EMPLOYER | {"other"})

    told = {(operation, *words) for operation, words in leaks(story, "stranger")}

    assert ("getListing", WORD["employer"], WORD["domain"], WORD["consent"]) in told
