"""Chooses, of all that tests send, get and emit, what is shown as an example in the contract.

The best shows most members; of two alike the shorter. What is above 4,000 characters is shown only where there is
nothing else.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from shared.http.declare.operations import FORM, MULTIPART
from tests.support.described import Answered, committed

_MOST = 4_000
REAL = re.compile(r"@(?!(?:[\w-]+\.)*(?:example(?:\.com|\.net|\.org)?|test)(?![\w.-]*\w))[\w-]+\.\w")
"""An address that may be somebody's: its domain is none of RFC 2606."""


class Examples:
    """The best so far, by its key."""

    def __init__(self) -> None:
        self.best: dict[str, Any] = {}

    def see(self, answered: Answered) -> None:
        """One request and its answer; both count where the answer is a success."""
        operation = committed().operation(answered)
        if operation is None or not 200 <= answered.status < 300 or answered.method == "HEAD":
            return
        name = operation["operationId"]
        if answered.sent is not None:
            media = FORM if answered.sent_media == MULTIPART else answered.sent_media
            if _is_usual(operation, media, answered.sent):
                self._offer(f"{name} body {media}", answered.sent)
        if answered.body:
            self._offer(f"{name} {answered.status} {answered.media}", committed().value(answered))

    def emitted(self, name: str, version: int, data: Mapping[str, Any]) -> None:
        """One event's data, as it is sent."""
        self._offer(f"{name}.v{version}", data)

    def _offer(self, key: str, value: Any) -> None:
        if REAL.search(json.dumps(value)):
            return
        if key not in self.best or _worth(value) > _worth(self.best[key]):
            self.best[key] = json.loads(json.dumps(value))


def _is_usual(operation: Mapping[str, Any], media: str, sent: Any) -> bool:
    """Some operations take whatever is sent: what they describe is shown."""
    schema = operation.get("requestBody", {}).get("content", {}).get(media, {}).get("schema", False)
    try:
        committed().fits(schema if schema is not False else {"not": {}}, sent, media)
    except AssertionError:
        return False
    return True


def _worth(value: Any) -> tuple[bool, int, int]:
    length = len(json.dumps(value))
    return length <= _MOST, len(set(_places(value))), -length


def _places(value: Any, at: str = "") -> Iterator[str]:
    """Where something stands, whichever item of a list it is in."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _places(member, f"{at}/{name}")
    elif isinstance(value, list):
        for item in value:
            yield from _places(item, f"{at}[]")
    elif value is not None:
        yield at
