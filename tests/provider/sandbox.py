"""The sandbox under test."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from services.escrow.provider.port import Unavailable
from services.escrow.provider.sandbox.ledger import Ledger
from services.escrow.provider.sandbox.store import PartyStore
from services.escrow.provider.sandbox.webhook import NoAnswer, SignedNotices, sign
from tests.provider.harness import Known, Receiver
from tests.support.clock import ManualClock
from tests.support.sandbox import Sandbox

SECRET = "a secret between the provider and escrow"
DELAY = timedelta(seconds=1)


class SandboxHarness:
    """The sandbox over a store."""

    known = Known("tok_visa", "tok_declined", "tok_late", DELAY, "acct_test", "acct_closed")

    def __init__(self, store: PartyStore) -> None:
        self.clock = ManualClock()
        self.store = Breaking(store)
        self.notices = SignedNotices(SECRET, timedelta(minutes=5))
        self.receiver = Receiver(self.notices, self.clock)
        self.provider = self.restarted()

    def restarted(self) -> Sandbox:
        return Sandbox(self.store, self.clock, self._post, SECRET, DELAY)

    def work(self) -> None:
        self.provider.deliver_due()

    def break_next(self, when: Literal["before", "after"]) -> None:
        self.store.breaks = when

    def charge_back(self, offer_id: str) -> None:
        self.provider.charge_back(offer_id)

    def reverse(self, offer_id: str) -> None:
        self.provider.reverse_chargeback(offer_id)

    def sign(self, body: bytes, at: datetime, *, forged: bool = False) -> str:
        return sign("another secret" if forged else SECRET, body, at)

    def _post(self, body: bytes, signature: str) -> int:
        status = self.receiver.take(body, signature)
        if status is None:
            raise NoAnswer("timed out")
        return status


class Breaking:
    """A store whose connection breaks at the next write when `breaks` is set, before or after it was made."""

    def __init__(self, store: PartyStore) -> None:
        self._store = store
        self.breaks: Literal["before", "after"] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save(self, ledgers: Sequence[Ledger]) -> bool:
        breaks, self.breaks = self.breaks, None
        if breaks == "before":
            raise Unavailable("no connection")
        saved = self._store.save(ledgers)
        if breaks == "after":
            raise Unavailable("no answer")
        return bool(saved)
