"""`golem replay`: the relays send events again from the documents, with the ids they had."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import click

from deploy import SERVICES
from deploy.cli.options import before, data_option, json_option, service_option, since_option
from deploy.mongo.collections import replay_one
from deploy.system.connect import find


@click.command()
@service_option
@since_option("Only what was emitted from then on (and what came after it in the same aggregate).")
@data_option
@json_option
def replay(service: str | None, since: datetime | timedelta | None, data: Path | None, as_json: bool) -> None:
    """Have events sent again from the documents, to rebuild topics. Readers know them by their ids."""
    system = find(data)
    begin = before(since, system.times.clock)
    with system.database() as client:
        counts = {
            name: replay_one(client, name, begin, system.database_prefix)
            for name in ([service] if service else SERVICES)
        }
    if as_json:
        click.echo(json.dumps({"events": counts}))
        return
    for name, count in counts.items():
        click.echo(f"{name}: {count} events go out again")
