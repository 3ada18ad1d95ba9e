"""How everything gets its id."""

import hashlib
import hmac
import re
import uuid

import uuid_utils

from shared.mail_addresses import mailbox

COMMANDS = uuid.UUID("6f0b7c1e-3a52-5d0f-9a4e-5b8f0c2d7e11")
"""The namespace of command ids. It never changes: the ids of what was created hang on it."""

PERSON_ID = re.compile(r"p_[0-9a-f]{32}")


def person_id(key: bytes, issuer: str, sub: str) -> str:
    """A person's pseudonym, `p_` and 32 hex digits: HMAC-SHA256 under `key` over `issuer|sub`.

    It cannot be turned back without the key, and the same person always has the same one.
    """
    return "p_" + hmac.new(key, f"{issuer}|{sub}".encode(), hashlib.sha256).hexdigest()[:32]


def contact_mark(key: bytes, address: str) -> str:
    """What an e-mail address is recognised by without being known; case does not count."""
    return _mark(key, "contact", address.casefold())


def mailbox_mark(key: bytes, address: str) -> str:
    """What a mailbox is recognised by, whichever of its addresses is given: the `contact_mark` of the plainest one."""
    return contact_mark(key, mailbox(address))


def domain_mark(key: bytes, domain: str) -> str:
    """What the domain of an employer's addresses is recognised by without being known."""
    return _mark(key, "domain", domain.casefold())


def workplace_mark(key: bytes, listing_id: str, domain: str) -> str:
    """Tells who knows a domain whether a listing is of that employer. Unlike for each listing: no two can be linked."""
    return _mark(key, "workplace", listing_id, domain.casefold())


def report_mark(key: bytes, about: str, address: str) -> str:
    """What a network address is recognised by among the reports about one thing; elsewhere it has another mark."""
    return _mark(key, "report", about, address)


def _mark(key: bytes, *parts: str) -> str:
    return "m_" + hmac.new(key, "\0".join(("mark", *parts)).encode(), hashlib.sha256).hexdigest()[:32]


def command_id(person: str, method: str, path: str, key: str) -> str:
    """The id of a command sent with an Idempotency-Key, and of what it creates: UUIDv5 of who, what, where and the key.

    `path` has its ids in it (`/v1/offers/0197…/accept`), so one key used on two offers is two commands.
    """
    return str(uuid.uuid5(COMMANDS, f"{person}|{method}|{path}|{key}"))


def new_id() -> str:
    """A new id where no key makes one: UUIDv7, so that ids sort roughly by age."""
    return str(uuid_utils.uuid7())


def event_id() -> str:
    """A new event's id: random, so that it says nothing and never collides."""
    return str(uuid.uuid4())
