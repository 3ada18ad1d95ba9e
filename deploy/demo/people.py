"""The people of the story: each has a name, and speaks by the Python client as anybody's program would."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import httpx
from good_golem import Patience, Refused, connect, expect
from good_golem_client import AuthenticatedClient

PATIENCE = 30.0
"""Seconds that a step may take."""
_AGAIN = (0.02, 0.05, 0.1)
Seen = TypeVar("Seen")


class Slow(Exception):
    """Something that should have happened by itself did not happen in time."""


@dataclass(frozen=True)
class Person:
    """`name` is shown in the story alone; the services know the token's pseudonym."""

    name: str
    client: AuthenticatedClient


def person(gateway: str, name: str, token: str, transport: httpx.BaseTransport) -> Person:
    """Somebody whose client asks again sooner than it is told to: what is waited for here takes milliseconds."""
    patience = Patience(transport, within=PATIENCE, pause=lambda seconds: time.sleep(min(seconds, _AGAIN[-1])))
    return Person(name, connect(gateway, token, transport=patience))


def wait(kind: type[Seen], read: Callable[[], object], until: Callable[[Seen], bool], what: str) -> Seen:
    """Read until it is as it should be. Raises Slow after half a minute, saying what was seen last."""
    return wait_for(lambda: expect(kind, read()), until, what, Refused)


def wait_for(read: Callable[[], Seen], until: Callable[[Seen], bool], what: str, refused: type[Exception]) -> Seen:
    """As `wait`, of what `read` gives; it raises `refused` where there is nothing yet."""
    end = time.monotonic() + PATIENCE
    turn = 0
    seen: object = None
    while time.monotonic() < end:
        try:
            doc = read()
        except refused as refusal:
            seen = refusal
        else:
            if until(doc):
                return doc
            seen = doc
        time.sleep(_AGAIN[min(turn, len(_AGAIN) - 1)])
        turn += 1
    raise Slow(f"{what} did not happen within {PATIENCE:.0f} s; last seen: {seen}")
