"""What tests of webhooks share: receivers, and a webhook with its deliveries in memory."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from services.notify.webhooks.deliverer import Deliverer
from services.notify.webhooks.lanes import Lanes
from services.notify.webhooks.lifecycle import DELIVERY, VERIFIED, WEBHOOK
from services.notify.webhooks.posting import Answered, Unanswered
from services.notify.webhooks.signing import Signer
from services.notify.webhooks.store import delivery_key, new_delivery
from shared.aggregate import Change, Document, Store, Trigger
from shared.ids import event_id, new_id
from tests.support.clock import ManualClock
from tests.support.memory import MemoryCollection

KEY = b"k" * 40
OWNER = "p_" + "a" * 32


class Receivers:
    """Answers instead of the network: `answers` by URL, each used once, the last for ever; what came is in `taken`."""

    def __init__(self, **answers: Sequence[Any]) -> None:
        self.answers = {url: list(each) for url, each in answers.items()}
        self.taken: list[tuple[str, bytes, Mapping[str, str]]] = []

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        self.taken.append((url, body, headers))
        answers = self.answers.get(url, [200])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, str):
            raise Unanswered(answer)  # type: ignore[arg-type]
        status, more = answer if isinstance(answer, tuple) else (answer, {})
        return Answered(status, more)

    def ids(self, url: str = "") -> list[str]:
        return [headers["webhook-id"] for to, _, headers in self.taken if url in ("", to)]


class Hooks:
    """A store in memory with webhooks of one owner, and its deliverer."""

    def __init__(
        self,
        post: Callable[[str, bytes, Mapping[str, str]], Answered],
        *,
        chance: float = 0.0,
        start: Callable[[Callable[[], None]], None] = lambda run: run(),
        lanes: Lanes | None = None,
        store: Store | None = None,
    ) -> None:
        self.store = store or Store(MemoryCollection(), ManualClock())
        self.deliverer = Deliverer(
            self.store, post, Signer(KEY, 1), body, KEY, start=start, lanes=lanes, chance=lambda: chance
        )

    def webhook(self, url: str = "hook", owner: str = OWNER, **more: Any) -> str:
        """An active webhook."""
        webhook_id = new_id()

        def decide(changes: dict[str, Change]) -> None:
            change = changes[webhook_id]
            said = {"url": url, "types": ["*"], "payload": "full", "scope": "own", "unreachable": None}
            said |= {"counted": True, **more}
            change.set(created_at=change.now)
            roles = frozenset({"maker"})
            WEBHOOK.fold(change, Trigger("create", new_id(), "command", change.now, said, owner, roles))
            WEBHOOK.fold(change, Trigger(VERIFIED, new_id(), "event", change.now, {"url_number": 1}))

        self.store.run({webhook_id: WEBHOOK}, decide)
        return webhook_id

    def deliver(self, webhook_id: str, event_type: str = "hire.confirmed", number: int = 1) -> str:
        """Begin a delivery; its event's id."""
        about = event_id()
        change = new_delivery(self.store, self.get(webhook_id), about, event_type=event_type, number=number)
        assert self.store.write([change])
        return about

    def settle(self, after: timedelta | float = 0) -> None:
        """Let time pass, then try all that is due."""
        self.store.clock.advance(after)  # type: ignore[attr-defined]
        while self.deliverer.step():
            pass

    def get(self, document_id: str) -> Document:
        found = self.store.get(document_id)
        assert found is not None
        return found

    def delivery(self, webhook_id: str, about: str) -> Document:
        return self.get(delivery_key(webhook_id, about))

    def fold(self, webhook_id: str, name: str, **data: Any) -> None:
        """A command of its owner's."""

        def decide(changes: dict[str, Change]) -> None:
            change = changes[webhook_id]
            owner = frozenset({"owner"})
            WEBHOOK.fold(change, Trigger(name, new_id(), "command", change.now, data, OWNER, owner))

        self.store.run({webhook_id: WEBHOOK}, decide)

    def tell(self, webhook_id: str, name: str, **data: Any) -> None:
        """What the worker found out about it."""

        def decide(changes: dict[str, Change]) -> None:
            change = changes[webhook_id]
            WEBHOOK.fold(change, Trigger(name, new_id(), "event", change.now, data))

        self.store.run({webhook_id: WEBHOOK}, decide)

    def retry(self, webhook_id: str, about: str) -> None:
        """Its owner has one delivery begun again."""
        key = delivery_key(webhook_id, about)

        def decide(changes: dict[str, Change]) -> None:
            change = changes[key]
            DELIVERY.fold(change, Trigger("retry", new_id(), "command", change.now, {}, OWNER, frozenset({"owner"})))

        self.store.run({key: DELIVERY}, decide)


def body(delivery: Document, webhook: Document) -> bytes:
    return json.dumps({"id": delivery["event_id"], "type": delivery["event_type"]}).encode()


Talk = Callable[[socket.socket, bytes], None]
"""What a receiver does with a connection once it has read a request."""


@contextmanager
def receiver(talk: Talk) -> Iterator[str]:
    """A server on this machine that does with each connection what `talk` says; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server, talk), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/hook?a=b"
        finally:
            server.shutdown(socket.SHUT_RDWR)


def _serve(server: socket.socket, talk: Talk) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_talk, args=(connection, talk), daemon=True).start()


def _talk(connection: socket.socket, talk: Talk) -> None:
    with connection:
        try:
            talk(connection, _request(connection))
        except OSError:
            return


def _request(connection: socket.socket) -> bytes:
    read = b""
    while b"\r\n\r\n" not in read:
        read += (more := connection.recv(65_536))
        if not more:
            return read
    head, _, rest = read.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line), 0)
    while len(rest) < length and (more := connection.recv(65_536)):
        rest += more
    return head + b"\r\n\r\n" + rest
