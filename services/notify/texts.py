"""The words of notifications and mails, from the templates of `texts.<language>.json`: ids, codes, amounts and dates,
never a name. Pure.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.money import format_amount

LANGUAGES = ("en", "fr")
DEFAULT_LANGUAGE = "en"
CODE_TEXTS = {"contact": "contact.code", "work_mail": "work_mail.code"}
"""Of the mails that carry a code, by the kind of address."""


def _read(name: str) -> Any:
    return json.loads(Path(__file__).with_name(name).read_text("utf-8"))


TEXTS: Mapping[str, Mapping[str, Mapping[str, str]]] = {each: _read(f"texts.{each}.json") for each in LANGUAGES}
"""{language: {key: {"subject", "text"}}} with {fields} of the event's data."""

TEMPLATES = TEXTS[DEFAULT_LANGUAGE]
WORDS: Mapping[str, Mapping[str, str]] = _read("words.json")
"""{code: {language: what it says}}; other codes are read as they are."""

_AMOUNTS = ("price", "amount", "fee", "funded", "held", "released", "fees", "refunded", "charged_back")
_MOMENTS = ("fund_by",)
_NO_REASON = {"en": "no reason given", "fr": "sans raison donnée"}


def render(key: str, data: Mapping[str, Any], language: str = DEFAULT_LANGUAGE) -> tuple[str, str]:
    """(subject, text) for an event's data. KeyError for an unknown key, or a field that the event has not."""
    template, said = TEXTS[language][key], _said(data, language)
    return template["subject"].format_map(said), template["text"].format_map(said)


def _said(data: Mapping[str, Any], language: str) -> dict[str, str]:
    said = {"reason": _NO_REASON[language]}
    for name, value in data.items():
        if name in _AMOUNTS and isinstance(value, int):
            said[name] = _amount(value, data["currency"], language)
        elif name in _MOMENTS:
            said[name] = f"{value[:10]} {value[11:16]} UTC"
        elif name == "help" and isinstance(value, list):
            said[name] = ", ".join(_word(each, language) for each in value if isinstance(each, str))
        elif isinstance(value, str):
            said[name] = value if name.endswith("_id") else _word(value, language)
    return said


def _amount(value: int, currency: str, language: str) -> str:
    said = format_amount(value, currency)
    if language == DEFAULT_LANGUAGE:
        return said
    code, _, number = said.partition(" ")
    return number.replace(",", "\u202f").replace(".", ",") + "\u00a0" + code


def _word(code: str, language: str) -> str:
    return WORDS[code][language] if code in WORDS else code.replace("_", " ")
