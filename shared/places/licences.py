"""The licences that an operator holds: by place, with number and end."""

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
    """`place` is a country or subdivision; it holds there and in what lies in it, through the day `valid_until`.

    `development`: it is none, for trying out alone.
    """

    place: str
    number: str
    valid_until: date
    development: bool = False

    def shown(self) -> dict[str, str]:
        return {"place": self.place, "number": self.number, "valid_until": self.valid_until.isoformat()}


class _Licence(Body):
    place = Text(2, 6, required=True)
    number = Text(1, 64, required=True)
    valid_until = Date(required=True)
    development = Flag(load_default=False)


class _File(Body):
    licences = Several(Part(_Licence), 0, 100, required=True)


class Licences:
    """All of an operator's."""

    def __init__(self, licences: Sequence[Licence] = ()) -> None:
        self.all = tuple(licences)

    def of(self, place: str, on: date) -> Licence | None:
        """The one that holds at a place on a day."""
        return next((each for each in self._of_place(place) if on <= each.valid_until), None)

    def why_not(self, place: str) -> str:
        """Why there is none for a place, in words."""
        ended = max(self._of_place(place), key=lambda each: each.valid_until, default=None)
        if ended:
            return f"the operator's licence {ended.number} ended on {ended.valid_until}"
        return f"the operator has entered none for {place} (the setting LICENCES)"

    def _of_place(self, place: str) -> Iterator[Licence]:
        return (each for each in self.all if place == each.place or place.startswith(f"{each.place}-"))


def read_licences(text: str) -> Licences:
    """From JSON: `[{"place": "CA-ON", "number": "...", "valid_until": "2027-12-31"}]`. Raises BadLicences."""
    try:
        given: Any = _File().load({"licences": json.loads(text)})
    except RecursionError:
        raise BadLicences("expected a list of licences, less deeply nested") from None
    except ValidationError as error:
        raise BadLicences(_first(error)) from None
    except ValueError as error:
        raise BadLicences(f"expected JSON: {error}") from None
    for each in given["licences"]:
        if not is_place(each["place"]):
            raise BadLicences(f"licence {each['number']}: place: {each['place']} is no code of ISO 3166")
    return Licences([Licence(**{**each, "valid_until": _day(each["valid_until"])}) for each in given["licences"]])


def name(place: str) -> str:
    """The place as a refusal names it."""
    return f"{name_of(place)} ({place})"


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
