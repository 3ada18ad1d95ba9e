"""Whole numbers, amounts of money, yes and no."""

import re
from typing import Any

from marshmallow import fields

from shared.fields.kind import Kind, Raw
from shared.money import MAX_AMOUNT


class Integer(Kind, fields.Integer):
    """A whole number in `low`..`high`: no bool, no 5.0, no "5" (save in a query)."""

    def __init__(self, low: int = 0, high: int = MAX_AMOUNT, description: str = "", **options: Any) -> None:
        self.low, self.high = low, high
        limits = {"minimum": low, "maximum": high}
        super().__init__(f"a whole number from {low} to {high}", limits, description, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Raw, **_: Any) -> int:
        if self.from_text and type(value) is str and re.fullmatch(r"-?[0-9]{1,18}", value):
            value = int(value)
        if type(value) is not int:
            raise self.refuse("type")
        if not self.low <= value <= self.high:
            raise self.refuse("range")
        return value


class Amount(Integer):
    """Money: whole minor units of the `currency` beside it, 0..10**9."""

    def __init__(self, description: str = "", **options: Any) -> None:
        super().__init__(0, MAX_AMOUNT, description, **options)


class Flag(Kind, fields.Boolean):
    """true or false."""

    def __init__(self, description: str = "", **options: Any) -> None:
        super().__init__("true or false", {}, description, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Raw, **_: Any) -> bool:
        if self.from_text and value in ("true", "false"):
            return bool(value == "true")
        if type(value) is not bool:
            raise self.refuse("type")
        return value
