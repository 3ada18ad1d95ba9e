"""`golem webhooks`: the webhooks of one person, by the HTTP interface."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
import httpx

from deploy.cli.options import Since, before, data_option, gateway_option, json_option, outside_alone, sub_option
from deploy.cli.output import say, say_json
from deploy.system.connect import clock_of
from deploy.system.gateway import Refusal, content, gateway, no_answer
from shared.clock import format_time

Function = TypeVar("Function", bound=Callable[..., Any])
Json = dict[str, Any]
_MOST_SHOWN = 100
_WHO = (json_option, data_option, gateway_option, sub_option)


def _with_who(command: Function) -> Function:
    for option in _WHO:
        command = option(command)
    return command


_webhook_id = click.argument("webhook", type=click.UUID, callback=lambda ctx, param, value: str(value))


@click.group()
def webhooks() -> None:
    """Webhooks: make one, see what it was sent, have it sent again.

    Of the person whom GOLEM_TOKEN names, or --sub with the development keys.
    """


@webhooks.command(name="list")
@_with_who
def list_(**who: Any) -> None:
    """List them, newest first."""
    _show(_ask(who, "GET")["items"], who, _webhook)


@webhooks.command()
@click.argument("url")
@click.option("--types", default="*", show_default=True, help="`hire.confirmed,escrow.*`.")
@click.option("--thin", is_flag=True, help="Send what happened and where to read it, nothing of what it says.")
@click.option("--all", "everything", is_flag=True, help="Every public event; for the roles integrator and operator.")
@_with_who
def create(url: str, types: str, thin: bool, everything: bool, **who: Any) -> None:
    """Have events sent to URL, and print the secret, which is not shown again."""
    chosen = {"payload": "thin" if thin else "full", "scope": "all" if everything else "own"}
    body = {"url": url, "types": [each.strip() for each in types.split(",")], **chosen}
    _show([_ask(who, "POST", body=body, integrator=everything)], who, _webhook)


@webhooks.command()
@_webhook_id
@_with_who
def show(webhook: str, **who: Any) -> None:
    """Show one."""
    _show([_ask(who, "GET", webhook)], who, _webhook)


@webhooks.command()
@_webhook_id
@_with_who
def test(webhook: str, **who: Any) -> None:
    """Send it a test event; when it answers it is active."""
    _show([_ask(who, "POST", webhook, "test")], who, _delivery)


@webhooks.command()
@_webhook_id
@_with_who
def rotate(webhook: str, **who: Any) -> None:
    """Give it a new secret; for 24 hours the one before signs as well."""
    _show([_ask(who, "POST", webhook, "rotate-secret")], who, _webhook)


@webhooks.command()
@_webhook_id
@click.option("--since", type=Since(), metavar="TIME", required=True, help="An RFC 3339 time, or how long ago: 3h, 2d.")
@_with_who
def replay(webhook: str, since: Any, **who: Any) -> None:
    """Send again all that failed since then."""
    begin = before(since, clock_of(who["data"], who["gateway_url"]))
    assert begin is not None, "it is required"
    _show([_ask(who, "POST", webhook, "replay", body={"since": format_time(begin)})], who, _webhook)


@webhooks.command()
@_webhook_id
@click.option("--status", type=click.Choice(("waiting", "delivered", "failed")))
@click.option("--type", "type_", help="Of this event alone.")
@_with_who
def deliveries(webhook: str, status: str | None, type_: str | None, **who: Any) -> None:
    """List what it was sent last, newest first, with the last attempt."""
    asked = {"status": status, "type": type_, "limit": "100"}
    page = _ask(who, "GET", webhook, "deliveries", query=asked)
    found = page["items"]
    while page["next"] and len(found) < _MOST_SHOWN:  # one that looks for what is rare may be short
        page = _ask(who, "GET", webhook, "deliveries", query={**asked, "cursor": page["next"]})
        found += page["items"]
    _show(found[:_MOST_SHOWN], who, _delivery)


@webhooks.command()
@_webhook_id
@_with_who
def delete(webhook: str, **who: Any) -> None:
    """Delete it and what is kept of its deliveries."""
    _ask(who, "DELETE", webhook)
    _show([{"deleted": webhook}], who, lambda row: f"deleted {row['deleted']}")


def _ask(
    who: Mapping[str, Any], method: str, *path: str, body: Json | None = None,
    query: Mapping[str, str | None] | None = None, integrator: bool = False,
) -> Any:  # fmt: skip
    outside_alone("webhooks")
    from good_golem import connect  # loaded here: containers have no Python client

    data: Path | None = who["data"]
    asked = {name: value for name, value in (query or {}).items() if value is not None}
    try:
        reached = gateway(who["gateway_url"], data, who["sub"] or "me", ("integrator",) if integrator else ())
        with connect(reached.url, reached.token()).get_httpx_client() as http:
            answer = http.request(method, "/".join(("/v1/webhooks", *path)), json=body, params=asked)
        return content(answer)
    except httpx.TransportError as error:
        raise click.ClickException(str(no_answer(reached.url, error))) from error
    except Refusal as error:
        raise click.ClickException(str(error)) from error


def _show(rows: list[Json], who: Mapping[str, Any], line: Callable[[Json], str]) -> None:
    for row in rows:
        if who["as_json"]:
            say_json(row)
        else:
            say(line(row))


def _webhook(row: Json) -> str:
    why = f" ({row['disabled_for']})" if row["disabled_for"] else ""
    secret = f"  secret {row['secret']}" if "secret" in row else ""
    return f"{row['id']}  {row['status']}{why}  {row['url']}  {','.join(row['types'])}{secret}"


def _delivery(row: Json) -> str:
    last = row["attempts"][-1] if row["attempts"] else None
    tried = f"  {last['at'][:19]} {last['status'] or last['why']}, {last['milliseconds']} ms" if last else ""
    return f"{row['id']}  {row['type']}  {row['status']}  {len(row['attempts'])} attempts{tried}"
