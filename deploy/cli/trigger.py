"""`golem trigger`: have something to receive: an event, caused through the HTTP interface as anybody would cause it."""

from pathlib import Path

import click
import httpx

from deploy.cli.options import data_option, json_option, outside_alone
from deploy.cli.output import say, say_json
from deploy.embedded.data import Data, default_folder
from deploy.embedded.times import read as read_times
from deploy.system import NotFound
from deploy.system.connect import keys, running
from deploy.system.gateway import no_answer


@click.command()
@click.argument("event")
@data_option
@json_option
def trigger(event: str, data: Path | None, as_json: bool) -> None:
    """Cause EVENT on the stack that runs here: listing.created, offer.accepted, escrow.held or hire.confirmed.

    New people play a hire as far as that, by their own requests; what comes before it happens as well. It knows no
    other system than one of `golem up`: people and money elsewhere are real.
    """
    outside_alone("trigger")
    from deploy.demo import Refused, Slow  # loaded here: containers have no Python client
    from deploy.demo.trigger import STEP
    from deploy.demo.trigger import trigger as play

    if event not in STEP:
        raise click.BadParameter(f"expected one of {', '.join(STEP)}", param_hint="EVENT")
    folder = data or default_folder()
    stack = running(folder)
    if stack is None:
        raise NotFound(f"no stack of `golem up` runs on {folder}; events are caused on no other system")
    try:
        ids = play(event, stack["gateway"], keys(folder).token, read_times(Data(folder).clock).clock)
    except (Refused, Slow) as error:
        raise click.ClickException(str(error)) from error
    except httpx.TransportError as error:
        raise click.ClickException(str(no_answer(stack["gateway"], error))) from error
    if as_json:
        say_json({"event": event, **ids})
    else:
        say(f"{event}: " + ", ".join(f"{name} {each}" for name, each in ids.items()))
