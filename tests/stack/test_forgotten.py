"""`DELETE /v1/me` on the running system: what was written is nowhere any more, and a replay forgets nobody twice."""

import json
import secrets
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from kafka import KafkaConsumer
from pymongo import MongoClient

from deploy import COLLECTIONS, SERVICES
from deploy.demo.mails import Mails
from deploy.embedded.stack import Stack
from tests.stack.test_trouble import golem, until
from tests.stack.test_verify import verify
from tests.support.hires import Hires, listing
from tests.support.people import Person
from tests.support.topics import read_all

Client = MongoClient[dict[str, Any]]
_RAW: CodecOptions[Any] = CodecOptions(document_class=RawBSONDocument)
_OTHERS = ("admin", "config", "local")
_RELAY = {"published", "outbox_at", "replays"}
"""What a replay changes by itself."""


def word() -> str:
    """One that stands nowhere else, of letters alone."""
    return "kanari" + "".join("bcdfghjkmn"[int(digit)] for digit in str(secrets.randbelow(10**12)).zfill(12))


class Agreement:
    """An agreement with everything in it that two people can write, from the listing to the reviews."""

    def __init__(self, stack: Stack, hires: Hires) -> None:
        self.stack, self.hires, self.mails = stack, hires, Mails(stack.mail)
        self.insider, self.seeker = hires.person("insider"), hires.person("seeker")
        self.arbiter = Person("arbiter", stack.token("arbiter", ["arbiter"]), hires.http)
        self.words = {name: word() for name in (
            "title", "duty", "employer", "domain", "consent", "profile", "message", "answer", "dispute", "decision",
            "review of the insider", "review of the seeker", "address",
        )}  # fmt: skip
        self.evidence = secrets.token_hex(32)
        self.addresses = {"insider": f"{self.words['address']}@example.org",
                          "seeker": f"{word()}@example.org"}  # fmt: skip

    def reach(self, person: Person, address: str) -> None:
        person.put("/v1/me/contact", {"email": address})
        person.post("/v1/me/contact/verify", {"code": self.mails.code(address)})

    def play(self) -> None:
        said = self.words
        self.reach(self.insider, self.addresses["insider"])
        self.reach(self.seeker, self.addresses["seeker"])
        self.insider.put("/v1/me/profile", {"skills": [said["profile"]]})
        employer = {"name": said["employer"], "domain": f"{said['domain']}.example.org"}
        consent = {"who": said["consent"], "how": "letter", "on": str(datetime.now(UTC).date())}
        body = listing(title=said["title"], duties=[said["duty"]], employer=employer, consent=consent)
        self.listing_id = self.insider.post("/v1/listings", body)["id"]
        self.insider.post(f"/v1/listings/{self.listing_id}/submit")
        self.insider.wait_for(f"/v1/listings/{self.listing_id}", "published")
        asked = {"listing_id": self.listing_id, "help": ["coaching"], "message": said["message"]}
        self.offer_id = self.seeker.post("/v1/offers", asked)["id"]
        price = {"amount": 40_000, "currency": "EUR"}
        self.insider.post(f"/v1/offers/{self.offer_id}/counter", {"price": price, "message": said["answer"]})
        self.seeker.post(f"/v1/offers/{self.offer_id}/accept")
        self.fund_and_dispute()
        self.hire_and_review()

    def fund_and_dispute(self) -> None:
        escrow = f"/v1/escrows/{self.offer_id}"
        self.seeker.wait_for(escrow, "awaiting")
        self.seeker.post(f"{escrow}/fund", {"source": "tok_visa", "begin": True})
        self.seeker.wait_for(f"/v1/offers/{self.offer_id}", "active")
        other = self.seeker.wait(f"/v1/contacts/{self.offer_id}", lambda doc: bool(doc["email"]), "the address")
        assert other["email"] == self.addresses["insider"]
        self.seeker.post(f"{escrow}/dispute", {"reason": self.words["dispute"]})
        decision = {"decision": "return", "reason": self.words["decision"]}
        self.arbiter.post(f"{escrow}/dispute/resolve", decision)

    def hire_and_review(self) -> None:
        offer, start = f"/v1/offers/{self.offer_id}", str(datetime.now(UTC).date())
        evidence = [{"kind": "offer_letter", "sha256": self.evidence}]
        self.insider.post(f"{offer}/claim-hire", {"start_on": start, "evidence": evidence})
        self.seeker.post(f"{offer}/confirm-hire", {"start_on": start})
        assert self.delete(self.insider).status_code == 409  # the money is on its way
        self.seeker.wait_for(f"/v1/escrows/{self.offer_id}", "settled")
        self.seeker.wait_for(offer, "completed")
        said = {"stars": 5, "would_again": True}
        self.seeker.post(f"{offer}/reviews", said | {"text": self.words["review of the insider"]})
        self.insider.post(f"{offer}/reviews", said | {"text": self.words["review of the seeker"]})

    def delete(self, person: Person) -> httpx.Response:
        headers = {"Authorization": f"Bearer {person.token}"}
        return self.hires.http.delete("/v1/me", headers=headers)


