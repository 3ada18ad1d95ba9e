"""The terms in words: what documentation and refusals say of a duration or a limit is the value that is set here.

Texts name a term in braces: "within {cancel_alone} of acceptance" reads "within 48 hours of acceptance".
"""

from dataclasses import asdict
from datetime import timedelta

from shared.settings.sections import Terms

_FEW_DAYS = timedelta(days=3)
_UNITS = (
    ("days", timedelta(days=1)),
    ("hours", timedelta(hours=1)),
    ("minutes", timedelta(minutes=1)),
    ("seconds", timedelta(seconds=1)),
)


def measured(duration: timedelta) -> tuple[str, str]:
    """(number, unit in English) in the largest unit of which it is a whole number; up to three days in hours."""
    for unit, length in _UNITS:
        if duration >= length and not duration % length and not (unit == "days" and duration <= _FEW_DAYS):
            number = duration // length
            return f"{number}", unit if number > 1 else unit.removesuffix("s")
    return f"{duration.total_seconds():g}", "seconds"


def in_words(duration: timedelta) -> str:
    """48 hours, 7 days, 1 minute."""
    return " ".join(measured(duration))


def with_terms(text: str, terms: Terms) -> str:
    """The text with each `{term}` replaced by its value. Raises KeyError for one that is no term."""
    values = asdict(terms)
    return text.format_map({n: in_words(v) if isinstance(v, timedelta) else v for n, v in values.items()})
