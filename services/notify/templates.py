"""The text of notifications and mails, in each language, from the templates of `templates.<language>.json`. Pure.

A template has {fields} of the event's data, written for people: amounts, days, codes by their phrases (`phrases.json`).
Beside those: {deal} (which help, for how much), {because} (" (the reason)", or nothing), {set_off} (" We
kept so much.", or nothing), {matches} (each with its reasons and its page), {and_more} and durations of the terms.
Where the price is 0, `<key>.free` is taken if there is one. Ids stand in a line of their own at the end. Never a name.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from shared import codes
from shared.clock import parse_time
from shared.settings import Terms
from shared.settings.in_words import measured
from shared.wording import amount, day

LANGUAGES = ("en", "fr")
DEFAULT_LANGUAGE = "en"
CODE_TEXTS = {"contact": "contact.code", "work_mail": "work_mail.code"}
"""Of the mails that carry a code, by the kind of address."""


def read_texts(name: str) -> Any:
    return json.loads(Path(__file__).with_name(name).read_text("utf-8"))


BY_LANGUAGE: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    each: read_texts(f"templates.{each}.json") for each in LANGUAGES
}
"""{language: {key: {"subject", "text"}}}; an empty line parts paragraphs."""

TEMPLATES = BY_LANGUAGE[DEFAULT_LANGUAGE]
PHRASES: Mapping[str, Mapping[str, str]] = read_texts("phrases.json")
"""{code: {language: what it says}}; other codes are read as they are."""

_AMOUNTS = ("price", "amount", "fee", "funded", "held", "released", "fees", "refunded", "charged_back")
_MOMENTS = ("fund_by", "begins_at")
_DAYS = ("on", "start_on")
_AS_THEY_ARE = ("host", "webhook_id")
_IDS = ("offer_id", "listing_id")
_TERMS = ("review_blind", "retry_refused", "reports_decided_within")
_DEFAULTS = Terms()


def render(
    key: str, data: Mapping[str, Any], language: str = DEFAULT_LANGUAGE, terms: Terms = _DEFAULTS
) -> tuple[str, str]:
    """(subject, text) for an event's data. KeyError for an unknown key, or a field that the event has not."""
    free = f"{key}.free"
    template = BY_LANGUAGE[language][free if data.get("price") == 0 and free in TEMPLATES else key]
    values = _terms(terms, language) | _values(data, language)
    about = next((f"\n\n{phrase(name, language)} {data[name]}" for name in _IDS if name in data), "")
    return template["subject"].format_map(values), template["text"].format_map(values) + about


def phrase(code: str, language: str) -> str:
    """The phrase for a code."""
    return PHRASES[code][language] if code in PHRASES else code.replace("_", " ")


def moment(text: str, language: str) -> str:
    """An RFC 3339 time: its day, and the time of that day in UTC."""
    when = parse_time(text)
    of_day = f"à {when:%H} h {when:%M} (UTC)" if language == "fr" else f"{when:%H}:{when:%M} (UTC)"
    return f"{day(f'{when:%Y-%m-%d}', language)} {of_day}"


def duration(value: timedelta, language: str) -> str:
    """48 hours, and in French 48 heures (with no line break inside)."""
    number, unit = measured(value)
    return f"{number}\u00a0{phrase(unit, language)}"


def _terms(terms: Terms, language: str) -> dict[str, str]:
    return {name: duration(getattr(terms, name), language) for name in _TERMS}


def _values(data: Mapping[str, Any], language: str) -> dict[str, str]:
    values = {"because": f" ({phrase(data['reason'], language)})" if data.get("reason") else "", "set_off": ""}
    if kept := data.get("set_off"):
        values["set_off"] = phrase("set_off", language).format(set_off=amount(kept, data["currency"], language))
    for name, value in _with_the_fee_itself(data).items():
        if name in _AMOUNTS and isinstance(value, int):
            values[name] = amount(value, data["currency"], language)
        elif isinstance(value, str):
            values[name] = _text(name, value, language)
    if isinstance(data.get("help"), list) and "price" in values:
        values["deal"] = _deal(data["help"], data["price"], values["price"], language)
    if "failed" in data:
        values["failed"] = "\n".join(data["failed"]) or "-"
    if "items" in data:
        found = enumerate(data["items"], 1)
        base = data.get("public_url", "")
        values["matches"] = "\n\n".join(_match(number, each, base, language) for number, each in found)
        more = "one_more_match" if data["more"] == 1 else "more_matches"
        values["and_more"] = f"\n\n{phrase(more, language).format(more=data['more'])}" if data["more"] else ""
    return values


def _with_the_fee_itself(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was kept for a loss is part of `fees` in the event; the mail names it beside them."""
    kept = data.get("set_off_total", data.get("set_off", 0))
    return {**data, "fees": data["fees"] - kept} if kept and "fees" in data else data


def _match(number: int, found: Mapping[str, Any], base: str, language: str) -> str:
    """What the role is and why it fits; in a line of its own where the listing is read."""
    named = codes.find(found["occupation"]["scheme"], found["occupation"]["code"])
    role = named.label(language)[0] if named else found["occupation"]["code"]
    reasons = ", ".join(phrase(f"match.{code}", language) for code in found["reasons"])
    return f"{number}. {role} ({reasons})\n{base}/listings/{found['listing_id']}"


def _text(name: str, value: str, language: str) -> str:
    if name in _AS_THEY_ARE:
        return value
    if name in _MOMENTS:
        return moment(value, language)
    return day(value, language) if name in _DAYS else phrase(value, language)


def _deal(help_: list[str], price: int, written_price: str, language: str) -> str:
    *others, last = (phrase(each, language) for each in help_)
    kinds = f"{', '.join(others)} {phrase('and', language)} {last}" if others else last
    return (
        f"{kinds}, {phrase('free', language)}" if price == 0 else f"{kinds}, {phrase('for', language)} {written_price}"
    )
