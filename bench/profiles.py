"""python -m bench.profiles: where the CPU of a request goes, by package, beside the floor's.

In this process, without a server before it: the apps of listing and matching and the floor's (`bench/floors/web.py`) on
the embedded database, or on the one that `--mongodb` names. First the CPU of a request as it is, then under cProfile:
how many calls, and how each package shares in the own time (what is built in counts for whoever called it).
"""

import cProfile
import io
import json
import os
import pstats
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import click
from pymongo import MongoClient, monitoring
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent
from rich.console import Console
from rich.table import Table

from bench.floors import web
from deploy import ROOT
from deploy.embedded.stack import Stack
from shared.aggregate.store import collection
from tests.support.hires import listing
from tests.support.web import token
from tests.support.whole import Whole

_PAGE = 20
_WARM, _TIMED, _PROFILED = 50, 300, 200
_PROFILE = {
    "occupations": [{"scheme": "ISCO-08", "code": "2512"}], "industries": [], "countries": ["NL"], "regions": [],
    "skills": [], "help": [], "pay": None,
}  # fmt: skip
Ask = Callable[[], None]


def measured(ask: Ask, commands: Callable[[], int] = lambda: 0) -> dict[str, Any]:
    """{cpu_ms, calls, commands, shares: {package: share of the own time}} of one request; `commands` counts them."""
    for _ in range(_WARM):
        ask()
    sent = -commands()
    ask()
    sent += commands()
    began = time.process_time()
    for _ in range(_TIMED):
        ask()
    cpu_ms = 1000 * (time.process_time() - began) / _TIMED
    profile = cProfile.Profile(time.process_time)  # not what it waits for
    profile.enable()
    for _ in range(_PROFILED):
        ask()
    profile.disable()
    stats: Any = pstats.Stats(profile, stream=io.StringIO())
    own: Counter[str] = Counter()
    for (file, _, _), (_, _, seconds, _, callers) in stats.stats.items():
        if file == "~" and callers:
            for (caller, _, _), (_, _, of_caller, _) in callers.items():
                own[package(caller)] += of_caller
        else:
            own[package(file)] += seconds
    whole = own.total()
    shares = {name: round(seconds / whole, 3) for name, seconds in own.most_common() if seconds / whole >= 0.02}
    return {"cpu_ms": round(cpu_ms, 3), "calls": stats.total_calls // _PROFILED, "commands": sent, "shares": shares}


def package(file: str) -> str:
    """Whose code this file is: a package's name, "ours", "bench" (the floor's own), or "python"."""
    path = Path(file)
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1].removesuffix(".py")
    if path.is_relative_to(ROOT / "services") or path.is_relative_to(ROOT / "shared"):
        return "ours"
    return "bench" if path.is_relative_to(ROOT) else "python"


class _Commands(CommandListener):
    """How many commands went to the database, of all clients made after it was registered."""

    count = 0

    def started(self, event: CommandStartedEvent) -> None:
        self.count += 1

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


def asking(app: Any, method: str, path: str, headers: Mapping[str, str], body: Any = None, keyed: bool = False) -> Ask:
    """Asks a WSGI app as a server would. Raises RuntimeError where it is refused."""
    content = json.dumps(body).encode() if body is not None else b""
    where, _, query = path.partition("?")

    def ask() -> None:
        seen: list[str] = []
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method, "PATH_INFO": where, "QUERY_STRING": query, "SERVER_NAME": "here",
            "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(content), "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
            "CONTENT_LENGTH": str(len(content)), "CONTENT_TYPE": "application/json" if content else "",
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
        }  # fmt: skip
        if keyed:
            environ["HTTP_IDEMPOTENCY_KEY"] = str(uuid4())
        answer = app(environ, lambda status, *_: seen.append(status))
        text = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        if not seen[0].startswith("2"):
            raise RuntimeError(f"{method} {path}: {seen[0]} {text[:300]!r}")

    return ask


@contextmanager
def asks(mongodb: str) -> Iterator[dict[str, tuple[Ask, Ask]]]:
    """Of each kind of request ours and the floor's, on the same documents; the databases are gone at the end."""
    client: MongoClient[dict[str, Any]] = MongoClient(mongodb)
    prefix = f"profiles_{secrets.token_hex(4)}_"
    with TemporaryDirectory(prefix="profiles-") as folder, client, ExitStack() as ending:
        try:
            whole = Whole(Path(folder), lambda name: collection(client[f"{prefix}{name}"], "documents")).with_indexes()
            found = [whole.published() for _ in range(_PAGE)][0]
            whole.settle()
            bearer = {"Authorization": f"Bearer {token('someone-who-asks')}"}
            mine, others = whole.apps, ending.enter_context(_floor(mongodb, prefix))
            asking(mine["matching"], "PUT", "/v1/me/profile", bearer, _PROFILE)()
            body = listing() | {"leaving_on": "2027-06-01"}
            yield {
                "POST a listing": (
                    asking(mine["listing"], "POST", "/v1/listings", bearer, body, keyed=True),
                    asking(others, "POST", "/docs", {}, body),
                ),
                "GET a listing": (
                    asking(mine["listing"], "GET", f"/v1/listings/{found}", bearer),
                    asking(others, "GET", f"/docs/{found}?of=reads", {}),
                ),
                "GET a page of 20": (
                    asking(mine["listing"], "GET", "/v1/listings?limit=20", bearer), asking(others, "GET", "/page", {}),
                ),
                "GET matches": (
                    asking(mine["matching"], "GET", "/v1/matches", bearer), asking(others, "GET", "/matches", {}),
                ),
            }  # fmt: skip
        finally:
            for name in client.list_database_names():
                if name.startswith(prefix):
                    client.drop_database(name)


@contextmanager
def _floor(mongodb: str, prefix: str) -> Iterator[Any]:
    environ = {
        "FLOOR_MONGODB": mongodb,
        "FLOOR_READS": f"{prefix}listing.documents",
        "FLOOR_MATCHES": f"{prefix}matching.documents",
        "FLOOR_WRITES": f"{prefix}floor.documents",
    }
    with patch.dict(os.environ, environ):
        app = web.app()
    with app.extensions["mongodb"]:
        yield app


@click.command()
@click.option("--mongodb", help="A server that may be filled and emptied; else the embedded one.")
@click.option("--json", "as_json", is_flag=True)
def main(mongodb: str | None, as_json: bool) -> None:
    """Where the CPU of a request goes, by package, beside the floor's."""
    if mongodb:
        found = _all(mongodb)
    else:
        with Stack() as stack:
            found = _all(stack.mongodb)
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    table = Table(
        "request", "CPU", "calls", "commands", "share of each package in the own time", box=None, pad_edge=False
    )
    for name, of in found.items():
        shares = ", ".join(f"{package_} {share:.0%}" for package_, share in of["shares"].items())
        table.add_row(name, f"{of['cpu_ms']:.2f} ms", f"{of['calls']:,}", str(of["commands"]), shares)
    Console(width=180).print(table)


def _all(mongodb: str) -> dict[str, Any]:
    counted = _Commands()
    monitoring.register(counted)
    with asks(mongodb) as kinds:
        return {
            f"{name}, {whose}": measured(ask, lambda: counted.count)
            for name, both in kinds.items()
            for whose, ask in zip(("ours", "the floor"), both, strict=True)
        }


if __name__ == "__main__":
    main()
