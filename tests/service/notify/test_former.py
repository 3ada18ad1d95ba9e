"""Who has stolen a token and turns away mail or money is told of to the address that was verified before."""

from datetime import timedelta

import pytest

from shared.aggregate import Store, Trigger
from shared.ids import new_id
from tests.support.notify import Mailbox, code_in, reach, take
from tests.support.web import Caller, Ticking

CONTACT = "/v1/me/contact"


def told(store: Store, worker: Ticking, mailbox: Mailbox, name: str, who: Caller) -> list[tuple[list[str], str]]:
    """What is mailed of such an event: to whom, and the subject."""
    event = Trigger(name, new_id(), "event", store.clock.now(), {"person_id": who.id}, sequence=1)
    mailbox.taken.clear()
    take(store, event)
    worker.tick()
    return [(to, str(mail["Subject"])) for to, mail in mailbox.taken]


def emitted(store: Store, who: Caller) -> list[str]:
    docs = [store.collection.find_one({"_id": f"{kind}:{who.id}"}) or {} for kind in ("contact", "former")]
    events = [event for doc in docs for event in doc.get("events", [])]
    assert "@" not in str([event["data"] for event in events])
    return [event["type"] for event in events]


def stored(store: Store, who: Caller) -> list[str]:
    return [each["email"] for each in (store.get(f"former:{who.id}") or {}).get("addresses", [])]


def replace(who: Caller, worker: Ticking, mailbox: Mailbox, email: str) -> None:
    worker.tick(timedelta(minutes=2))
    assert who.ask("PUT", CONTACT, {"email": email}).status_code == 200
    worker.tick()


@pytest.mark.parametrize("verified", [False, True])
def test_the_old_address_is_mailed(
    anna: Caller, store: Store, worker: Ticking, mailbox: Mailbox, verified: bool
) -> None:
    """Whether or not the thief proves the new one; and so is where the money goes."""
    reach(anna, worker, mailbox)
    replace(anna, worker, mailbox, "thief@evil.example")
    if verified:
        anna.post(f"{CONTACT}/verify", {"code": code_in(mailbox)})

    assert emitted(store, anna) == ["contact.verified"] * (1 + verified) + ["contact.replaced"]
    mails = told(store, worker, mailbox, "contact.replaced", anna)
    assert mails == [(["anna@example.org"], "Your e-mail address was changed")]
    mails = told(store, worker, mailbox, "payout.changed", anna)
    assert mails == [(["anna@example.org"], "Where you are paid was changed")]


def test_of_several_the_oldest(anna: Caller, store: Store, worker: Ticking, mailbox: Mailbox) -> None:
    """A thief who proves one address after the other hides nothing."""
    reach(anna, worker, mailbox)
    for name in "ab":
        replace(anna, worker, mailbox, f"{name}@evil.example")
        anna.post(f"{CONTACT}/verify", {"code": code_in(mailbox)})

    assert told(store, worker, mailbox, "payout.changed", anna)[0][0] == ["anna@example.org"]


@pytest.mark.parametrize("then", [None, "thief@evil.example"])
def test_deleting_it_first_is_no_way_round(
    anna: Caller, store: Store, worker: Ticking, mailbox: Mailbox, then: str | None
) -> None:
    reach(anna, worker, mailbox)
    assert anna.ask("DELETE", CONTACT).status_code == 204
    if then:
        replace(anna, worker, mailbox, then)

    assert told(store, worker, mailbox, "contact.replaced", anna)[0][0] == ["anna@example.org"]


def test_nothing_changed_tells_nobody(anna: Caller, store: Store, worker: Ticking, mailbox: Mailbox) -> None:
    """The same address, one that nobody proved, and where the work mail is."""
    anna.ask("PUT", CONTACT, {"email": "never@example.org"})
    replace(anna, worker, mailbox, "anna@example.org")
    assert emitted(store, anna) == []
    anna.post(f"{CONTACT}/verify", {"code": code_in(mailbox)})
    anna.ask("PUT", CONTACT, {"email": "anna@example.org"})

    assert emitted(store, anna) == ["contact.verified"] and stored(store, anna) == []


def test_without_a_former_one_the_present_one_is_mailed(
    anna: Caller, store: Store, worker: Ticking, mailbox: Mailbox
) -> None:
    reach(anna, worker, mailbox)

    assert told(store, worker, mailbox, "payout.changed", anna)[0][0] == ["anna@example.org"]


def test_it_is_forgotten_after_some_days(anna: Caller, store: Store, worker: Ticking, mailbox: Mailbox) -> None:
    reach(anna, worker, mailbox)
    replace(anna, worker, mailbox, "new@example.org")
    anna.post(f"{CONTACT}/verify", {"code": code_in(mailbox)})
    worker.tick(timedelta(days=6))
    assert stored(store, anna) == ["anna@example.org"]
    former = anna.get("/v1/me/export/notify").get_json()["former_contacts"]
    assert [each["email"] for each in former] == ["anna@example.org"]

    worker.tick(timedelta(days=1))

    assert stored(store, anna) == []
    assert told(store, worker, mailbox, "payout.changed", anna)[0][0] == ["new@example.org"]
