"""People's addresses on the simulated day: given, proved by their code or not, changed and forgotten."""

from typing import Any

from services.notify.addresses import CODE_MAILS, TooSoon, code_of, put, remove, verify
from services.notify.lifecycle import NOTIFICATION
from services.notify.store import CONTACT, WORK_MAIL
from shared.aggregate import Change
from tests.simulator.services import KEY
from tests.simulator.world import World

_LIFECYCLE = {each.name: each for each in CODE_MAILS}
_MOVES = ("put", "put", "say", "say", "say", "say wrong", "remove")


def move(world: World, person: str) -> None:
    """One person does something about one of their addresses, at notify's web process."""
    kind, what = world.chance.choice((CONTACT, WORK_MAIL)), world.chance.choice(_MOVES)
    document_id = f"{kind}:{person}"
    email = f"{world.chance.choice('abc')}{person}@acme.example"
    store = world.webs["notify"].store

    def decide(changes: dict[str, Change]) -> str:
        change = changes[document_id]
        code = code_of(KEY, document_id, (change.get("code") or {}).get("nonce", ""))
        match what:
            case "put":
                put(change, person, email, NOTIFICATION.terms)
            case "remove" if not change.is_new:
                remove(change)
            case "say":
                return str(verify(change, KEY, code, NOTIFICATION.terms))
            case "say wrong":
                return str(verify(change, KEY, f"{(int(code) + 1) % 10**6:06d}", NOTIFICATION.terms))
        return "done"

    def ask() -> Any:
        try:
            return store.run({document_id: _LIFECYCLE[kind]}, decide)
        except TooSoon:
            return "too soon"

    answer = world.run(world.webs["notify"], f"request {what} {document_id}", ask)
    world.say(f"{what} {document_id[:14]}: {answer or 'no answer'}")