@pytest.fixture
def agreement(stack: Stack, hires: Hires) -> Agreement:
    played = Agreement(stack, hires)
    played.play()
    return played


def test_who_is_forgotten_is_nowhere_and_a_replay_forgets_nobody_twice(
    stack: Stack, agreement: Agreement, mongo_client: Client
) -> None:
    """Before, each word is found; then none, in databases, topics, dead letters and logs, and in no mail but the
    address on the person's own. The books still prove themselves, and the event sent again changes nothing.
    """
    words = {**agreement.words, "evidence": agreement.evidence}
    assert set(in_databases(mongo_client, words)) == set(words) - {"dispute"}  # its words go when it is over
    own = {"address": words["address"]}
    texts = {name: text for name, text in words.items() if name not in own}

    answer = agreement.delete(agreement.insider)
    assert answer.status_code == 202, answer.text
    person = str(answer.json()["person_id"])
    until(lambda: forgotten(stack, mongo_client, person), what="the person is forgotten")

    assert in_databases(mongo_client, words) == in_topics(stack, words) == in_logs(stack, words) == []
    assert in_mails(stack, texts) == []
    assert recipients(stack, words["address"]) == {agreement.addresses["insider"]}
    assert in_databases(mongo_client, {"the other": agreement.addresses["seeker"]}) == ["the other"]
    verify(stack, "--wait", "30")
    before = documents(stack, mongo_client, person, agreement)
    assert len(before) >= 7

    sent = golem(stack, "replay", "--service", "matching", "--json")
    assert sent.returncode == 0 and json.loads(sent.stdout)["events"]["matching"] > 0
    verify(stack, "--wait", "30")

    assert documents(stack, mongo_client, person, agreement) == before


# -- where a word is


def in_databases(client: Client, words: dict[str, str]) -> list[str]:
    """The names of the words that stand in some document of some collection."""
    databases = [client[name] for name in client.list_database_names() if name not in _OTHERS]
    places = [
        database.get_collection(name, _RAW) for database in databases for name in database.list_collection_names()
    ]
    return among(words, [bytes(doc.raw) for place in places for doc in place.find()])


def in_topics(stack: Stack, words: dict[str, str]) -> list[str]:
    """Of all topics, dead letters among them: keys, values and headers."""
    consumer = KafkaConsumer(bootstrap_servers=[stack.kafka])
    try:
        topics = sorted(consumer.topics())
    finally:
        consumer.close(autocommit=False)
    assert {f"{service}.dead" for service in SERVICES} <= set(topics)
    records = read_all(stack.kafka, topics)
    assert any(record.topic == "person.erased" for record in records)
    return among(words, [part for r in records for part in (r.key, r.value, *(v for _, v in r.headers)) if part])


def in_logs(stack: Stack, words: dict[str, str]) -> list[str]:
    logs = [path.read_bytes() for path in stack.data.logs.iterdir()]
    assert any(b"request" in log for log in logs)
    return among(words, logs)


def in_mails(stack: Stack, words: dict[str, str]) -> list[str]:
    mails = [path.read_bytes() for path in stack.mail.glob("*.eml")]
    assert mails
    return among(words, mails)


def recipients(stack: Stack, text: str) -> set[str]:
    """Who got the mails in which it stands."""
    mails = [path.read_text() for path in stack.mail.glob("*.eml")]
    return {mail.splitlines()[0].removeprefix("X-Envelope-To: ") for mail in mails if text in mail.lower()}


def among(words: dict[str, str], texts: list[bytes]) -> list[str]:
    everything = b"\n".join(texts).lower()
    return [name for name, text in words.items() if text.encode() in everything]


# -- what is kept


def collections(stack: Stack, client: Client) -> dict[str, Any]:
    return {service: client[stack.database(service)][COLLECTIONS[service]] for service in SERVICES}


def forgotten(stack: Stack, client: Client, person: str) -> bool:
    """By all services."""
    ids = {service: person if service == "matching" else f"erased:{person}" for service in SERVICES}
    found = [each.find_one({"_id": ids[service]}) for service, each in collections(stack, client).items()]
    return all(doc and doc["state"] == "erased" for doc in found)


def documents(stack: Stack, client: Client, person: str, agreement: Agreement) -> dict[str, Any]:
    """All that is about them, as it is; the relay's own marks aside."""
    ids = [person, agreement.offer_id, agreement.listing_id]
    ids += [f"{kind}:{person}" for kind in ("erased", "contact", "work_mail", "profile", "account")]
    ids += [f"offer:{agreement.offer_id}", f"listing:{agreement.listing_id}"]
    return {
        f"{service} {doc['_id']}": {name: value for name, value in doc.items() if name not in _RELAY}
        for service, collection in collections(stack, client).items()
        for doc in collection.find({"_id": {"$in": ids}})
    }
