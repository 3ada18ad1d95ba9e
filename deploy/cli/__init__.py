"""The command `golem`: one file a command, listed in COMMANDS at the foot. No rule of a service lives here."""

import importlib
import logging
from collections.abc import Mapping
from types import MappingProxyType

import click
from kafka.errors import KafkaError
from pymongo.errors import PyMongoError

from deploy.system import NotFound
from shared import VERSION
from shared.settings import SettingsError


class _Commands(click.Group):
    """Loads a command's file when it is asked for, and turns what is missing, or away, into one clear line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (NotFound, SettingsError) as error:
            raise click.ClickException(str(error)) from error
        except KafkaError as error:
            raise click.ClickException(f"the broker does not answer: {_first_line(error)}") from error
        except PyMongoError as error:
            raise click.ClickException(f"the database does not answer: {_first_line(error)}") from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="golem", message="%(prog)s %(version)s")
def main() -> None:
    """Good Golem: run the system on this machine, watch it, and mend it."""
    logging.getLogger("kafka").addHandler(logging.NullHandler())
    logging.getLogger("kafka").propagate = False


def _first_line(error: Exception) -> str:
    words = str(error).splitlines()
    return (words[0] if words else type(error).__name__)[:300]


COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "up": "deploy.cli.up",
        "demo": "deploy.cli.demo",
        "token": "deploy.cli.token",
        "status": "deploy.cli.status",
        "events": "deploy.cli.events",
        "listen": "deploy.cli.listen",
        "trigger": "deploy.cli.trigger",
        "trace": "deploy.cli.trace",
        "webhooks": "deploy.cli.webhooks",
        "replay": "deploy.cli.replay",
        "backfill": "deploy.cli.backfill",
        "dlq": "deploy.cli.dlq",
        "rules": "deploy.cli.rules",
        "verify": "deploy.cli.verify",
        "subscriber": "deploy.cli.subscriber",
    }
)
"""Each command and the module that holds the click command of that name."""
