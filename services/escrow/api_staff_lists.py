"""Staff's lists of escrows over HTTP, as JSON and as CSV."""

import re
from collections import Counter
from functools import partial
from typing import Any

from services.escrow.parts import Parts
from services.escrow.schemas_staff import PAGES, StaffList
from services.escrow.staff_lists import listed
from services.escrow.store import staff_list
from services.escrow.views import STAFF
from shared.http.answer.csv_table import MOST_ROWS, Table, wants_csv
from shared.http.answer.pages import POSITION, foreign_cursor, page_response
from shared.http.declare.operations import Answer, Call, Operations
from shared.http.declare.operations import roles as only

operations: Operations[Parts] = Operations("escrow", "Escrows")
_CURRENCY = re.compile("[A-Z]{3}")
_SUMMARIES = {
    "payouts": ("listPayoutsDue", "Staff: list payouts by when they fall due"),
    "held": ("listHeldMoney", "Staff: list held money, the longest held first"),
    "refused": ("listRefusedTransfers", "Staff: list transfers that the provider refused, with its reason"),
    "disputes": ("listDisputes", "Staff: list open disputes, the oldest first"),
}


def _list(name: str, call: Call[Parts]) -> Answer:
    after, sums = _where(call)
    as_csv = wants_csv(call)
    most = MOST_ROWS if as_csv and "limit" not in dict(call.parameters) else call.page.limit
    found = staff_list(call.parts.escrows.store.collection, name, call.person, after, most + 1)
    items = [listed(name, doc) for doc in found[:most]]
    for item in items:
        sums[item["currency"]] += item["amount"]
    totals = sorted(sums.items())
    last = None
    if len(found) > most:
        last = [found[most - 1]["staff_lists"][name], *(value for total in totals for value in total)]
    page = page_response(call, items, last)
    headers = {**page.headers, "Vary": "Accept"}
    if as_csv:
        columns = tuple(PAGES[name].item().fields)
        named = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
        return Answer(Table(columns, items), headers=headers | named)
    body = {**page.body, "totals": [{"currency": currency, "amount": amount} for currency, amount in totals]}
    return Answer(body, headers=headers)


def _where(call: Call[Parts]) -> tuple[str | None, Counter[str]]:
    """The sort key after which the page begins, and the sums of what came before. Raises Problem 422."""
    match call.page.after:
        case None:
            return None, Counter()
        case [str(sort_key), *sums] if POSITION.fullmatch(sort_key) and _are_sums(sums):
            return sort_key, Counter(dict(zip(sums[::2], sums[1::2], strict=True)))
        case _:
            raise foreign_cursor()


def _are_sums(values: list[Any]) -> bool:
    currencies, amounts = values[::2], values[1::2]
    return (
        len(currencies) == len(amounts)
        and all(type(each) is str and _CURRENCY.fullmatch(each) for each in currencies)
        and all(type(each) is int and each >= 0 for each in amounts)
    )


for _name, (_operation_id, _summary) in _SUMMARIES.items():
    _declared = operations.get(
        f"/v1/reconciliation/{_name}", _operation_id, _summary, who=only(*STAFF), query=StaffList,
        answers={200: PAGES[_name].page}, csv=True,
    )  # fmt: skip
    _declared(partial(_list, _name))
