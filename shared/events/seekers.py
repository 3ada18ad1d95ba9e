"""An event of an escrow as its seeker reads it.

What was set off against an earlier loss of the insider's is the insider's alone to know: to the seeker it was paid out.
Pure.
"""

from collections.abc import Mapping
from typing import Any

_INSIDERS_OWN = ("set_off", "set_off_total", "seekers_journal_hash", "seekers_journal_seq")


def as_the_seeker_reads(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event's data with the sums and the journal's hash that the seeker is shown elsewhere too; nothing in it says
    that something was set off, not even a 0. Data without any of that, or of another service, stays as it is.
    """
    if not any(name in data for name in _INSIDERS_OWN):
        return data
    read = {name: value for name, value in data.items() if name not in _INSIDERS_OWN}
    now = data.get("set_off", 0)
    in_all = data.get("set_off_total", now)  # an event of an older version says what it knew
    read |= {"released": data["released"] + in_all, "fees": data["fees"] - in_all}
    if "amount" in data:
        read["amount"] = data["amount"] + now
    if "seekers_journal_hash" in data:
        read |= {"journal_hash": data["seekers_journal_hash"], "journal_seq": data["seekers_journal_seq"]}
    return read
