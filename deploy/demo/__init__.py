"""The demo: one story of six people and an employer, over HTTP on a running stack, with the events that carry it.

`people.py` is who they are and how they call the gateway, `events.py` overhears Kafka, `mails.py` reads the mail
catcher, `story.py` tells what happens, `show.py` how it looks. `play` puts them together.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from good_golem import Refused
from rich.console import Console

from deploy.demo.events import Ear
from deploy.demo.mails import Mails
from deploy.demo.people import Person, Slow, person
from deploy.demo.show import Show
from deploy.demo.story import Story
from shared.clock import Clock

__all__ = ["Refused", "Slow", "play"]


def play(
    gateway: str,
    token: Callable[[str, tuple[str, ...]], str],
    console: Console,
    *,
    kafka: dict[str, Any] | None = None,
    where: list[tuple[str, str]] | None = None,
    mail: Path | None = None,
    clock: Clock | None = None,
) -> dict[str, Any]:
    """Tell the story on the stack behind `gateway`; `token(sub, roles)` gives bearer tokens, `kafka` client settings.

    Without `kafka` the events are not shown, without the catcher's folder `mail` nobody is mailed; `clock` is the
    stack's, where it is not the machine's. Each run has people of its own. Returns what happened, for `--json`. Raises
    Refused or Slow.
    """
    show = Show(console)
    run = uuid4().hex[:8]
    with httpx.Client(base_url=gateway, timeout=15) as stranger, httpx.HTTPTransport() as transport:
        mails = Mails(mail) if mail else None

        def somebody(name: str, *roles: str) -> Person:
            return person(gateway, name, token(f"demo-{run}-{name.lower()}", roles), transport)

        story = Story(somebody, stranger, show, mails, clock)
        ear = Ear(kafka, show.event) if kafka else None
        try:
            outcome = story.play()
        finally:
            if ear:
                ear.close()
    show.ending(outcome, where or [])
    return outcome | {"events": show.events, "journal_sum": _sum(outcome)}


def _sum(outcome: dict[str, Any]) -> int:
    return sum(line["amount"] for entry in outcome["hired"]["journal"] for line in entry["lines"])
