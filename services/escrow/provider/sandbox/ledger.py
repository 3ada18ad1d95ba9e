"""The sandbox's ledgers: one an offer, and the pure rules by which money moves in it. No I/O.

A ledger holds its balance, its transfers and the webhooks still to be sent, so that one write of one document keeps
them in step. Each function returns the changed ledger, or the same object when there was nothing to do.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256

from services.escrow.provider.port import Balance, Chargeback, Instruction, Notice, NoticeKind, Outcome
from services.escrow.provider.sandbox.sources import Step, payout_refused, source_of

FIRST_RETRY = timedelta(seconds=1)
LAST_RETRY = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An instruction taken. `told`: its outcome may be shown; a late one only once its webhook has been delivered.

    `pay_to` is the payee's account as it was named when the instruction was taken. These are the provider's own books:
    it stays here, whoever is forgotten elsewhere.
    """

    instruction: Instruction
    reference: str
    outcome: Outcome | None
    told: bool
    pay_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A chargeback and its times; it is open while `reversed_at` is None."""

    chargeback: Chargeback
    opened_at: datetime
    reversed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A step the provider takes by itself at a time; `about` is the instruction that caused it."""

    at: datetime
    step: Step
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """A webhook not yet delivered: what happened `at`; `about` is the id of an instruction or a chargeback."""

    id: str
    kind: NoticeKind
    about: str
    at: datetime
    due_at: datetime
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Everything the provider knows of one offer; `version` counts its writes, 0 = never stored."""

    balance: Balance
    version: int = 0
    entries: tuple[Entry, ...] = field(default=())
    claims: tuple[Claim, ...] = field(default=())
    planned: tuple[Planned, ...] = field(default=())
    unsent: tuple[Unsent, ...] = field(default=())

    @property
    def offer_id(self) -> str:
        return self.balance.offer_id

    @property
    def due_at(self) -> datetime | None:
        """When the provider next has something to do for this offer."""
        return min([*(p.at for p in self.planned), *(u.due_at for u in self.unsent)], default=None)

    @property
    def open_claim(self) -> Claim | None:
        return next((claim for claim in self.claims if claim.reversed_at is None), None)

    def entry(self, instruction_id: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.instruction.id == instruction_id), None)


def opened_for(instruction: Instruction) -> Ledger:
    """An empty ledger for an offer the provider first hears of."""
    return Ledger(balance=Balance(offer_id=instruction.offer_id, currency=instruction.currency))


def take(
    ledger: Ledger, instruction: Instruction, now: datetime, delay: timedelta, pay_to: str | None = None
) -> Ledger:
    """Takes a new instruction: decides it, or plans to `delay` from now where the source (of a hold) answers late."""
    late = instruction.kind == "hold" and source_of(instruction.source).late
    if not late or _refusal(ledger, instruction, pay_to) is not None:
        return _decide(ledger, instruction, now, delay, told=True, pay_to=pay_to)
    entry = Entry(instruction=instruction, reference=_reference(instruction), outcome=None, told=False)
    plan = Planned(at=now + delay, step="decide", about=instruction.id)
    return replace(ledger, entries=(*ledger.entries, entry), planned=(*ledger.planned, plan))


def advance(ledger: Ledger, now: datetime, delay: timedelta) -> Ledger:
    """Takes the planned steps whose time has come."""
    due = tuple(plan for plan in ledger.planned if plan.at <= now)
    if not due:
        return ledger
    ledger = replace(ledger, planned=tuple(plan for plan in ledger.planned if plan.at > now))
    for plan in due:
        if plan.step == "charge_back":
            ledger = charge_back(ledger, now)
        elif plan.step == "reverse":
            ledger = reverse(ledger, now)
        elif entry := ledger.entry(plan.about):
            ledger = _decide(ledger, entry.instruction, now, delay, told=False)
    return ledger


def charge_back(ledger: Ledger, now: datetime) -> Ledger:
    """The bank takes back what the seeker is out of (all that was funded, where it was refunded already)."""
    money = ledger.balance
    if ledger.open_claim is not None or not money.funded:
        return ledger
    taken = Chargeback(
        id=_id("cb", ledger.offer_id, str(len(ledger.claims))),
        amount=money.funded - money.refunded or money.funded,
        from_held=money.held,
        currency=money.currency,
    )
    claim = Claim(chargeback=taken, opened_at=now, reversed_at=None)
    money = replace(money, held=0, charged_back=money.charged_back + taken.from_held, loss=money.loss + taken.loss)
    ledger = replace(ledger, balance=money, claims=(*ledger.claims, claim))
    return _queue(ledger, "chargeback.opened", taken.id, now)


def reverse(ledger: Ledger, now: datetime) -> Ledger:
    """The bank gives back what the open chargeback took: what had been held is held again."""
    claim = ledger.open_claim
    if claim is None:
        return ledger
    taken, money = claim.chargeback, ledger.balance
    money = replace(
        money,
        held=money.held + taken.from_held,
        charged_back=money.charged_back - taken.from_held,
        loss=money.loss - taken.loss,
    )
    closed = replace(claim, reversed_at=now)
    claims = tuple(closed if other is claim else other for other in ledger.claims)
    return _queue(replace(ledger, balance=money, claims=claims), "chargeback.reversed", taken.id, now)


def delivered(ledger: Ledger, notice_id: str) -> Ledger:
    """The receiver has taken this webhook; the outcome it told may now be shown."""
    sent = next((unsent for unsent in ledger.unsent if unsent.id == notice_id), None)
    if sent is None:
        return ledger
    entries = tuple(
        replace(entry, told=True) if entry.instruction.id == sent.about else entry for entry in ledger.entries
    )
    return replace(ledger, entries=entries, unsent=tuple(u for u in ledger.unsent if u is not sent))


def put_off(ledger: Ledger, notice_id: str, now: datetime) -> Ledger:
    """The receiver has not taken it: again after 1, 2, 4 … seconds, at most an hour."""
    unsent = tuple(
        replace(u, attempts=u.attempts + 1, due_at=now + min(FIRST_RETRY * 2 ** min(u.attempts, 20), LAST_RETRY))
        if u.id == notice_id
        else u
        for u in ledger.unsent
    )
    return replace(ledger, unsent=unsent)


def notice(ledger: Ledger, unsent: Unsent) -> Notice:
    """What a webhook has to say."""
    entry = ledger.entry(unsent.about)
    claim = next((claim for claim in ledger.claims if claim.chargeback.id == unsent.about), None)
    return Notice(
        id=unsent.id,
        kind=unsent.kind,
        offer_id=ledger.offer_id,
        at=unsent.at,
        outcome=entry.outcome if entry else None,
        chargeback=claim.chargeback if claim else None,
    )


def _decide(
    ledger: Ledger,
    instruction: Instruction,
    now: datetime,
    delay: timedelta,
    *,
    told: bool,
    pay_to: str | None = None,
) -> Ledger:
    """Decides an instruction that is new or undecided, moves the money (a split's effects are one write) and queues
    the webhook.
    """
    others = tuple(other for other in ledger.entries if other.instruction.id != instruction.id)
    reason = _refusal(replace(ledger, entries=others), instruction, pay_to)
    outcome = Outcome(
        instruction_id=instruction.id,
        status="refused" if reason else "succeeded",
        reason=reason,
        provider_reference=_reference(instruction),
        amount=0 if reason else instruction.amount,
        at=now,
    )
    entry = Entry(
        instruction=instruction, reference=outcome.provider_reference, outcome=outcome, told=told, pay_to=pay_to
    )
    ledger = replace(ledger, entries=_with(ledger.entries, entry))
    if reason is None:
        ledger = replace(ledger, balance=_moved(ledger.balance, instruction))
        if instruction.kind == "hold":
            source = source_of(instruction.source)
            steps = enumerate(source.then, start=1)
            begin = now + source.after
            plans = tuple(Planned(at=begin + delay * n, step=step, about=instruction.id) for n, step in steps)
            ledger = replace(ledger, planned=ledger.planned + plans)
    return _queue(ledger, "transfer.refused" if reason else "transfer.succeeded", instruction.id, now)


def _with(entries: tuple[Entry, ...], entry: Entry) -> tuple[Entry, ...]:
    """The entries with this one, in the place where its instruction was taken."""
    if all(other.instruction.id != entry.instruction.id for other in entries):
        return (*entries, entry)
    return tuple(entry if other.instruction.id == entry.instruction.id else other for other in entries)


def _refusal(ledger: Ledger, instruction: Instruction, pay_to: str | None) -> str | None:
    """Why the provider would refuse this now, if it would."""
    money = ledger.balance
    if ledger.open_claim is not None:
        return "charged_back"
    if money.funded and instruction.currency != money.currency:
        return "wrong_currency"
    if instruction.kind == "hold":
        being_held = money.held > 0 or any(entry.outcome is None for entry in ledger.entries)
        return "already_held" if being_held else source_of(instruction.source).hold_refused
    hold = next((e.instruction for e in reversed(ledger.entries) if _is_hold(e)), None)
    if instruction.hold_id is not None and (hold is None or instruction.hold_id != hold.id):
        return "unknown_hold"
    if instruction.amount > (money.fees if instruction.kind == "repay" else money.held):
        return "insufficient_funds"
    if instruction.to_payee and (refused := payout_refused(pay_to)):
        return refused
    source = source_of(hold.source if hold else None)
    reason, most = (
        ("refund_refused", source.refunds_refused)
        if instruction.kind == "refund"
        else ("transfer_refused", source.releases_refused)
    )
    times = sum(entry.outcome is not None and entry.outcome.reason == reason for entry in ledger.entries)
    return reason if times < most else None


def _is_hold(entry: Entry) -> bool:
    """Is this a hold that succeeded?"""
    return entry.instruction.kind == "hold" and entry.outcome is not None and entry.outcome.status == "succeeded"


def _moved(money: Balance, instruction: Instruction) -> Balance:
    """The balance after an instruction that succeeds."""
    amount = instruction.amount
    if instruction.kind == "hold":
        return replace(money, currency=instruction.currency, funded=money.funded + amount, held=money.held + amount)
    if instruction.kind == "repay":
        return replace(money, fees=money.fees - amount, paid_out=money.paid_out + amount)
    return replace(
        money,
        held=money.held - amount,
        paid_out=money.paid_out + instruction.to_payee,
        fees=money.fees + instruction.fee,
        refunded=money.refunded + (amount if instruction.kind == "refund" else instruction.refund),
    )


def _queue(ledger: Ledger, kind: NoticeKind, about: str, now: datetime) -> Ledger:
    unsent = Unsent(id=_id("evt", kind, about), kind=kind, about=about, at=now, due_at=now)
    return replace(ledger, unsent=(*ledger.unsent, unsent))


def _reference(instruction: Instruction) -> str:
    return _id("tr", instruction.id)


def _id(prefix: str, *parts: str) -> str:
    """A stable id of the provider's own: the same facts have the same id in each replay."""
    return f"{prefix}_{sha256(chr(0).join(parts).encode()).hexdigest()[:24]}"
