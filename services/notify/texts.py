"""The words of a notification, from the templates of `texts.json`: ids, codes, amounts, dates, never a name. Pure."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.money import format_amount

TEMPLATES: Mapping[str, Mapping[str, str]] = json.loads(Path(__file__).with_name("texts.json").read_text("utf-8"))
"""{key: {"subject", "text"}} with {fields} of the event's data."""

_AMOUNTS = ("price", "amount", "fee", "funded", "held", "released", "fees", "refunded", "charged_back")
_MOMENTS = ("fund_by",)
_NOT_SAID = {"reason": "no reason given"}


def render(key: str, data: Mapping[str, Any]) -> tuple[str, str]:
    """(subject, text) for an event's data. KeyError for an unknown key, or a field that the event has not."""
    template, said = TEMPLATES[key], _said(data)
    return template["subject"].format_map(said), template["text"].format_map(said)


def _said(data: Mapping[str, Any]) -> dict[str, str]:
    said = dict(_NOT_SAID)
    for name, value in data.items():
        if name in _AMOUNTS and isinstance(value, int):
            said[name] = format_amount(value, data["currency"])
        elif name in _MOMENTS:
            said[name] = f"{value[:10]} {value[11:16]} UTC"
        elif name == "help" and isinstance(value, list):
            said[name] = ", ".join(_word(each) for each in value if isinstance(each, str))
        elif isinstance(value, str):
            said[name] = value if name.endswith("_id") else _word(value)
    return said


def _word(code: str) -> str:
    return code.replace("_", " ")
