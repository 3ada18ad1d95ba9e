"""docs/rules.md, from the shipped rules."""

from collections.abc import Sequence

from shared.money import format_amount
from shared.places import ANYWHERE, Entry, PlaceRules, name_of, shipped

_HEAD = """\
# What may be charged to a job seeker, by place

Generated from `shared/places/rules.json` by `python -m deploy.docs`; a test fails when this page is stale.

**This is no legal advice.** It is what public pages say, with the date each was read and what is doubtful about it. An
operator decides with counsel, and enters what they decide in a file of the same form (`RULES_FILE`), which is laid over
these rules: `golem rules check FILE` checks it, `golem rules show CA-ON` shows what then holds, and
`GET /v1/rules?country=CA&subdivision=CA-ON` shows it to clients. Each decision about a listing records the ids of the
rules that it applied.

The most exact place decides: the subdivision (ISO 3166-2), else the country, else the default. Help at price 0 is
always allowed. `paid`: may be charged. `free_only`: price 0 only. `licensed`: may be charged by whoever holds the named
licence; the operator enters theirs in `LICENCES`, and its number stands beside each price. Of several that hold it is
the one that ends soonest; one holds from its `valid_from`, if it has one, through its `valid_until`.

## Decisions

| place | help | decision | source, and what it says | read | doubt | id |
|---|---|---|---|---|---|---|
"""


def page() -> str:
    rules = shipped()
    decided = "".join(
        f"| {_place(each)} | {_help(each)} | {each.decision}{f': {each.licence}' if each.licence else ''} "
        f"| {_source(each)} | {each.checked} | {each.doubt or '–'} | `{each.id}` |\n"
        for each in rules.decisions
    )
    return "\n".join([_HEAD + decided, *_others(rules), _caps(rules)])


def _others(rules: PlaceRules) -> list[str]:
    return [
        _table(
            "What a seeker is asked", "Who says yes is charged nothing.", "asks",
            [(r, r.asks) for r in rules.questions],
        ),
        _table(
            "The employer's consent", "Whose word a paid word or reference takes.", "by",
            [(r, f"the {r.by}'s") for r in rules.consents],
        ),
        _table(
            "What an insider acknowledges", "Before this help has a price.", "acknowledges",
            [(r, r.acknowledges) for r in rules.acknowledgements],
        ),
        _table(
            "What a posting may not say", "A posting that says it waits for a moderator.", "phrases",
            [(r, ", ".join(r.phrases)) for r in rules.phrases],
        ),
    ]  # fmt: skip


def _table(title: str, says: str, column: str, rows: Sequence[tuple[Entry, str]]) -> str:
    head = f"## {title}\n\n{says}\n\n| place | help | {column} | source, and what it says | read | doubt | id |\n"
    body = "".join(
        f"| {_place(rule)} | {_help(rule)} | {value} | {_source(rule)} | {rule.checked} | {rule.doubt or '–'} "
        f"| `{rule.id}` |\n"
        for rule, value in rows
    )
    return f"{head}|---|---|---|---|---|---|---|\n{body}"


def _caps(rules: PlaceRules) -> str:
    cap = rules.cap
    amounts = ((each, amount, cap.exposure.get(each, 0)) for each, amount in sorted(cap.absolute.items()))
    rows = "".join(
        f"| {each} | {format_amount(amount, each)} | {format_amount(exposure, each)} |\n"
        for each, amount, exposure in amounts
    )
    return f"""\
## Caps

All help of a listing together costs at most {cap.pay_bps / 100:g} % of the year's least pay of the role, and never more
than the amount of its currency: {cap.says} (`{cap.id}`, {cap.checked}). A seeker has agreed to at most so much at once,
each currency on its own. In any other currency prices are 0.

| currency | all help of a listing | a seeker, at once |
|---|---|---|
{rows}"""


def _place(rule: Entry) -> str:
    return "anywhere else" if rule.place == ANYWHERE else f"{name_of(rule.place)} (`{rule.place}`)"


def _help(rule: Entry) -> str:
    return ", ".join(kind.replace("_", " ") for kind in rule.help)


def _source(rule: Entry) -> str:
    return f"{rule.source}: {rule.says}"
