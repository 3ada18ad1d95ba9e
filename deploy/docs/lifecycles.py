"""The page of the lifecycles: a diagram and two tables each, from the tables that the services run on."""

from collections.abc import Iterable

from services.escrow.lifecycle import ESCROW
from services.listing.lifecycle import LISTING
from services.matching.employer.lifecycle import EMPLOYER
from services.matching.offer.lifecycle import OFFER
from services.notify.lifecycle import NOTIFICATION
from services.notify.webhooks.lifecycle import DELIVERY, WEBHOOK
from shared.aggregate import Lifecycle
from shared.settings.in_words import with_terms

LIFECYCLES = (
    (LISTING, "services/listing/lifecycle.py"),
    (OFFER, "services/matching/offer/lifecycle.py"),
    (ESCROW, "services/escrow/lifecycle.py"),
    (NOTIFICATION, "services/notify/lifecycle.py"),
    (WEBHOOK, "services/notify/webhooks/lifecycle.py"),
    (DELIVERY, "services/notify/webhooks/lifecycle.py"),
    (EMPLOYER, "services/matching/employer/lifecycle.py"),
)

_HEAD = """\
# Lifecycles

Generated from the tables in the code by `python -m deploy.docs`; a test fails when this page is stale. Each aggregate
is one document that moves only as its table says. Commands are a person's, over HTTP, by the role that is named;
events come by Kafka; `timer:` fires at its time; outcomes are the payment provider's or the mail server's. Of several
rows for one trigger the first whose condition holds is taken. A command that has no row is refused; an event that has
none is answered as the second table says: *ignored* (already true, or outdated), *parked* (kept in the document until
it fits) or *rejected* (a dead letter). Durations that are settings stand here with their defaults.
"""


def page() -> str:
    """The whole page, in Markdown with Mermaid diagrams."""
    return "\n".join([_HEAD, *(_chapter(lifecycle, where) for lifecycle, where in LIFECYCLES)])


def _chapter(lifecycle: Lifecycle, where: str) -> str:
    busy = f"\nWith an instruction open, and so busy: {', '.join(lifecycle.busy)}.\n" if lifecycle.busy else ""
    parts = [
        f"## {lifecycle.name.capitalize()}\n\nIn `{where}`. States: {', '.join(lifecycle.states)}.\n{busy}",
        "```mermaid\nstateDiagram-v2\n" + "\n".join(_arrows(lifecycle)) + "\n```\n",
        _rows_table(lifecycle),
        _answers_table(lifecycle),
    ]
    return "\n".join(part for part in parts if part)


def _arrows(lifecycle: Lifecycle) -> Iterable[str]:
    """One arrow for each pair of states, with all that leads along it; what keeps the state is left to the table."""
    along: dict[tuple[str, str], list[str]] = {}
    for row in lifecycle.rows:
        for source in row.sources:
            if row.to is not None and row.to != source:
                names = along.setdefault((source, row.to), [])
                if row.trigger not in names:
                    names.append(row.trigger)
    for (source, to), triggers in along.items():
        start = "[*]" if source == "new" else source
        yield f"    {start} --> {to}: {', '.join(t.replace('timer:', '⏱ ') for t in triggers)}"
    for state in lifecycle.final:
        yield f"    {state} --> [*]"


def _rows_table(lifecycle: Lifecycle) -> str:
    lines = ["| from | on | by | to | events | when, rules, note |", "|---|---|---|---|---|---|"]
    for row in lifecycle.rows:
        remarks = [row.when.description] if row.when else []
        remarks += [f"rule `{guard.rule}`" for guard in row.guards]
        remarks += [f"before the timer `{row.until}`"] if row.until else []
        remarks += [row.note] if row.note else []
        cells = (
            ", ".join(row.sources),
            f"`{row.trigger}`",
            ", ".join(row.by),
            row.to or "the same",
            ", ".join(f"`{event.type}`" for event in row.events),
            with_terms("; ".join(remarks), lifecycle.terms),
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _answers_table(lifecycle: Lifecycle) -> str:
    if not lifecycle.answers:
        return ""
    lines = ["| without a row | ignored in | parked in | rejected in |", "|---|---|---|---|"]
    for trigger, by_state in sorted(lifecycle.answers.items()):
        per_state = []
        for kind in ("ignore", "park", "reject"):
            states = [s for s in lifecycle.states if s in by_state and by_state[s].kind == kind]
            per_state.append(", ".join(_with_limit(lifecycle, trigger, state) for state in states))
        lines.append(f"| `{trigger}` | " + " | ".join(per_state) + " |")
    return "\n".join(lines) + "\n"


def _with_limit(lifecycle: Lifecycle, trigger: str, state: str) -> str:
    answer = lifecycle.answers[trigger][state]
    if answer.kind != "park" or answer.park.limit is None:
        return state
    return f"{state} ({answer.park.limit.days} d, then reject)"
