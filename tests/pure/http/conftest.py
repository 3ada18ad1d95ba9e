"""A small service of its own, with real tokens, asked through Flask's test client: no server, no database."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient

from shared import fields
from shared.http.answer.documents import document_response
from shared.http.answer.pages import PageQuery, page_of, page_response
from shared.http.app import create_app
from shared.http.declare.operations import ANYONE, DOCUMENT, PUBLIC, Answer, Call, Operations, roles
from shared.ids import person_id
from shared.settings import Settings, load

ISSUER = "https://golem.local"
PSEUDONYM_KEY = b"k" * 32
SOME_ID = "01977c1e-3a52-7d0f-9a4e-5b8f0c2d7e11"


@dataclass
class Parts:
    """What the trial service works with: documents in memory, and what its views were called with."""

    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[Call["Parts"]] = field(default_factory=list)
    raises: Exception | None = None


class Help(fields.Body):
    kind = fields.Choice("good_word", "reference", "coaching", required=True)
    price = fields.Part(fields.MoneySchema, required=True)


class NewListing(fields.Body):
    title = fields.Text(1, 80, required=True, optional=True)
    country = fields.Country(required=True, optional=True)
    seats = fields.Integer(1, 500, load_default=1, optional=True)
    occupation = fields.Part(fields.CodeSchema, optional=True)
    leaving_on = fields.Date(optional=True)
    duties = fields.Several(fields.Text(1, 100), 0, 3, optional=True)
    help = fields.Several(fields.Part(Help), 1, 3, unique="kind", required=True, optional=True)


class Listing(NewListing):
    id = fields.Uuid(required=True)
    version = fields.Integer(1, 10**9, optional=True)
    created_at = fields.Instant(optional=True)


class Search(PageQuery):
    q = fields.Text(1, 60)
    max_price = fields.Integer()
    mine = fields.Flag()
    help = fields.Several(fields.Choice("good_word", "reference", "coaching"))


def declared() -> Operations[Parts]:
    operations: Operations[Parts] = Operations("listing", "Listings")

    @operations.post("/v1/listings", "createListing", "Write it", who=ANYONE, body=NewListing, answers={201: Listing})
    def create(call: Call[Parts]) -> Answer:
        call.parts.calls.append(call)
        document = {**call.body, "id": call.command_id, "version": 1, "secret": "stays here"}
        call.parts.documents[call.command_id] = document
        return document_response(document, 201, f"/v1/listings/{call.command_id}")

    @operations.get(
        "/v1/listings", "searchListings", "Search", who=ANYONE, query=Search, answers={200: page_of(Listing)}
    )
    def search(call: Call[Parts]) -> Answer:
        call.parts.calls.append(call)
        if call.parts.raises:
            raise call.parts.raises
        shown = [{"id": SOME_ID, "title": str(i)} for i in range(call.page.limit)]
        return page_response(call, shown, ["2027-01-01", SOME_ID])

    @operations.post("/v1/listings/{id}/submit", "submit", "Hand it in", who=DOCUMENT, answers={200: Listing})
    def submit(call: Call[Parts]) -> Answer:
        call.if_match.check(3)
        return document_response({"id": call.id, "version": 3})

    @operations.get("/v1/codes/{scheme:word}", "code", "A scheme", who=PUBLIC, answers={200: None})
    def code(call: Call[Parts]) -> Answer:
        return Answer({"scheme": call.id})

    @operations.get("/v1/audit", "audit", "The audit", who=roles("operator", "arbiter"), answers={200: None})
    def audit(call: Call[Parts]) -> Answer:
        return Answer({"person": call.person})

    return operations


@pytest.fixture(scope="session")
def signing_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture
def jwks(tmp_path: Path, signing_key: Ed25519PrivateKey) -> Path:
    key = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(signing_key.public_key())) | {"kid": "one"}
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [key]}))
    return path


@pytest.fixture
def settings(jwks: Path) -> Settings:
    environ = {
        "MONGODB_URI": "mongodb://nowhere",
        "PSEUDONYM_KEY": PSEUDONYM_KEY.decode(),
        "JWKS_FILE": str(jwks),
        "CORS_ORIGINS": "https://app.example",
        "RATE_PER_SECOND": "1000",
        "RATE_BURST": "1000",
    }
    return load("listing", "web", environ=environ)


@pytest.fixture
def parts() -> Parts:
    return Parts()


@pytest.fixture
def app(settings: Settings, parts: Parts) -> Flask:
    return create_app(settings, declared(), parts, ready={"mongodb": lambda: True})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def token(signing_key: Ed25519PrivateKey) -> Callable[..., str]:
    """A signed token; keywords replace claims, None leaves one out."""

    def make(kid: str | None = "one", key: Any = signing_key, algorithm: str = "EdDSA", **claims: Any) -> str:
        said = {"iss": ISSUER, "aud": "good-golem", "sub": "ida", "exp": int(time.time()) + 600, **claims}
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(said, key, algorithm, headers={"kid": kid} if kid else None)

    return make


@pytest.fixture
def ida(token: Callable[..., str]) -> dict[str, str]:
    """The headers of a caller."""
    return {"Authorization": f"Bearer {token()}"}


@pytest.fixture
def ida_id() -> str:
    return person_id(PSEUDONYM_KEY, ISSUER, "ida")


@pytest.fixture
def listing() -> dict[str, Any]:
    """A body that is accepted."""
    price = {"amount": 50000, "currency": "EUR"}
    return {"title": "Backend engineer", "country": "NL", "help": [{"kind": "coaching", "price": price}]}
