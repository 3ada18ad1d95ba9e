"""The rule that a text which one party writes to the other holds no way to reach its writer, before they may. Pure."""

from collections.abc import Callable

from shared.aggregate import Change, Guard, Trigger
from shared.contact_details import contact_data


def no_contact_data(field: str, over: Callable[[Change], bool] = lambda change: False) -> Guard:
    """The guard over this text of a command, until `over` says that the two may reach each other."""

    def found(trigger: Trigger) -> str | None:
        return next((words for _, words in contact_data(trigger.data.get(field) or "")), None)

    return Guard(
        "no-contact-data",
        lambda change, trigger: over(change) or found(trigger) is None,
        lambda change, trigger: found(trigger) or "",
        f"/{field}",
    )
