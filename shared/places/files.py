"""The rules as files: the shipped one, and an operator's own laid over it. What is wrong is named with its line."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from functools import cache
from json import scanner
from json.decoder import JSONObject  # type: ignore[attr-defined]  # documented nowhere, there since Python 3.0
from pathlib import Path
from typing import Any, cast

from marshmallow import ValidationError

from shared.places.names import is_place
from shared.places.rules import (
    ANYWHERE,
    Acknowledgement,
    Cap,
    Consent,
    Decision,
    Phrases,
    PlaceRules,
    Question,
)
from shared.places.schemas import RulesFile

_SHIPPED = Path(__file__).with_name("rules.json")
_KINDS = {
    "decisions": Decision,
    "questions": Question,
    "consents": Consent,
    "acknowledgements": Acknowledgement,
    "phrases": Phrases,
}


_BY_NAME = ("absolute", "exposure", "periods_in_a_year")
"""Of these a file may give only what differs."""


class BadRules(Exception):
    """A rules file is not of the form that is expected; the text is one line a fault: `line 7: …`."""


class _Positions(json.JSONDecoder):
    """A decoder that knows on which line each object begins, and takes each name of an object once."""

    def __init__(self) -> None:
        super().__init__(object_pairs_hook=self._members)
        self.lines: dict[int, int] = {}
        self._twice: list[str] = []
        self.parse_object = self._object
        self.scan_once = scanner.py_make_scanner(self)  # type: ignore[attr-defined]

    def _object(self, place: tuple[str, int], *rest: Any) -> tuple[Any, int]:
        text, start = place
        found, end = JSONObject(place, *rest)
        if self._twice:
            raise json.JSONDecodeError(f"{self._twice[0]} is there twice in one object", text, start)
        self.lines[id(found)] = text.count("\n", 0, start) + 1
        return found, end

    def _members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = Counter(name for name, _ in pairs)
        self._twice = [name for name, times in names.items() if times > 1]
        return dict(pairs)


@cache
def shipped() -> PlaceRules:
    """The rules that are shipped."""
    return _rules(read(_SHIPPED.read_text("utf-8")), {})


def load(path: Path | None) -> PlaceRules:
    """The shipped rules, with an operator's file laid over them where there is one. Raises BadRules."""
    if path is None:
        return shipped()
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRules(f"cannot be read: {error}") from None
    return overlaid(text)


def overlaid(text: str) -> PlaceRules:
    """The shipped rules with these, of the same form, laid over them. Raises BadRules."""
    below = read(_SHIPPED.read_text("utf-8"))
    taken = {entry["id"] for name in _KINDS for entry in below.get(name, ())}
    return _rules(below, read(text, whole=False, taken=taken, exposed=below["price_cap"]["exposure"]))


def read(
    text: str, *, whole: bool = True, taken: Collection[str] = (), exposed: Collection[str] = ()
) -> dict[str, Any]:
    """What a rules file says; only a `whole` one must have a cap. `taken`: ids of other rules; `exposed`: currencies
    that have an exposure by others. Raises BadRules.
    """
    decoder = _Positions()
    try:
        given = decoder.decode(text)
    except RecursionError:
        raise BadRules("line 1: expected rules, less deeply nested") from None
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise BadRules(f"line {line}: expected JSON: {getattr(error, 'msg', error)}") from None
    if not isinstance(given, dict):
        raise BadRules("line 1: expected an object with decisions, questions, consents, acknowledgements or phrases")
    try:
        loaded = cast(dict[str, Any], RulesFile(partial=() if whole else ("price_cap",)).load(given))
    except ValidationError as error:
        faults = sorted(_faults(given, error.messages, decoder.lines, decoder.lines[id(given)]))
        raise BadRules("\n".join(f"line {line}: {says}" for line, says in faults)) from None
    faults = sorted([
        *_of_entries(given, loaded, decoder.lines, taken), *_of_cap(given, loaded, decoder.lines, exposed),
    ])  # fmt: skip
    if faults:
        raise BadRules("\n".join(f"line {line}: {says}" for line, says in faults))
    return loaded


