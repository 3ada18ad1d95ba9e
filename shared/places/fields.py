"""What names a subdivision of a country, and the licence of a place as it is shown."""

from typing import Any

from shared.fields import Body, Date, Pattern, Text
from shared.places.names import is_place


class Subdivision(Pattern):
    """ISO 3166-2."""

    def __init__(self, **options: Any) -> None:
        super().__init__("[A-Z]{2}-[A-Z0-9]{1,3}", "a subdivision's ISO 3166-2 code such as CA-ON", **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        code: str = super()._deserialize(value, attr, data, **options)
        if not is_place(code):
            raise self.refuse("choice")
        return code


class Licence(Body):
    """The operator's, under which the price stands."""

    place = Text()
    number = Text()
    valid_until = Date()
