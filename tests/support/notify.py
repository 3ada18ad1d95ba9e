"""What tests of notify share: a mail server that keeps what it takes, events, and people who prove their address."""

from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from services.notify.handlers import handlers
from shared.aggregate import Batch, Store, Trigger, Verdict
from shared.ids import new_id
from tests.pure.test_notify_recipients import event
from tests.support.web import Caller, Ticking


class Mailbox:
    """A mail server's handler: keeps what it takes; `recipient` and `message` are what it says to them."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], EmailMessage]] = []
        self.recipient, self.message = "250 OK", "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        envelope.rcpt_tos.append(address)
        return self.recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.message.startswith("250"):
            parsed = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            self.taken.append((envelope.rcpt_tos, parsed))
        return self.message


def happened(
    store: Store, name: str, insider: Caller, seeker: Caller, age: timedelta = timedelta(), number: int = 1, **more: Any
) -> Trigger:
    """The event, between these two."""
    data = event(name, **more) | {"insider": insider.id}
    data |= {"seeker": seeker.id} if "seeker" in data else {}
    return Trigger(name=name, id=new_id(), kind="event", at=store.clock.now() - age, data=data, sequence=number)


def take(store: Store, *events: Trigger) -> list[Verdict]:
    return Batch(store, handlers()).process(events)


def own(who: Caller, query: str = "") -> list[dict[str, Any]]:
    """Their notifications."""
    response = who.get(f"/v1/notifications?{query}")
    assert response.status_code == 200, response.get_json()
    return list(response.get_json()["items"])


def reach(who: Caller, worker: Ticking, mailbox: Mailbox, **more: str) -> None:
    """Give an address and prove it by the code that is mailed there."""
    assert who.ask("PUT", "/v1/me/contact", {"email": f"{who.sub}@example.org", **more}).status_code == 200
    worker.tick()
    verified = who.post("/v1/me/contact/verify", {"code": code_in(mailbox)})
    assert (verified.status_code, verified.get_json()["verified"]) == (200, True)


def code_in(mailbox: Mailbox) -> str:
    """The code of the last mail, which is taken away."""
    _, mail = mailbox.taken.pop()
    return str(mail["Subject"].rpartition(" ")[2])


def part(mail: EmailMessage, kind: str) -> str:
    """The `plain` or `html` text of a mail."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())
