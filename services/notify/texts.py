"""The words of notifications and mails, in each language, from the templates of `texts.<language>.json`. Pure.

A template has {fields} of the event's data, written for people: amounts, days, codes by their words (`words.json`).
Beside those: {deal} (which help, for how much), {because} (" (the reason)", or nothing) and durations of the terms.
Where the price is 0, `<key>.free` is taken if there is one. Ids stand in a line of their own at the end. Never a name.
"""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from shared.clock import parse_time
from shared.money import format_amount
from shared.settings import Terms
from shared.settings.in_words import measured

LANGUAGES = ("en", "fr")
DEFAULT_LANGUAGE = "en"
CODE_TEXTS = {"contact": "contact.code", "work_mail": "work_mail.code"}
"""Of the mails that carry a code, by the kind of address."""


def _read(name: str) -> Any:
    return json.loads(Path(__file__).with_name(name).read_text("utf-8"))


TEXTS: Mapping[str, Mapping[str, Mapping[str, str]]] = {each: _read(f"texts.{each}.json") for each in LANGUAGES}
"""{language: {key: {"subject", "text"}}}; an empty line parts paragraphs."""

TEMPLATES = TEXTS[DEFAULT_LANGUAGE]
WORDS: Mapping[str, Mapping[str, str]] = _read("words.json")
"""{code: {language: what it says}}; other codes are read as they are."""

_AMOUNTS = ("price", "amount", "fee", "funded", "held", "released", "fees", "refunded", "charged_back")
_MOMENTS = ("fund_by",)
_DAYS = ("on", "start_on")
_IDS = ("offer_id", "listing_id")
_TERMS = ("review_blind", "retry_refused")
_DEFAULTS = Terms()


def render(
    key: str, data: Mapping[str, Any], language: str = DEFAULT_LANGUAGE, terms: Terms = _DEFAULTS
) -> tuple[str, str]:
    """(subject, text) for an event's data. KeyError for an unknown key, or a field that the event has not."""
    free = f"{key}.free"
    template = TEXTS[language][free if data.get("price") == 0 and free in TEMPLATES else key]
    said = _terms(terms, language) | _said(data, language)
    about = next((f"\n\n{word(name, language)} {data[name]}" for name in _IDS if name in data), "")
    return template["subject"].format_map(said), template["text"].format_map(said) + about


def word(code: str, language: str) -> str:
    """What a code says."""
    return WORDS[code][language] if code in WORDS else code.replace("_", " ")


def amount(value: int, currency: str, language: str) -> str:
    """50000 EUR minor units are EUR 500.00, and in French 500,00 EUR (with no line break inside)."""
    code, _, number = format_amount(value, currency).partition(" ")
    if language == "fr":
        return number.replace(",", "\u202f").replace(".", ",") + "\u00a0" + code
    return f"{code}\u00a0{number}"


def day(text: str, language: str) -> str:
    """2027-01-04 is January 4, 2027, and in French 4 janvier 2027."""
    when = date.fromisoformat(text)
    month = word(f"month.{when.month}", language)
    if language == "fr":
        return f"{'1er' if when.day == 1 else when.day} {month} {when.year}"
    return f"{month} {when.day}, {when.year}"


def moment(text: str, language: str) -> str:
    """An RFC 3339 time: its day, and the time of that day in UTC."""
    when = parse_time(text)
    of_day = f"à {when:%H} h {when:%M} (UTC)" if language == "fr" else f"{when:%H}:{when:%M} (UTC)"
    return f"{day(f'{when:%Y-%m-%d}', language)} {of_day}"


def duration(value: timedelta, language: str) -> str:
    """48 hours, and in French 48 heures (with no line break inside)."""
    number, unit = measured(value)
    return f"{number}\u00a0{word(unit, language)}"


def _terms(terms: Terms, language: str) -> dict[str, str]:
    return {name: duration(getattr(terms, name), language) for name in _TERMS}


def _said(data: Mapping[str, Any], language: str) -> dict[str, str]:
    said = {"because": f" ({word(data['reason'], language)})" if data.get("reason") else ""}
    for name, value in data.items():
        if name in _AMOUNTS and isinstance(value, int):
            said[name] = amount(value, data["currency"], language)
        elif isinstance(value, str):
            said[name] = _text(name, value, language)
    if isinstance(data.get("help"), list) and "price" in said:
        said["deal"] = _deal(data["help"], data["price"], said["price"], language)
    return said


def _text(name: str, value: str, language: str) -> str:
    if name in _MOMENTS:
        return moment(value, language)
    return day(value, language) if name in _DAYS else word(value, language)


def _deal(help_: list[str], price: int, said: str, language: str) -> str:
    *others, last = (word(each, language) for each in help_)
    kinds = f"{', '.join(others)} {word('and', language)} {last}" if others else last
    return f"{kinds}, {word('free', language)}" if price == 0 else f"{kinds}, {word('for', language)} {said}"
