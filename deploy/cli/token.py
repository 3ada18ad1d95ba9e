"""`golem token`: a bearer token for trying things out, signed by the local development key."""

import json
from pathlib import Path

import click

from deploy.cli.options import data_option, json_option, outside_alone
from deploy.system.connect import keys
from shared.http.request.tokens import LONGEST_SUB, ROLES


@click.command()
@click.option("--sub", required=True, help="Who the token is for, any name: anna, carlos, ...")
@click.option("--role", "roles", multiple=True, type=click.Choice(sorted(ROLES)), help="May be repeated.")
@click.option("--hours", type=click.IntRange(1, 24 * 30), default=12, show_default=True, help="How long it is valid.")
@data_option
@json_option
def token(sub: str, roles: tuple[str, ...], hours: int, data: Path | None, as_json: bool) -> None:
    """Print a bearer token, alone on a line."""
    outside_alone("token")
    if not sub.strip() or not sub.isprintable() or len(sub) > LONGEST_SUB:
        raise click.BadParameter(f"expected printable text of at most {LONGEST_SUB} characters", param_hint="--sub")
    signed = keys(data).token(sub, roles, seconds=hours * 3600)
    click.echo(json.dumps({"token": signed, "sub": sub, "roles": sorted(set(roles))}) if as_json else signed)
