"""Options that several commands have, and the kinds of values they take."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from deploy import SERVICES

Function = TypeVar("Function", bound=Callable[..., Any])

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


class Since(click.ParamType[datetime]):
    """A time in the past: RFC 3339, or how long ago (90s, 10m, 3h, 2d)."""

    name = "time"
    _UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        if ago := re.fullmatch(r"([0-9]{1,6})([smhd])", value):
            return datetime.now(UTC) - timedelta(**{self._UNITS[ago[2]]: int(ago[1])})
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither a time such as 2026-01-31T12:00:00Z nor one ago such as 10m", param, ctx)
        return time if time.tzinfo else time.replace(tzinfo=UTC)


def since_option(says: str) -> Callable[[Function], Function]:
    option: Callable[[Function], Function] = click.option(
        "--since", type=Since(), metavar="TIME", help=f"{says} An RFC 3339 time, or how long ago: 90s, 10m, 3h, 2d."
    )
    return option
