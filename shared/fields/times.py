"""Calendar days and moments."""

import re
from datetime import date, datetime
from typing import Any, ClassVar

from marshmallow import fields

from shared.clock import EARLIEST, LATEST, format_time, in_reach, parse_time, to_milliseconds
from shared.fields.kind import Kind, Raw

_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_IN_REACH = "(?:19[7-9]|2[01][0-9])[0-9]-[0-9]{2}-[0-9]{2}"
_FIRST_DAY, _LAST_DAY = EARLIEST.date(), LATEST.date()
_REACH = f"from {_FIRST_DAY} to {_LAST_DAY}"


class Date(Kind, fields.String):
    """A calendar day `2027-01-31`, from 1970 to 2199; takes a date as well. Loads as text, which the documents and the
    events keep.

    `any_year` is for a day that nothing is counted from, and that an older version took from any year.
    """

    def __init__(self, description: str = "", *, any_year: bool = False, **options: Any) -> None:
        self.any_year = any_year
        schema = {"pattern": f"^{_DAY if any_year else _IN_REACH}$", "format": "date"}
        reach = "" if any_year else f", {_REACH}"
        super().__init__(f"a day such as 2027-01-31{reach}", schema, description, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Raw, **_: Any) -> str:
        if type(value) is date:
            return value.isoformat()
        if type(value) is not str:
            raise self.refuse("type")
        try:
            if not re.fullmatch(_DAY, value):
                raise ValueError
            day = date.fromisoformat(value)
            if not self.any_year and not _FIRST_DAY <= day <= _LAST_DAY:
                raise ValueError
        except ValueError:
            raise self.refuse("format") from None
        return value


class Instant(Kind, fields.String):
    """An RFC 3339 time from 1970 to 2199; takes an aware datetime as well. Loads as one in UTC, dumps as
    `2027-01-31T12:00:00.000Z`.
    """

    json_schema: ClassVar[dict[str, str]] = {"format": "date-time"}

    def __init__(self, description: str = "", **options: Any) -> None:
        expects = "an RFC 3339 time from 1970 to 2199, such as 2027-01-31T12:00:00Z"
        super().__init__(expects, self.json_schema, description, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Raw, **_: Any) -> Any:
        if not isinstance(value, str | datetime):
            raise self.refuse("type")
        try:
            return in_reach(to_milliseconds(value if isinstance(value, datetime) else parse_time(value)))
        except (ValueError, OverflowError):
            raise self.refuse("format") from None

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_: Any) -> str | None:
        return format_time(value) if isinstance(value, datetime) else value


class Time(Instant):
    """A moment as events carry it: takes an aware datetime or RFC 3339 text, gives `2026-01-31T12:00:00.000Z`."""

    json_schema: ClassVar[dict[str, str]] = {
        "pattern": rf"^{_IN_REACH}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}\.[0-9]{{3}}Z$",
        "format": "date-time",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Raw, **options: Any) -> str:
        return format_time(super()._deserialize(value, attr, data, **options))
