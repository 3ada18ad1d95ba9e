"""Between the escrow and its provider: an open instruction goes out, outcomes and notices come back as triggers.

An outcome has the same id, `<instruction>:<status>`, whether it comes as the answer or by webhook: so it is taken once.
Where the payee is paid stands in no stored escrow and in no event; it is looked up when an instruction goes out.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from services.escrow.provider.port import (
    Absent,
    BadNotice,
    Chargeback,
    Instruction,
    Notice,
    Outcome,
    Provider,
    Unavailable,
)
from shared.aggregate import Document, Trigger
from shared.clock import Clock
from shared.telemetry import metrics, traces

log = logging.getLogger(__name__)
Clear = Callable[[Document], Document | Trigger | None]
_TERMS = ("id", "kind", "amount", "currency", "source", "payee", "fee", "refund", "hold_id")


class Payments:
    """Carries out the instructions of escrows; the poller calls it, several at once."""

    def __init__(
        self, provider: Provider, clock: Clock, account_of: Callable[[str], str | None], clear: Clear = lambda doc: doc
    ) -> None:
        """`account_of` gives the provider's token for a person's account, None where they have named none; `clear`
        lets an open instruction go, or says its outcome (see `clearance`).
        """
        self._provider, self._clock, self._account_of, self._clear = provider, clock, account_of, clear
        for kind in metrics.INSTRUCTION_KINDS["escrow"]:
            metrics.UNANSWERED.labels(kind)  # a counter that begins with the first fault would hide it

    def carry_out(self, document: Document) -> Trigger | None:
        """The outcome of a document's open instruction, None while it is unknown or comes by webhook alone.

        What may have been sent before is asked for first; only what the provider never heard of is sent again, with the
        same id, or held back.
        """
        with traces.span(f"provider {document['instruction']['kind']}", kind="client"):
            return self._carry_out(document)

    def _carry_out(self, document: Document) -> Trigger | None:
        try:
            outcome = self._ask(document)
        except Unavailable as error:
            about = {"instruction_id": document["instruction"]["id"]}
            metrics.UNANSWERED.labels(document["instruction"]["kind"]).inc()
            log.warning("the provider's answer is unknown: %s", error, extra=about)
            traces.describe({"golem.outcome": "unknown"}, failed=True)
            return None
        if outcome is None or isinstance(outcome, Trigger):
            return outcome
        traces.describe({"golem.outcome": outcome.status})
        self._measure(document, outcome)
        return trigger_of_outcome(outcome)

    def _ask(self, document: Document) -> Outcome | Trigger | None:
        cleared = self._clear(document)
        if cleared is None:
            return None
        if isinstance(cleared, Trigger) or document["instruction"].get("attempts", 0) > 0:
            found = self._provider.find(document["instruction"]["id"])
            if isinstance(found, Outcome):
                return found
            if found is Absent.PENDING:
                return None
        return cleared if isinstance(cleared, Trigger) else self._send(cleared)

    def _send(self, document: Document) -> Outcome | None:
        instruction = instruction_of(document)
        if instruction.payee is None or "paid_to" in document:
            return self._provider.carry_out(instruction, document.get("paid_to"))
        return self._provider.carry_out(instruction, self._account_of(instruction.payee))

    def _measure(self, document: Document, outcome: Outcome) -> None:
        since = payable_since(document) if outcome.status == "succeeded" else None
        if since is not None:
            metrics.HIRE_TO_RELEASE_SECONDS.observe(max(0.0, (self._clock.now() - since).total_seconds()))


def payable_since(document: Document) -> datetime | None:
    """Since when nothing but the system's own pace kept the payout that is instructed: the hire's confirmation, or the
    end of an insider's first wait. None where something else did: a later tranche's day, a refusal, people or a bank.
    """
    index = document["instruction"].get("tranche")
    if index is None or document["tranches"][index]["due_day"]:
        return None
    if any(document.get(name) for name in ("blocked", "disputed_by", "chargeback")):
        return None
    due: datetime = document["tranches"][index]["due_at"]
    return max(due, document.get("payout_from") or due)


def instruction_of(document: Document) -> Instruction:
    """The open instruction as the provider takes it; the same document always gives the same.

    What is set off stays with the platform, as the fee does.
    """
    stored = document["instruction"]
    terms = {name: stored[name] for name in _TERMS if name in stored}
    if set_off := stored.get("set_off"):
        terms["fee"] += set_off
    return Instruction(offer_id=document["_id"], **terms)


def trigger_of_outcome(outcome: Outcome) -> Trigger:
    """An outcome as the escrow takes it. Raises BadNotice where the id is none that an escrow gives."""
    parts = outcome.instruction_id.split(":")
    if len(parts) < 3 or parts[1] not in ("hold", "release", "refund", "split", "repay"):
        raise BadNotice("outcome.instruction_id: is none of ours")
    return Trigger(
        name=f"{parts[1]}.{outcome.status}",
        id=f"{outcome.instruction_id}:{outcome.status}",
        kind="outcome",
        at=outcome.at,
        traceparent=traces.traceparent(),
        data={"instruction_id": outcome.instruction_id, "amount": outcome.amount, "reason": outcome.reason},
    )


def trigger_of_notice(notice: Notice) -> Trigger:
    """What a webhook says, as the escrow takes it. Raises BadNotice."""
    if notice.outcome is not None:
        if not notice.outcome.instruction_id.startswith(f"{notice.offer_id}:"):
            raise BadNotice("outcome.instruction_id: is another offer's")
        return trigger_of_outcome(notice.outcome)
    if notice.chargeback is None:
        raise BadNotice("chargeback: is missing")
    return _trigger_of_chargeback(notice.kind, notice.chargeback, notice.at)


def _trigger_of_chargeback(kind: str, chargeback: Chargeback, at: datetime) -> Trigger:
    data = {"chargeback_id": chargeback.id, "amount": chargeback.amount, "from_held": chargeback.from_held}
    return Trigger(name=kind, id=f"{chargeback.id}:{kind}", kind="outcome", at=at, data=data)
