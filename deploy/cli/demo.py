"""`golem demo`: the main job as a story, on a running stack or on one of its own."""

import json
import os
import sys
import time
from pathlib import Path

import click
import httpx
from rich.console import Console

from deploy.cli.options import Url, data_option, json_option, outside_alone
from deploy.cli.up import Stopped, stopped_by_signals
from deploy.embedded.data import DataInUse
from deploy.embedded.stack import StackError
from deploy.kafka.topics import client_settings
from deploy.system.connect import Reached, running_or_own
from deploy.system.gateway import no_answer


@click.command()
@click.option(
    "--gateway", type=Url(), help="Tell it on the system behind this URL, with the keys in --data; no stack is started."
)
@data_option
@json_option
def demo(gateway: str | None, data: Path | None, as_json: bool) -> None:
    """Watch a hire pay out: two listings, four seekers, one payout, one refund, one declined card, one help for
    nothing.
    """
    outside_alone("demo")
    from deploy.demo import Refused, Slow, play  # loaded here: containers have no Python client

    console = Console(stderr=as_json, highlight=False, soft_wrap=True)
    began = time.monotonic()
    console.print("[bold]Good Golem[/bold]: inside help for a job, paid only when the seeker is hired")
    try:
        with (
            stopped_by_signals(),
            running_or_own(gateway, data, lambda line: console.print(f"  {line}", style="dim")) as on,
        ):
            own = gateway is None and time.monotonic() - began > 0.5
            where = _where(own)
            outcome = play(
                on.gateway,
                on.token,
                console,
                kafka=_kafka(on),
                where=where,
                mail=on.mail,
                clock=on.clock,
            )
    except Stopped:
        raise click.ClickException("stopped") from None
    except (Refused, Slow, DataInUse, StackError, OSError) as error:
        raise click.ClickException(str(error)) from error
    except httpx.TransportError as error:
        raise click.ClickException(str(no_answer(gateway or "the gateway", error))) from error
    console.print(f"done in {time.monotonic() - began:.1f} s", style="dim")
    if as_json:
        click.echo(json.dumps(outcome, default=str))
    if outcome["journal_sum"] != 0 or outcome["hired"]["escrow"]["status"] != "settled":
        sys.exit(1)


def _kafka(on: Reached) -> dict[str, object] | None:
    """Settings of a client that overhears the events; None where the broker is not for us to reach."""
    if on.kafka:
        return dict(client_settings({"KAFKA_BOOTSTRAP_SERVERS": on.kafka}))
    return dict(client_settings()) if os.environ.get("KAFKA_BOOTSTRAP_SERVERS") else None


def _where(own: bool) -> list[tuple[str, str]]:
    """Where to look next."""
    golem = ".venv/bin/golem"
    page = "/flow plays a hire, live; / is the market's page"
    stay = [("keep a stack running", f"{golem} up --port 8080")] if own else []
    return [
        *stay,
        ("look at it in a browser", f"{'http://127.0.0.1:8080' if own else 'GATEWAY'}{page}"),
        ("call it yourself", f'curl -H "Authorization: Bearer $({golem} token --sub me)" GATEWAY/v1/offers'),
        ("follow the events", f"{golem} events hire.confirmed escrow.released"),
        ("see what runs and what waits", f"{golem} status"),
        ("read how it works", "README.md, docs/lifecycles.md, docs/events.md"),
    ]
