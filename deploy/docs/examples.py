"""The examples of the contract: bodies and answers of requests that tests made, data of events that tests emitted.

`python -m tests.examples` writes `examples.json` beside this file; nothing in it is made up. Each has a key:
`createListing body application/json`, `createListing 201 application/json`, `hire.confirmed.v1`.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from shared.http.declare.operations import FORM, MULTIPART

PATH = Path(__file__).with_name("examples.json")
PAGE = "text/html"
"""Pages are for people: no example shows them."""
_AS = {MULTIPART: FORM}
"""A form has the same fields in either of its forms."""
ANY = "*/*"
"""What is taken whatever it is, and not read, has no example."""
STREAM = "text/event-stream"
"""A stream does not end; docs/events.md shows one."""


@cache
def recorded() -> dict[str, Any]:
    """{key: example}."""
    found: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
    return found


def places(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where an OpenAPI document is to have an example: its key, and the media type's object with the schema."""
    for methods in document["paths"].values():
        for operation in methods.values():
            bodies = {"body": operation.get("requestBody", {})}
            answers = {status: each for status, each in operation["responses"].items() if status.startswith("2")}
            for part, described in {**bodies, **answers}.items():
                for media, content in described.get("content", {}).items():
                    if media not in (PAGE, ANY, STREAM):
                        yield f"{operation['operationId']} {part} {_AS.get(media, media)}", content


def add_to(document: dict[str, Any]) -> None:
    """Give each place its example, where one was recorded."""
    for key, content in places(document):
        if key in recorded():
            content["example"] = recorded()[key]
