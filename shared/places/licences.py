"""The licences that an operator holds: by place, with number, beginning and end."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from marshmallow import ValidationError

from shared.fields import Body, Date, Flag, Several, Text
from shared.fields.compound import Part
from shared.places.names import is_place, name_of


class BadLicences(Exception):
    """The licences are not of the form that is expected; the text says which and why."""


@dataclass(frozen=True)
class Licence:
    """`place` is a country or subdivision; it holds there and in what lies in it, from the day `valid_from` (where none
    is given, already) through the day `valid_until`.

    `development`: it is none, for trying out alone.
    """

    place: str
    number: str
    valid_until: date
    development: bool = False
    valid_from: date | None = None

    def holds(self, on: date) -> bool:
        return (self.valid_from is None or self.valid_from <= on) and on <= self.valid_until

    def shown(self) -> dict[str, str]:
        return {"place": self.place, "number": self.number, "valid_until": self.valid_until.isoformat()}


class _Licence(Body):
    place = Text(2, 6, required=True)
    number = Text(1, 64, required=True)
    valid_from = Date()
    valid_until = Date(required=True)
    development = Flag(load_default=False)


class _File(Body):
    licences = Several(Part(_Licence), 0, 100, required=True)


class Licences:
    """All of an operator's."""

    def __init__(self, licences: Sequence[Licence] = ()) -> None:
        self.all = tuple(licences)

    def of(self, place: str, on: date) -> Licence | None:
        """The one that holds at a place on a day; of several the one that ends soonest: the next was entered early."""
        return min((each for each in self._of_place(place) if each.holds(on)), key=_end, default=None)

    def why_not(self, place: str, on: date) -> str:
        """Why there is none for a place on a day, in words."""
        coming = [each for each in self._of_place(place) if each.valid_from and each.valid_from > on]
        if coming:
            first = min(coming, key=lambda each: each.valid_from or on)
            return f"the operator's licence {first.number} holds from {first.valid_from}"
        ended = max(self._of_place(place), key=_end, default=None)
        if ended:
            return f"the operator's licence {ended.number} ended on {ended.valid_until}"
        return f"the operator has entered none for {place} (the setting LICENCES)"

    def _of_place(self, place: str) -> Iterator[Licence]:
        return (each for each in self.all if place == each.place or place.startswith(f"{each.place}-"))


def read_licences(text: str) -> Licences:
    """From JSON: `[{"place": "CA-ON", "number": "...", "valid_from": "2027-01-01", "valid_until": "2027-12-31"}]`;
    without `valid_from` it holds already. Raises BadLicences.
    """
    try:
        given: Any = _File().load({"licences": json.loads(text)})
    except RecursionError:
        raise BadLicences("expected a list of licences, less deeply nested") from None
    except ValidationError as error:
        raise BadLicences(_first(error)) from None
    except ValueError as error:
        raise BadLicences(f"expected JSON: {error}") from None
    found = [_licence(each) for each in given["licences"]]
    for each in found:
        if not is_place(each.place):
            raise BadLicences(f"licence {each.number}: place: {each.place} is no code of ISO 3166")
        if each.valid_from and each.valid_from > each.valid_until:
            raise BadLicences(f"licence {each.number}: valid_from: {each.valid_from} is after its last day")
    return Licences(found)


def name(place: str) -> str:
    """The place as a refusal names it."""
    return f"{name_of(place)} ({place})"


def _licence(given: dict[str, Any]) -> Licence:
    days: dict[str, Any] = {day: _day(given[day]) for day in ("valid_from", "valid_until") if day in given}
    return Licence(**{**given, **days})


def _end(licence: Licence) -> date:
    return licence.valid_until


def _day(given: Any) -> date:
    return given if isinstance(given, date) else date.fromisoformat(given)


def _first(error: ValidationError) -> str:
    """The first fault, with its way: `1.number: is required`."""
    found: Any = dict(error.messages_dict).get("licences", "expected a list of licences")
    way = []
    while isinstance(found, dict):
        key, found = next(iter(found.items()))
        way.append(str(key + 1 if isinstance(key, int) else key))
    first = found[0] if isinstance(found, list) and found else found
    return f"licence {'.'.join(way)}: {getattr(first, 'message', first)}" if way else str(first)