# -- inside


def _rules(below: Mapping[str, Any], above: Mapping[str, Any]) -> PlaceRules:
    cap = below["price_cap"] | above.get("price_cap", {})
    cap |= {each: below["price_cap"][each] | above.get("price_cap", {}).get(each, {}) for each in _BY_NAME}
    lists: dict[str, Any] = {
        name: [_entry(kind, each) for each in (*above.get(name, ()), *below.get(name, ()))]
        for name, kind in _KINDS.items()
    }
    periods = cap.pop("periods_in_a_year")
    return PlaceRules(cap=Cap(periods=periods, **{**cap, "checked": date.fromisoformat(cap["checked"])}), **lists)


def _entry(kind: type[Any], given: Mapping[str, Any]) -> Any:
    source = given["source"]
    fields = {name: value for name, value in given.items() if name != "source"} | {
        "act": source["act"],
        "section": source.get("section"),
        "says": source["says"],
        "checked": date.fromisoformat(given["checked"]),
        "help": tuple(given["help"]),
    }
    if "phrases" in fields:
        fields["phrases"] = tuple(fields["phrases"])
    return kind(**fields)


def _faults(given: Any, found: Any, lines: Mapping[int, int], line: int, way: str = "") -> Iterator[tuple[int, str]]:
    """What a schema found, each with the line of the innermost object that it is about."""
    if isinstance(found, dict):
        for key, inner in found.items():
            step = given.get(key) if isinstance(given, dict) else None
            if isinstance(given, list) and isinstance(key, int) and key < len(given):
                step = given[key]
            name = f"{way}.{key}".lstrip(".") if key != "_schema" else way
            yield from _faults(step, inner, lines, lines.get(id(step), line), name)
    else:
        for says in found if isinstance(found, list) else [found]:
            yield line, f"{way}: {says}" if way else str(says)


def _of_entries(
    given: Mapping[str, Any], loaded: Mapping[str, Any], lines: Mapping[int, int], taken: Collection[str]
) -> Iterator[tuple[int, str]]:
    """What entries must keep beyond their form: places that exist, ids of their own, each question asked once."""
    ids: dict[str, int] = {}
    for name in _KINDS:
        decided: set[tuple[str, str]] = set()
        for number, entry in enumerate(loaded.get(name, ())):
            line, place = lines[id(given[name][number])], entry["place"]
            if place != ANYWHERE and not is_place(place):
                yield line, f"{name}.{number}.place: {place} is no code of ISO 3166, such as CA or CA-ON"
            if entry["id"] in ids:
                yield line, f"{name}.{number}.id: {entry['id']} is that of line {ids[entry['id']]} as well"
            if entry["id"] in taken:
                yield line, f"{name}.{number}.id: {entry['id']} is a shipped rule's; a decision of yours has its own"
            ids.setdefault(entry["id"], line)
            if name in ("decisions", "consents", "acknowledgements"):
                for kind in entry["help"]:
                    if (place, kind) in decided:
                        yield line, f"{name}.{number}: {kind} is decided twice for {place}"
                    decided.add((place, kind))
            if name == "decisions" and (entry["decision"] == "licensed") != bool(entry["licence"]):
                yield line, f"{name}.{number}.licence: is to name the licence where, and only where, it is licensed"


def _of_cap(
    given: Mapping[str, Any], loaded: Mapping[str, Any], lines: Mapping[int, int], exposed: Collection[str]
) -> Iterator[tuple[int, str]]:
    """In a currency that has a cap and no exposure something could be listed, and never agreed on."""
    cap = loaded.get("price_cap", {})
    for currency in sorted({*cap.get("absolute", ())} - {*cap.get("exposure", ()), *exposed, "EUR"}):
        yield lines[id(given["price_cap"])], f"price_cap.exposure: {currency} has a cap, and needs an exposure as well"
