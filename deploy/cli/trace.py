"""`golem trace`: what happened to one hire, over all services."""

from pathlib import Path
from typing import Any

import click

from deploy.cli.options import data_option, json_option
from deploy.cli.output import say, say_json
from deploy.system.connect import find
from deploy.system.trace import trace as traced


@click.command()
@click.argument("offer_id")
@data_option
@json_option
def trace(offer_id: str, data: Path | None, as_json: bool) -> None:
    """Tell one hire's story by its offer's id: events on the topics, and what notify logged, told and delivered.

    First how the documents of the four services stand. It names nobody.
    """
    found = traced(find(data), offer_id)
    if as_json:
        say_json({"documents": found.documents, "timeline": found.timeline}, indent=2)
        return
    for doc in found.documents:
        say(f"{doc['service']:<9} {doc['state']:<12} version {doc['version']}, {doc['updated_at']}{_waits(doc)}")
    click.echo()
    for row in found.timeline:
        say(f"{row['at'][:23]}  {row['service']:<9} {row['what']:<42} {row['more']}")


def _waits(doc: dict[str, Any]) -> str:
    waits = ["unsent events"] if doc["unsent"] else []
    waits += [f"{doc['parked']} parked"] if doc["parked"] else []
    waits += [f"due {doc['due_at']}"] if doc["due_at"] else []
    return f"; {', '.join(waits)}" if waits else ""
