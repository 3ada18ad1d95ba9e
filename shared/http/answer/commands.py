"""A person's command on an aggregate: the same repeat, the same If-Match, the same refusals for every service.

Order: authenticate (done), the key (a repeat gets the same status with the document as it is now), If-Match, the
lifecycle. The document keeps `commands`: [{id, fingerprint, status, by}], one a taken command; refusals are not stored.
The fingerprint of someone who was forgotten is gone: their command's repeat is one whatever its body was.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

from shared.aggregate import Change, Document, Lifecycle, Refusal, Store, Trigger, erasure, explain
from shared.events.catalogue import PUBLIC_NAMES, latest
from shared.http.answer.documents import document_response
from shared.http.answer.patience import Patience
from shared.http.declare.operations import DOCUMENT, Answer, Call, Operations, Parts, SchemaLike
from shared.http.declare.principal import Principal
from shared.http.problems import Fault, Problem
from shared.telemetry import traces

Roles = Callable[[Document, Principal], frozenset[str]]
View = Callable[[Document, frozenset[str]], dict[str, Any]]
ERASED = erasure.KIND
"""Stands where a fingerprint was."""
_NOT_YET = 1
_HEARD_OF = frozenset(name for name in PUBLIC_NAMES if latest(name).subject_field is not None)
"""Public events of an aggregate: of what happens inside nobody hears."""
_OF_PARTIES = frozenset({"insider", "seeker", "maker", "other", "opener"})


@dataclass(frozen=True)
class Resource:
    """One kind of aggregate over HTTP.

    `roles` says what a caller is to a document (none: it is not theirs to see, 404), `view` what of it they get,
    `path` where documents of this kind stand (`/v1/offers`), `read_as` the document by which it is explained to
    somebody of these roles (none: as it is). `patience`: a document that is unknown here may just
    not have arrived from another service, so 404 comes with Retry-After for a while.
    """

    store: Store
    lifecycle: Lifecycle
    roles: Roles
    view: View
    path: str
    patience: Patience | None = None
    read_as: Callable[[Document, frozenset[str]], Document] | None = None

    def create(self, call: Call[Any], data: Mapping[str, Any], status: int = 201, at: str | None = None) -> Answer:
        """Make a new aggregate by the operation's command, which its lifecycle takes in state "new"; its id is the
        command's, or `at` where it has a name of its own. What stands there already takes the command as its lifecycle
        says.
        """
        return self._run(call, at or call.command_id, data, status, creates=True, named=at is not None)

    def command(
        self, call: Call[Any], data: Mapping[str, Any] | None = None, status: int = 200, at: str | None = None
    ) -> Answer:
        """Let the aggregate that the path names, or `at`, take the operation's command."""
        return self._run(call, at or call.id, data or {}, status, creates=False)

    def show(self, call: Call[Any], at: str | None = None) -> Answer:
        doc, roles = self.read(call, at)
        return document_response(self.view(doc, roles), version=doc["version"])

    def explain(self, call: Call[Any]) -> Answer:
        """What may happen next, by whom, until when: what the caller or another party may do, each with its request,
        and what happens by itself and others hear of.
        """
        doc, roles = self.read(call)
        doc = self.read_as(doc, roles) if self.read_as else doc
        steps = explain(self.lifecycle, doc, roles, self.store.clock.now())
        shown = [self._shown(call, step) for step in steps if self._concerns(call, step, roles)]
        you_are = sorted(self.lifecycle.in_words(role) for role in roles)
        return Answer({"status": doc["state"], "you_are": you_are, "next": shown})

    def read(self, call: Call[Any], at: str | None = None) -> tuple[Document, frozenset[str]]:
        """The document named by the path, or `at`, and what the caller is to it. Raises Problem 404."""
        return self.visible(self.store.get(at or call.id), call.reader, at or call.id)

    def read_whole(self, call: Call[Any]) -> tuple[Document, frozenset[str]]:
        """The same of the document that the path names, with its events."""
        return self.visible(self.store.whole(call.id), call.principal, call.id)

    def visible(self, doc: Document | None, principal: Principal, document_id: str) -> tuple[Document, frozenset[str]]:
        """What was read under that id, and what the caller is to it. Raises Problem 404."""
        roles = (
            self.roles(doc, principal) if doc and doc["kind"] == self.lifecycle.name and doc["state"] != "new" else None
        )
        if not doc or not roles:
            raise Problem(
                "not-found",
                "There is nothing of that id, or it is not yours to see.",
                retry_after=self._may_come(document_id, principal),
            )
        return doc, roles

    # -- inside

    def _concerns(self, call: Call[Any], step: Mapping[str, Any], roles: frozenset[str]) -> bool:
        """Staff's commands and those that come from outside concern only who may give them."""
        if step["what"] == "command":
            known = f"{self.path} {step['name']}" in call.commands
            return known and bool(roles.intersection(step["by"]) or _OF_PARTIES.intersection(step["by"]))
        return step["what"] == "timer" or step["name"] in _HEARD_OF

    def _shown(self, call: Call[Any], step: Mapping[str, Any]) -> dict[str, Any]:
        if step["what"] != "command":
            return dict(step)
        operation = call.commands[f"{self.path} {step['name']}"]
        path = operation.path_of(dict.fromkeys(operation.variables, call.id))
        request = {"id": operation.id, "method": operation.method, "path": path}
        return {**step, "by": [self.lifecycle.in_words(role) for role in step["by"]], "request": request}

    def _may_come(self, document_id: str, principal: Principal) -> int | None:
        return self.patience.seconds(principal.person_id, document_id) if self.patience else None

    def _run(
        self,
        call: Call[Any],
        document_id: str,
        data: Mapping[str, Any],
        status: int,
        *,
        creates: bool,
        named: bool = False,
    ) -> Answer:
        def decide(changes: dict[str, Change]) -> tuple[Document, frozenset[str], int, bool]:
            change = changes[document_id]
            known = None if change.is_new else change.document()
            if creates and known is None:
                roles = frozenset({"maker"}) | call.principal.roles
            else:
                known, roles = self.visible(known, call.principal, document_id)
                if (before := self._repeat(call, known)) is not None:
                    return known, roles, before, True
                if creates and not named:
                    raise Problem("key-reused", "The key made something else.", errors=[_KEY_FAULT])
                call.if_match.check(known["version"])
            self._fold(call, change, data, roles, status)
            doc = change.document()
            return doc, self.roles(doc, call.principal), status, False

        likely_new = creates and not named
        doc, roles, answered, replayed = self.store.run({document_id: self.lifecycle}, decide, likely_new=likely_new)
        shown = self.view(doc, roles)
        location = f"{self.path}/{shown.get('id', doc['_id'])}" if answered == 201 else None
        return document_response(shown, answered, location, doc["version"], replayed)

    def _repeat(self, call: Call[Any], doc: Document) -> int | None:
        """The status that the same command was answered with, None if it is a new one. Raises Problem 422
        key-reused.
        """
        for taken in doc.get("commands", ()):
            if taken["id"] == call.command_id:
                if taken["fingerprint"] not in (call.fingerprint, ERASED):
                    raise Problem("key-reused", "The same key came with another body before.", errors=[_KEY_FAULT])
                return int(taken["status"])
        return None

    def _fold(
        self, call: Call[Any], change: Change, data: Mapping[str, Any], roles: frozenset[str], status: int
    ) -> None:
        if call.operation.command is None:
            raise LookupError(f"{call.operation.id} does not declare the command that it gives")
        trigger = Trigger(
            name=call.operation.command,
            id=call.command_id,
            kind="command",
            at=change.now,
            data=data,
            by=call.person,
            roles=roles,
            traceparent=traces.traceparent(),
        )
        if change.is_new:
            change.set(created_at=change.now)
        try:
            self.lifecycle.fold(change, trigger)
        except Refusal as refusal:
            raise problem_of_refusal(refusal) from refusal
        taken = {"id": call.command_id, "fingerprint": call.fingerprint, "status": status, "by": call.person}
        change.push("commands", taken)


