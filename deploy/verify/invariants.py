"""The invariants, I1 to I13: what each says, and the function that checks it. This list is the one place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deploy.verify import answers, events, limits, losses, money, outcomes
from deploy.verify.snapshot import Snapshot
from deploy.verify.tally import Tally

Result = Tally


@dataclass(frozen=True)
class Invariant:
    """`check`'s docstring says what exactly is looked at."""

    id: str
    description: str
    check: Callable[[Snapshot, Tally], None]


INVARIANTS: Sequence[Invariant] = (
    Invariant(
        "I1", "funded = held + released + fees + refunded + charged_back, and the provider says the same", money.sums
    ),
    Invariant("I2", "at most one payout a tranche, one transfer an instruction", money.once),
    Invariant("I3", "at rest each accepted offer has exactly one outcome", outcomes.one_outcome),
    Invariant("I4", "no payout without the hire.confirmed that caused it", money.caused),
    Invariant("I5", "the events on the topics are the events in the documents, save exact repeats", events.same),
    Invariant("I6", "one effect for each consumer and event", events.one_effect),
    Invariant("I7", "an aggregate's events are numbered 1..n over all topics, in order in each", events.numbered),
    Invariant("I8", "what got a 2xx can be read", answers.readable),
    Invariant("I9", "the same key has the same answer", answers.same_answer),
    Invariant(
        "I10", "drained: outboxes and lag 0, nothing parked that should not be, no deadline overdue", outcomes.drained
    ),
    Invariant("I11", "the journal's chain, recomputed, is what the escrow's events carry", money.chain),
    Invariant("I12", "each live agreement is reserved, and no seeker is above their cap or budget", limits.reserved),
    Invariant("I13", "what is kept of payouts for a loss is owed, or on its way back", losses.owed),
)


def verify(snapshot: Snapshot) -> list[Result]:
    """Check all of them, in their order. Pure."""
    results = []
    for invariant in INVARIANTS:
        tally = Tally(invariant.id)
        invariant.check(snapshot, tally)
        results.append(tally)
    return results
