"""The sandbox provider: a real party with its own books, its own idempotency keys and its own webhook.

docs/provider.md lists the sources and accounts it knows. It runs in the escrow worker; its webhooks are a thread there.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event

from services.escrow.provider.port import (
    PAGE,
    Absent,
    Account,
    Conflict,
    Instruction,
    Loop,
    Notice,
    Outcome,
    Page,
    Transfer,
    Unavailable,
)
from services.escrow.provider.sandbox import ledger as ledgers
from services.escrow.provider.sandbox.ledger import Ledger
from services.escrow.provider.sandbox.records import StoredRecords
from services.escrow.provider.sandbox.sources import source_of
from services.escrow.provider.sandbox.store import PartyStore
from services.escrow.provider.sandbox.together import Together
from services.escrow.provider.sandbox.webhook import NoAnswer, Post, encode, sign
from shared.clock import Clock
from shared.telemetry import outages

MAX_HOLD = timedelta(days=810)
SHORTEST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 0.5
BATCH = 50
TRIES = 100  # of a compare-and-set; each round of a race has a winner

log = logging.getLogger(__name__)
_Asked = tuple[Instruction, str | None]
_Taken = tuple[Ledger, bool]


class Sandbox:
    """Carries out instructions (see `port.Provider`) and reports their outcomes by webhook, at least once each.

    A split is one write of one document, so that no half of it is ever there.
    """

    def __init__(
        self, store: PartyStore, clock: Clock, post: Post, secret: str, delay: timedelta = timedelta(seconds=1)
    ) -> None:
        """`delay` is how long the late sources take; `post` and `secret` send and sign the webhooks."""
        self.loops: Mapping[str, Loop] = {"provider-webhooks": self.run_webhooks}
        self._store = store
        self._records = StoredRecords(store)
        self._clock = clock
        self._post = post
        self._secret = secret
        self._delay = delay
        self._wake = Event()
        self._together = Together(self._take)

    def carry_out(self, instruction: Instruction, pay_to: str | None = None) -> Outcome | None:
        """See `port.Provider.carry_out`."""
        ledger, is_new = self._together((instruction, pay_to))
        if is_new and source_of(instruction.source).answer_lost:
            raise Unavailable("the connection was lost before the answer came")
        return _answer(ledger, instruction)

    def _take(self, asked: Sequence[tuple[_Asked, Future[_Taken]]]) -> None:
        """Take what is asked for at once: one read and one write for all, and again where another was faster."""
        new: set[str] = set()
        for attempt in range(TRIES):
            stored = {ledger.offer_id: ledger for ledger in self._store.some([i.offer_id for (i, _), _ in asked])}
            changed: dict[str, Ledger] = {}
            for (instruction, pay_to), taken in asked:
                at = instruction.offer_id
                ledger = changed.get(at) or stored.get(at) or ledgers.opened_for(instruction)
                if taken.done() or ledger.entry(instruction.id):
                    continue
                if attempt and (holder := self._store.holding(instruction.id)) and holder.offer_id != at:
                    taken.set_exception(Conflict(f"instruction {instruction.id!r} was used for another offer"))
                    continue
                changed[at] = ledgers.take(ledger, instruction, self._clock.now(), self._delay, pay_to)
                new.add(instruction.id)
            if self._store.save(list(changed.values())):
                break
        else:
            raise Unavailable("too many at once on one offer")
        self._wake.set()
        for (instruction, _), taken in asked:
            if not taken.done():
                at = instruction.offer_id
                taken.set_result((changed.get(at) or stored[at], instruction.id in new))

    def find(self, instruction_id: str) -> Outcome | Absent:
        """See `port.Provider.find`."""
        ledger = self._store.holding(instruction_id)
        entry = ledger.entry(instruction_id) if ledger else None
        if entry is None:
            return Absent.UNKNOWN
        return entry.outcome if entry.outcome is not None and entry.told else Absent.PENDING

    def max_hold(self, country: str | None = None, currency: str | None = None) -> timedelta:
        """See `port.Provider.max_hold`: as long everywhere, in any currency."""
        return MAX_HOLD

    def accounts(
        self, offer_ids: Collection[str] | None = None, *, after: str | None = None, limit: int = PAGE
    ) -> Page[Account]:
        """See `port.Records.accounts`."""
        return self._records.accounts(offer_ids, after=after, limit=limit)

    def transfers(
        self, offer_ids: Collection[str] | None = None, *, after: str | None = None, limit: int = PAGE
    ) -> Page[Transfer]:
        """See `port.Records.transfers`."""
        return self._records.transfers(offer_ids, after=after, limit=limit)

    def run_webhooks(self, stop: Event, beat: Callable[[], None] = lambda: None) -> None:
        """Delivers until `stop` is set (noticed within half a second); `beat` is called each turn."""
        pause = SHORTEST_PAUSE_S
        while not stop.is_set():
            beat()
            self._wake.clear()
            try:
                count = self.deliver_due(beat)
            except Unavailable as error:
                outages.away(outages.PROVIDER, "webhooks", error)
                count = 0
            else:
                outages.back(outages.PROVIDER, "webhooks")
            if count:
                pause = SHORTEST_PAUSE_S
                continue
            woken = self._wake.wait(pause)
            pause = SHORTEST_PAUSE_S if woken else min(pause * 2, LONGEST_PAUSE_S)

    def deliver_due(self, beat: Callable[[], None] = lambda: None) -> int:
        """One turn: takes the planned steps and sends the webhooks that are due; how many were delivered.

        The turn ends where the receiver cannot be reached; `beat` is called before each that is sent, for a receiver
        that answers may take its time. Raises Unavailable.
        """
        now, sent = self._clock.now(), dict[str, bool]()
        due = self._change(self._store.due(now, BATCH), lambda ledger: ledgers.advance(ledger, now, self._delay))
        for of, unsent in [(each, unsent) for each in due for unsent in each.unsent if unsent.due_at <= now]:
            beat()
            status = self._send(ledgers.notice(of, unsent), unsent.attempts)
            sent[unsent.id] = status is not None and 200 <= status < 300
            if status is None:
                break
        self._change(due, lambda ledger: _marked(ledger, sent, self._clock.now()))
        return sum(sent.values())

    def _send(self, notice: Notice, attempts: int) -> int | None:
        """The receiver's HTTP status, None where there was no answer."""
        body = encode(notice)
        try:
            status = self._post(body, sign(self._secret, body, self._clock.now()))
        except NoAnswer as error:
            log.warning("provider webhook %s: no answer (%s), attempt %d", notice.id, error, attempts + 1)
            return None
        if not 200 <= status < 300:
            log.warning("provider webhook %s: answered %d, attempt %d", notice.id, status, attempts + 1)
        return status

    def _change(self, known: Sequence[Ledger], change: Callable[[Ledger], Ledger]) -> list[Ledger]:
        """Changes stored ledgers by compare-and-set, first as they are `known`, then as they are read again."""
        for _ in range(TRIES):
            changes = [(ledger, change(ledger)) for ledger in known]
            if self._store.save([new for old, new in changes if new is not old]):
                return [old if new is old else replace(new, version=old.version + 1) for old, new in changes]
            known = self._store.some([ledger.offer_id for ledger in known])
        raise Unavailable("too many at once on one offer")


def _marked(ledger: Ledger, sent: Mapping[str, bool], now: datetime) -> Ledger:
    """Of each webhook that was sent, whether the receiver has taken it."""
    for unsent in ledger.unsent:
        if unsent.id in sent:
            taken = sent[unsent.id]
            ledger = ledgers.delivered(ledger, unsent.id) if taken else ledgers.put_off(ledger, unsent.id, now)
    return ledger


def _answer(ledger: Ledger, instruction: Instruction) -> Outcome | None:
    """What to say to an instruction that the ledger has taken. Raises Conflict where it is another one."""
    entry = ledger.entry(instruction.id)
    if entry is None or entry.instruction != instruction:
        raise Conflict(f"instruction {instruction.id!r} was used with other content")
    return entry.outcome if entry.told else None
