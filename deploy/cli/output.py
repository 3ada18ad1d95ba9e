"""What commands print of what others wrote: it is read, never acted on, neither by a terminal nor as rich's markup."""

import json
from typing import Any

import click
from rich.text import Text

from shared.characters import printable


def foreign(text: object) -> Text:
    """Others' text for rich, on one line."""
    return Text(printable(str(text)))


def say(text: str, *, lines: bool = False) -> None:
    """Print text with others' words in it; `lines` where it may have several."""
    click.echo(printable(text, lines=lines))


def say_json(value: Any, *, indent: int | None = None) -> None:
    """Print a value as JSON that says the same and acts on nothing."""
    click.echo(printable(json.dumps(value, indent=indent, ensure_ascii=False, default=str), lines=True))
