"""A person is forgotten by passes over what a service stores of them; what this means stands in each service's
`erasure.py`.

A small document `erased:<person>` about it stays, with the number of the last `person.erased` that was taken: so a
replay erases nobody twice. While it is `erasing`, whatever is found of them is erased; once a pass finds nothing it is
`erased`, and what the person makes from then on is theirs anew. No time is compared: clocks differ between machines.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from pymongo.errors import PyMongoError

from shared.aggregate.batch import Copy
from shared.aggregate.change import Change, Trigger
from shared.aggregate.store import Contended

KIND = "erased"
PASS = "pass"
AGAIN_AFTER = timedelta(seconds=1)
MOST = 100
"""Documents of one pass."""

NOT_ERASED: Mapping[str, Any] = {"erased_at": {"$exists": False}}
"""The part of a query that leaves out what was erased before; `erased_at` marks it."""

WHAT_IS_LEFT: Mapping[str, Any] = {"erased_at": 1, "commands": 1}
"""The fields that `is_left` looks at."""

OnePass = Callable[[str], int]
"""Erase some of what is stored of a person; returns how many documents that were, 0 when nothing is left."""

log = logging.getLogger(__name__)


def route() -> Copy:
    """How a service takes `person.erased`."""
    return Copy(KIND, "person_id", _begun, _begin)


def _begun(event: Trigger) -> dict[str, Any]:
    return {"owner": event.data["person_id"], "asked_at": event.at}


def _begin(change: Change, event: Trigger) -> None:
    change.set(state="erasing", documents=0)
    change.schedule(PASS, change.now)


def passes(one_pass: OnePass) -> Callable[[Change, str], None]:
    """The timer of these documents: another pass follows while there was something to erase."""

    def on_timer(change: Change, timer: str) -> None:
        found = one_pass(change["owner"])
        if found:
            change.set(documents=change["documents"] + found)
            change.schedule(PASS, change.now + AGAIN_AFTER)
        else:
            change.set(state="erased", done_at=change.now)

    return on_timer


def erase_each(ids: Iterable[str], erase: Callable[[str], object]) -> int:
    """`erase` each; how many. One that fails does not keep the others back, and is raised in the end."""
    done, failed = 0, None
    for document_id in ids:
        try:
            erase(document_id)
            done += 1
        except (PyMongoError, Contended):
            raise
        except Exception as error:
            log.warning("a document could not be erased", extra={"id": document_id, "error": type(error).__name__})
            failed = error
    if failed is not None:
        raise failed
    return done


def without_fingerprints(change: Change, *people: str) -> None:
    """The hash of what these people once sent could tell a short text: their commands stay known, the hashes go.

    What another sent keeps its hash: their repeat is still held against it. An older version did not write whose a
    command was; those lose it as well.
    """
    if change.get("commands"):
        change.set(
            commands=[_nameless(each) if each.get("by") in (None, *people) else each for each in change["commands"]]
        )


def words(change: Change, text: str, instead: str = KIND) -> str:
    """What somebody writes about a deal, as it is stored: not at all once one of its people is forgotten."""
    return instead if change.get("erased_at") else text


def is_left(doc: Mapping[str, Any], person: str) -> bool:
    """Whether something of this person is left in a document of several people: it was not erased, or when it was, then
    for another of them.
    """
    commands = doc.get("commands", ())
    return "erased_at" not in doc or any(c.get("by") == person and c["fingerprint"] != KIND for c in commands)


def _nameless(command: Mapping[str, Any]) -> dict[str, Any]:
    return {**command, "fingerprint": KIND}
