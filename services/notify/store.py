"""The collection `notifications`: notifications, people's addresses, and copies of the offers that two people share.

<event id>:<person>   a notification                     contact:<person>     where a person's mail goes
former:<person>       their verified addresses of before
offer:<offer_id>      whose offer it is, and how it is   work_mail:<person>   their address at an employer
event:<owner>:<id>    an event of the log
mailbox:<mark>        how much went there unasked
"""

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from services.notify.log.records import BY_ARRIVAL, BY_NUMBER, BY_READER
from services.notify.webhooks.store import MIGRATIONS as OF_WEBHOOKS
from shared.aggregate import Document, Store, by_try
from shared.mail_addresses import mailbox

COLLECTION = "notifications"
CONTACT = "contact"
WORK_MAIL = "work_mail"
OFFER = "offer"
_SHOWN = {"events": 0, "applied": 0}


def by_person(collection: Collection[Document]) -> None:
    """A person's notifications, newest first."""
    collection.create_index([("person", ASCENDING), ("rank", DESCENDING)])


def by_party(collection: Collection[Document]) -> None:
    """The copies of a person's offers, for when they ask to be forgotten."""
    collection.create_index([("parties", ASCENDING)], sparse=True)


def by_log(collection: Collection[Document]) -> None:
    """The log of events: by number, which no two have; a person's; those that wait for their number."""
    collection.create_index(list(BY_NUMBER), unique=True, sparse=True)
    collection.create_index(list(BY_READER), sparse=True)
    collection.create_index([("arrival", ASCENDING)], sparse=True)


def by_arrival(collection: Collection[Document]) -> None:
    """From which number on the log is read from a time on."""
    collection.create_index(list(BY_ARRIVAL), sparse=True)


MIGRATIONS = (by_person, by_party, by_try, by_log, *OF_WEBHOOKS, by_arrival)


def contact_id(person: str) -> str:
    return f"{CONTACT}:{person}"


def work_mail_id(person: str) -> str:
    return f"{WORK_MAIL}:{person}"


def offer_key(offer_id: str) -> str:
    return f"{OFFER}:{offer_id}"


def comes_to(store: Store, person: str, address: str) -> bool:
    """Whether what is mailed to the address comes where mail of the person's does."""
    found = (store.get(at(person)) or {} for at in (contact_id, work_mail_id))
    return any(mailbox(each["email"]) == mailbox(address) for each in found if each.get("email"))


def own(store: Store, person: str, after: str | None, limit: int) -> list[Document]:
    """A person's notifications, newest first, after the sort key `after`."""
    below = {"rank": {"$lt": after}} if after else {}
    return list(store.collection.find({"person": person, **below}, _SHOWN).sort("rank", DESCENDING).limit(limit))
