"""`golem listen`: events as they come, forwarded to a URL on this machine as webhooks are sent."""

import secrets
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import click

from deploy.cli.options import Url, data_option, gateway_option, json_option, sub_option
from deploy.cli.output import say, say_json
from deploy.cli.up import Stopped, not_stopped_between, stopped_by_signals
from deploy.system import NotFound
from deploy.system.connect import keys
from deploy.system.forward import Forwarded, Forwarder
from deploy.system.gateway import Refusal, gateway
from deploy.system.stream import RESET, Follower, Message
from shared.settings.values import key


@click.command()
@click.option("--types", help="Only these: `hire.confirmed,escrow.*`.")
@click.option("--forward-to", type=Url(), metavar="URL", help="POST each event there, signed as a webhook.")
@click.option("--after", metavar="CURSOR", help="Begin with what came after that; without it, with what comes next.")
@sub_option
@gateway_option
@data_option
@json_option
def listen(
    types: str | None,
    forward_to: str | None,
    after: str | None,
    sub: str | None,
    gateway_url: str | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Show events as they come, over HTTP, and forward them to a receiver that you are writing.

    Each is forwarded once. Ctrl-C prints the last cursor: `--after` goes on from there. GOLEM_TOKEN, where it is set,
    says as whom to read; else the development keys do, for all public events or those of --sub.
    """
    shown = _Shown(as_json)
    try:
        reach = partial(gateway, gateway_url, data, sub or "listen", () if sub else ("integrator",))
        forwarder = Forwarder(forward_to, _key(data, gateway_url)) if forward_to else None
        query = {"types": types} if types else {}
        start = partial(shown.start, reach().url, forward_to, forwarder.secret if forwarder else None)
        follower = Follower(reach, query, after, say=shown.note, opened=start)
        with closing(forwarder) if forwarder else nullcontext(), stopped_by_signals():
            try:
                for message in follower.events():
                    if message.event == RESET:
                        shown.note("what followed the cursor is not kept any more; goes on with the oldest that is")
                    else:
                        sent = forwarder.send(message.body) if forwarder else None
                        with not_stopped_between():  # else the cursor could be of the one before what was shown
                            shown.event(message, sent)
                            follower.took(message)
            except Stopped:
                shown.end(follower.cursor)
    except Refusal as error:
        raise click.ClickException(str(error)) from error


def _key(data: Path | None, url: str | None) -> bytes:
    """The stack's own, so that its public keys vouch for what is forwarded; where that is not here, a new one."""
    try:
        return key(keys(data, url).pseudonym.read_text().strip())
    except (NotFound, OSError):
        return secrets.token_bytes(32)


class _Shown:
    """What is printed: a line an event, or an object with --json; all else to stderr."""

    def __init__(self, as_json: bool) -> None:
        self._as_json, self._started = as_json, False

    def start(self, url: str, to: str | None, secret: str | None) -> None:
        """Once, though streams end and others begin."""
        if self._started:
            return
        self._started = True
        if self._as_json:
            say_json({"listening": url} | ({"forward_to": to, "secret": secret} if to else {}))
            return
        say(f"listening at {url}; Ctrl-C ends it")
        if to:
            say(f"forwarding to {to}, signed with the secret {secret}")

    def event(self, message: Message, sent: Forwarded | None) -> None:
        if self._as_json:
            outcome = {"status": sent.status, "milliseconds": sent.milliseconds, "why": sent.why} if sent else None
            say_json({"cursor": message.cursor, "event": message.body, "forwarded": outcome})
            return
        say(f"{line(message.body)}{_outcome(sent)}")

    def note(self, text: str) -> None:
        click.echo(text, err=True)

    def end(self, cursor: str | None) -> None:
        if self._as_json:
            say_json({"cursor": cursor})
        else:
            say(f"last cursor {cursor}; --after {cursor} goes on from there" if cursor else "nothing came")


def line(event: dict[str, Any]) -> str:
    """An event on one line: time, type, subject, number within its aggregate."""
    return f"{event['time'][11:23]}  {event['type']:<26} {event['subject']} #{int(event['sequence'])}"


def _outcome(sent: Forwarded | None) -> str:
    return f"  -> {sent.status or sent.why}, {sent.milliseconds} ms" if sent else ""
