"""Options that several commands have, and the kinds of values they take."""

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click
import httpx

from deploy import SERVICES
from shared.clock import EARLIEST, Clock, in_reach
from shared.settings.in_words import in_words

Function = TypeVar("Function", bound=Callable[..., Any])
_LAST_PORT = 65_535


class Url(click.ParamType[str]):
    """Where a server is: http or https, a host, and a port that there is."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            url = httpx.URL(value)
            is_one = url.scheme in ("http", "https") and url.host.encode("idna") and (url.port or 0) <= _LAST_PORT
        except (httpx.InvalidURL, UnicodeError):
            is_one = False
        if not is_one or re.search(r"\s", value):
            self.fail(f"{value!r} is no URL such as http://localhost:3000/in", param, ctx)
        return str(value)


data_option: Callable[[Function], Function] = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="GOLEM_DATA",
    help="The data folder of `golem up`; .golem where it is not given.",
)
json_option: Callable[[Function], Function] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, for programs."
)
service_option: Callable[[Function], Function] = click.option(
    "--service", type=click.Choice(SERVICES), help="This service alone."
)
gateway_option: Callable[[Function], Function] = click.option(
    "--gateway",
    "gateway_url",
    type=Url(),
    metavar="URL",
    help="The system behind this URL; else the one that runs on --data.",
)
sub_option: Callable[[Function], Function] = click.option(
    "--sub", help="As this person, by the development keys: anna, carlos, ..."
)

_INSIDE = "GOLEM_INSIDE"
"""Set in the image."""


def outside_alone(command: str) -> None:
    """Refuse in a container, which has neither the embedded servers nor the keys. Raises ClickException."""
    if os.environ.get(_INSIDE):
        raise click.ClickException(
            f"`golem {command}` is for outside of the containers: in a checkout, `make install`, then "
            f"`.venv/bin/golem {command}` (on the system that runs here: `demo --gateway URL`)"
        )


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _span(text: str) -> timedelta | None:
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


class Span(click.ParamType[timedelta]):
    """How long something takes: 90s, 10m, 3h, 1d."""

    name = "span"

    def __init__(self, least: timedelta, most: timedelta) -> None:
        self._least, self._most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        span = value if isinstance(value, timedelta) else _span(value)
        if span is None:
            self.fail(f"{value!r} is no time such as 10s, 2m or 1h", param, ctx)
        if not self._least <= span <= self._most:
            self.fail(f"{value!r} is not from {in_words(self._least)} to {in_words(self._most)}", param, ctx)
        return span


class Since(click.ParamType[datetime | timedelta]):
    """A time in the past: RFC 3339, or how long ago (90s, 10m, 3h, 2d), which is counted from the system's own time."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime | timedelta:
        if isinstance(value, datetime | timedelta):
            return value
        if (ago := _span(value)) is not None:
            return ago
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither a time such as 2026-01-31T12:00:00Z nor one ago such as 10m", param, ctx)
        try:
            return in_reach(time if time.tzinfo else time.replace(tzinfo=UTC))
        except ValueError:
            self.fail(f"{value!r} is no time from 1970 to 2199", param, ctx)


def before(since: datetime | timedelta | None, clock: Clock) -> datetime | None:
    """The time that `--since` names, where it is now what `clock` shows."""
    if not isinstance(since, timedelta):
        return since
    now = clock.now()
    return now - min(since, now - EARLIEST)


def since_option(says: str) -> Callable[[Function], Function]:
    option: Callable[[Function], Function] = click.option(
        "--since", type=Since(), metavar="TIME", help=f"{says} An RFC 3339 time, or how long ago: 90s, 10m, 3h, 2d."
    )
    return option