@dataclass(frozen=True)
class PlainCommands(Generic[Parts]):
    """Declares commands that the aggregate at `path` takes with what was sent, and nothing else."""

    operations: Operations[Parts]
    path: str
    resource_of: Callable[[Parts], Resource]
    answer: SchemaLike

    def __call__(
        self, id: str, summary: str, command: str, body: SchemaLike | None = None, *, at: str = "", status: int = 200
    ) -> None:
        """`at`: where it stands below the path, if not by the command's own name."""

        def give(call: Call[Parts]) -> Answer:
            return self.resource_of(call.parts).command(call, call.body, status)

        answers, path = {status: self.answer}, f"{self.path}/{at or command}"
        self.operations.post(path, id, summary, who=DOCUMENT, body=body, command=command, answers=answers)(give)


_KEY_FAULT = Fault.of_header("Idempotency-Key", "reused", "use a new key for another request")


def problem_of_refusal(refusal: Refusal, words: str | None = None) -> Problem:
    """409 for the state, 409 with Retry-After while an instruction is open, 403 for a role, 422 for a rule. `words`
    instead of the refusal's own.
    """
    detail = words or refusal.detail
    fault = Fault(refusal.pointer or "", refusal.rule, detail)
    match refusal.kind:
        case "forbidden":
            return Problem("forbidden", detail, errors=[fault])
        case "busy":
            return Problem("busy", detail, errors=[fault], retry_after=_NOT_YET)
        case "state":
            return Problem("conflict", detail, errors=[fault])
        case "rule":
            return Problem("refused-by-rule", detail, errors=[fault])
