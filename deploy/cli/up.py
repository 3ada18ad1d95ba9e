"""`golem up`: the whole system in the foreground, until Ctrl-C or SIGTERM."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from deploy.cli.options import Span, data_option, outside_alone
from deploy.embedded.data import DataInUse, default_folder
from deploy.embedded.stack import Stack, StackError

_ENDING = (signal.SIGINT, signal.SIGTERM)
_OPEN = "It and the database ask nobody for a password: for trying out, where you are alone"


class Stopped(BaseException):
    """Somebody asked us to stop."""


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The gateway's port; any free one by default.")
@click.option(
    "--days-in",
    type=Span(timedelta(seconds=1), timedelta(days=1)),
    metavar="TIME",
    help="A day passes in this time, such as 10s or 2m; a second at least. Time never goes back: started again on the "
    "same data, the stack goes on from there.",
)
@data_option
def up(port: int, days_in: timedelta | None, data: Path | None) -> None:
    """Run the whole system on this machine, in the foreground: for trying out.

    Its broker and its database listen on 127.0.0.1 alone, and ask nobody for a password: whoever has an account on this
    machine may read and write everything in them. A process that hangs is ended and started again.
    """
    outside_alone("up")
    console = Console(highlight=False, soft_wrap=True)
    folder = data or default_folder()
    console.print(f"[bold]Good Golem[/bold] starts, its data in {folder}")
    try:
        stack = Stack(folder, port, days_in=days_in, say=lambda line: console.print(f"  {line}", markup=False))
    except OSError as error:
        raise click.ClickException(f"{folder}: {error.strerror}") from error
    with stopped_by_signals():
        try:
            stack.start()
            # One plain line that programs wait for.
            print(f"ready {stack.gateway}", flush=True)
            console.print(f"  the market's page is there, and a hire, live: {stack.gateway}/flow", markup=False)
            console.print(f"  logs in {stack.data.logs}, mails in {stack.mail}; Ctrl-C stops it all", markup=False)
            console.print(f"  broker at {stack.kafka}. {_OPEN}", markup=False)
            stack.wait()
        except Stopped:
            console.print("stopping")
        except OSError as error:
            raise click.ClickException(f"{error.filename or folder}: {error.strerror or error}") from error
        except (DataInUse, StackError) as error:
            raise click.ClickException(str(error)) from error
        finally:
            with _handled_by(signal.SIG_IGN):
                stack.stop()
    console.print("stopped")
    sys.exit(0)


class _Asked:
    """Whether somebody asked us to stop, and whether that waits for what is under way."""

    stopped = waits = False


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into Stopped; later ones change nothing, it is stopping already."""
    _Asked.stopped = False

    def stop(number: int, frame: FrameType | None) -> None:
        for each in _ENDING:
            signal.signal(each, signal.SIG_IGN)
        _Asked.stopped = True
        if not _Asked.waits:
            raise Stopped

    with _handled_by(stop):
        yield


@contextmanager
def not_stopped_between() -> Iterator[None]:
    """What is done here is done as a whole: whoever asks us to stop meanwhile is heard afterwards."""
    _Asked.waits = True
    try:
        yield
    finally:
        _Asked.waits = False
    if _Asked.stopped:
        raise Stopped


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> Iterator[None]:
    """What is asked of this process meanwhile; afterwards a signal means what it did before."""
    before = {number: signal.signal(number, handler) for number in _ENDING}
    try:
        yield
    finally:
        for number, was in before.items():
            signal.signal(number, was)
