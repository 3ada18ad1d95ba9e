"""`docs/invariants.md`, from the list that `golem verify` checks."""

import inspect

from deploy.verify import INVARIANTS, SETTLING

SECONDS = f"{SETTLING.total_seconds():g}"
_HEAD = f"""# What must always be true

Made from `deploy/verify` by `python -m deploy.docs`; the list stands in `deploy/verify/invariants.py`.

`golem verify` reads the four databases, the topics, the groups' offsets and the provider's own books, and says of
each invariant how many things it checked and which do not hold, by their ids; it exits with 1 where any does not. It
only reads, and may run while the system works: what was changed less than {SECONDS} s before, or is on its way, is
left out and counted, and a violation counts only where a second reading finds it too. `--wait SECONDS` waits until
nothing is in flight; then nothing is left out. `--acknowledged FILE` (a line `SERVICE ID` each) also asks for what
clients were told of. It reads in slices, so that it needs no more memory for a big system than for a small one; in
`TMPDIR` it needs about as much room as the topics take. `--resume FILE` keeps it there instead, with how far it is: the
same command goes on where it was broken off, and takes the file away once all is checked.

Escrow's worker does I1 and the chain of I11 all the time (`services/escrow/reconciliation.py`): what differs in two
passes with no open instruction is flagged, and stands in `GET /v1/reconciliation` for staff. The provider is asked for
`RECONCILIATION_PACE` escrows a second at most, those that ended more than a day before in one pass of 24;
`golem_reconciliation_oldest_seconds` says since when each was asked for.
"""


def page() -> str:
    parts = [_HEAD]
    for invariant in INVARIANTS:
        parts.append(f"## {invariant.id}: {invariant.description}\n\n{inspect.getdoc(invariant.check)}\n")
    return "\n".join(parts)
