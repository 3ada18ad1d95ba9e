"""Load on a running deployment: hires that must all end, and a strict client that counts each answer it gets."""

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any
from uuid import uuid4

import httpx

from deploy import SERVICES
from tests.compose.running.conftest import ROOT, Deployment
from tests.support.described import CHECKED
from tests.support.hires import Hire, Hires, listing

_HIRING, _ASKING = 3, 2
_PAUSE = 0.03
_OPENAPI = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
_SAFE = [
    f"{method.upper()} {path}"
    for path, item in _OPENAPI.items()
    for method in item
    if method in ("get", "post") and path not in ("/v1/webhooks/provider", "/v1/stream")
]
OPERATIONS = sorted([*_SAFE, "GET /healthz", *(f"GET /v1/openapi/{service}.json" for service in SERVICES)])
"""All that may be sent twice: each GET, and each POST, for it carries an Idempotency-Key. The GETs come first."""
_LISTED, _OFFERED = "POST /v1/listings", "POST /v1/offers"
_ROUND = [_LISTED, "POST /v1/listings/{id}/submit", *OPERATIONS]


@contextmanager
def threads(count: int, body: Callable[[threading.Event], None]) -> Iterator[list[BaseException]]:
    """Run a body in threads until the block ends; the errors that they ended with."""
    enough, errors = threading.Event(), list[BaseException]()

    def guarded() -> None:
        try:
            body(enough)
        except BaseException as error:
            errors.append(error)

    running = [threading.Thread(target=guarded, daemon=True) for _ in range(count)]
    for thread in running:
        thread.start()
    try:
        yield errors
    finally:
        enough.set()
        for thread in running:
            thread.join(200)


@contextmanager
def hiring(deployment: Deployment, *, described: bool = True) -> Iterator[list[Hire]]:
    """Hires, a few at a time, until the block ends; every one that was begun has to end, paid out. `described`: as
    `Hires` takes it.
    """
    ended: list[Hire] = []
    with Hires(deployment, described=described) as hires:

        def play(enough: threading.Event) -> None:
            while not enough.is_set():
                ended.append(hires.one())

        with threads(_HIRING, play) as errors:
            yield ended
        assert errors == [], errors
        for hire in ended:
            escrow = hire.seeker.get(f"/v1/escrows/{hire.offer_id}")
            assert (escrow["status"], escrow["released"] + escrow["fees"]) == ("settled", 50_000)


@dataclass
class Asked:
    """What came back: `operations` counts the answers below 500 of each, `failed` names all else."""

    operations: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.statuses.total()} answers of {len(self.operations)} operations, {len(self.failed)} failed, "
            f"the slowest after {self.slowest:.1f} s: {dict(sorted(self.statuses.items()))}"
        )


@contextmanager
def asking(deployment: Deployment, *, described: bool = True) -> Iterator[Asked]:
    """Every operation over and over, sent once and never again: a connection that breaks is a failure too. What is
    asked for is there where that is easy (a listing, an offer); elsewhere the refusal counts as the answer.
    """
    asked = Asked()

    def body(enough: threading.Event) -> None:
        insider, seeker = (deployment.token(f"asking-{secrets.token_hex(6)}") for _ in range(2))
        ids = {"listing": str(uuid4()), "offer": str(uuid4())}
        with httpx.Client(base_url=deployment.gateway, timeout=40, event_hooks=CHECKED if described else None) as http:
            for operation in cycle(_ROUND):
                if enough.is_set():
                    return
                answer = _ask(http, asked, operation, seeker if operation == _OFFERED else insider, ids)
                if answer is not None and answer.status_code == 201 and operation in (_LISTED, _OFFERED):
                    ids["listing" if operation == _LISTED else "offer"] = answer.json()["id"]
                enough.wait(_PAUSE)

    with threads(_ASKING, body) as errors:
        yield asked
    assert errors == [], errors


def _ask(http: httpx.Client, asked: Asked, operation: str, token: str, ids: dict[str, str]) -> httpx.Response | None:
    method, template = operation.split(" ")
    headers = {"Authorization": f"Bearer {token}"}
    options: dict[str, Any] = {}
    if method == "POST":
        headers["Idempotency-Key"] = secrets.token_hex(8)
        options["json"] = _body(operation, ids)
    began = time.monotonic()
    try:
        answer = http.request(method, _path(template, ids), headers=headers, **options)
    except httpx.HTTPError as error:
        asked.failed.append(f"{operation}: {error!r}")
        return None
    asked.slowest = max(asked.slowest, time.monotonic() - began)
    asked.statuses[answer.status_code] += 1
    if answer.status_code >= 500:
        asked.failed.append(f"{operation}: {answer.status_code} {answer.text[:200]}")
    else:
        asked.operations[operation] += 1
    return answer


def _body(operation: str, ids: dict[str, str]) -> dict[str, Any]:
    if operation == _LISTED:
        return listing()
    if operation == _OFFERED:
        return {"listing_id": ids["listing"], "help": ["coaching"]}
    return {}


def _path(template: str, ids: dict[str, str]) -> str:
    """The path with ids: those of the round, and elsewhere names that nobody has."""
    own = ids["listing"] if template.startswith("/v1/listings/") else ids["offer"]
    values = {"id": own, "offer_id": ids["offer"], "scheme": "ISCO-08", "code": "2512"}
    for name in (part[1:-1] for part in template.split("/") if part.startswith("{")):
        template = template.replace(f"{{{name}}}", values.get(name, own))
    return template
