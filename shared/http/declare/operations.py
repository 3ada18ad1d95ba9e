"""How a service declares what it answers over HTTP: one decorator a view, from which routes, checks and OpenAPI come.

    operations: Operations[Parts] = Operations("listing", "Listings")

    @operations.post("/v1/listings", "createListing", "Create a listing", who=ANYONE, body=New, answers={201: Listing})
    def create(call: Call[Parts]) -> Answer: ...

A view gets a `Call`, all of it checked, and gives an `Answer`; it holds no rule.
"""

import functools
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Required, TypedDict, TypeVar, Unpack

from marshmallow import Schema

from shared.http.declare.etag import IfMatch
from shared.http.declare.principal import Principal
from shared.http.problems import Slug
from shared.ids import command_id, new_id

Parts = TypeVar("Parts")
Slice = TypeVar("Slice")
SchemaLike = Schema | type[Schema]
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
_VARIABLE = re.compile(r"\{(\w+)(?::(\w+))?\}")
_CONVERTERS = {None: "uuid", "word": "word", "link": "link"}
_UNSAID = "-"


class Undeclared(Exception):
    """An operation without a rule who may call it: refused when the app is made."""


class UnknownCommand(Exception):
    """An operation gives a command that its documents' lifecycle has not: refused when the app is made."""


@dataclass(frozen=True)
class Who:
    """Who may call an operation. `description` is for the documentation."""

    description: str
    token: bool = True
    roles: frozenset[str] = frozenset()


PUBLIC = Who("Everybody, without a token.", token=False)
ANYONE = Who("Anyone with a valid token.")
DOCUMENT = Who("Anyone with a valid token; the document's own people and its lifecycle decide what they may.")


def roles(*names: str) -> Who:
    """Those who have one of these roles."""
    return Who(f"Only with a role: {', '.join(names)}.", roles=frozenset(names))


@dataclass(frozen=True)
class Answer:
    """What a view answers; the operation's schema for `status` decides what of `body` leaves."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """How many items are asked for, and after which one (its sort values; input like any other)."""

    limit: int
    after: list[Any] | None


@dataclass(frozen=True)
class Call(Generic[Parts]):
    """One request, checked and parsed, with the parts the service was made of."""

    parts: Parts
    operation: "Operation[Any]"
    path: str
    caller: Principal | None
    ids: Mapping[str, str]
    body: dict[str, Any]
    query: dict[str, Any]
    parameters: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    raw: bytes
    key: str | None
    if_match: IfMatch
    fingerprint: str
    commands: "Mapping[str, Operation[Any]]" = field(default_factory=dict)
    """The service's operations that give a command, by their path and the command: `/v1/offers cancel`."""

    @property
    def principal(self) -> Principal:
        """Who calls; a public operation has nobody."""
        if self.caller is None:
            raise LookupError(f"{self.operation.id} is public: it knows no caller")
        return self.caller

    @property
    def person(self) -> str:
        """The caller's person_id."""
        return self.principal.person_id

    @property
    def id(self) -> str:
        """The id in the path, where there is one."""
        (value,) = self.ids.values()
        return value

    @property
    def page(self) -> Page:
        """Of a list's query (`pages.PageQuery`)."""
        return Page(self.query["limit"], self.query.get("cursor"))

    @functools.cached_property
    def command_id(self) -> str:
        """The id of this command and of what it creates: the same for the same key, without one new for each call."""
        if self.key is None:
            return new_id()
        return command_id(self.caller.person_id if self.caller else "", self.operation.method, self.path, self.key)

    def header(self, name: str) -> str | None:
        """A header of the request; names are written as in `X-Golem-Signature`, case does not matter."""
        return self.headers.get(name.title())


View = Callable[[Call[Parts]], Answer]
Declare = Callable[[View[Parts]], View[Parts]]


@dataclass(frozen=True)
class Operation(Generic[Parts]):
    """One method on one path."""

    method: str
    path: str
    id: str
    summary: str
    view: View[Parts]
    who: Who | None
    body: Schema | None
    query: Schema | None
    answers: Mapping[int, Schema | None]
    key: bool
    match: bool
    form: bool
    page: bool
    media: str
    command: str | None
    refuses: tuple[Slug, ...]
    headers: Schema | None
    any_body: bool
    signed: bool

    def of_slice(self, slice_of: Callable[[Any], Parts]) -> "Operation[Any]":
        """The same for a service of several subjects; the view works with what `slice_of` takes of its parts."""
        view = functools.wraps(self.view)(lambda call: self.view(replace(call, parts=slice_of(call.parts))))
        return replace(self, view=view)

    @property
    def rule(self) -> str:
        """The path as Flask's router takes it: `{id}` is a UUID, `{scheme:word}` a word, `{token:link}` a mailed link's
        token.
        """
        return _VARIABLE.sub(lambda found: f"<{_CONVERTERS[found[2]]}:{found[1]}>", self.path)

    @property
    def needs_body(self) -> bool:
        """Whether its body has a member that must be there; where none must, none need be sent."""
        return self.body is not None and any(field.required for field in self.body.fields.values())

    def path_of(self, ids: Mapping[str, str]) -> str:
        """The path with these ids in it."""
        return _VARIABLE.sub(lambda found: ids[found[1]], self.path)

    def path_for_logs(self, ids: Mapping[str, str]) -> str:
        """The same, without the tokens of links: who has one may use it."""
        return self.path_of({name: _UNSAID if self.variables[name] == "link" else ids[name] for name in ids})

    @property
    def template(self) -> str:
        """The path as OpenAPI writes it."""
        return _VARIABLE.sub(r"{\1}", self.path)

    @property
    def variables(self) -> dict[str, str]:
        """{name: "uuid", "word" or "link"} of the path."""
        return {found[1]: _CONVERTERS[found[2]] for found in _VARIABLE.finditer(self.path)}


class Options(TypedDict, total=False):
    """What a declaration may say; `add` explains."""

    who: Who
    body: SchemaLike
    query: SchemaLike
    answers: Required[Mapping[int, SchemaLike | None]]
    key: bool
    match: bool
    form: bool
    page: bool
    media: str
    command: str
    refuses: tuple[Slug, ...]
    headers: SchemaLike
    any_body: bool
    signed: bool


class Operations(Generic[Parts]):
    """A service's operations, in the order they are declared. `commands` are those of the lifecycle of the documents
    that they are about.
    """

    def __init__(self, service: str, title: str, commands: Collection[str] = ()) -> None:
        self.service, self.title, self.commands = service, title, commands
        self.all: list[Operation[Parts]] = []
        self._unknown: list[str] = []

    def include(self, *parts: "Operations[Parts]") -> None:
        """Take what other files of the service declare, in their order."""
        for part in parts:
            self.all.extend(part.all)
            self._unknown.extend(part._unknown)

    def include_slice(self, slice_of: Callable[[Parts], Slice], *subjects: "Operations[Slice]") -> None:
        """Take what a subject of the service declares; its views know their own slice of the parts alone."""
        for subject in subjects:
            self.all.extend(operation.of_slice(slice_of) for operation in subject.all)
            self._unknown.extend(subject._unknown)

    def check(self) -> None:
        """Raises Undeclared for operations without a rule, UnknownCommand for a command that no document takes,
        ValueError for two operations with one id.
        """
        open_to_all = [operation.id for operation in self.all if operation.who is None]
        if open_to_all:
            raise Undeclared(f"{self.service}: no rule says who may call {', '.join(open_to_all)}")
        if self._unknown:
            raise UnknownCommand(f"{self.service}: no such command: {', '.join(self._unknown)}")
        ids = [operation.id for operation in self.all]
        if len(set(ids)) != len(ids):
            raise ValueError(f"{self.service}: two operations have one id")

    def add(
        self,
        method: str,
        path: str,
        operation_id: str,
        summary: str,
        **options: Unpack[Options],
    ) -> Declare[Parts]:
        """Declare the decorated view.

        `who` may call it; without it the app is not made. `answers` is {status: schema, or None where the body leaves
        as it is}. `key`: takes an Idempotency-Key (by default each POST with a token). `match`: takes If-Match (by
        default all but GET that have an id in their path). `form`: the body may also come from an HTML form. `page`: it
        may answer with a page (`shared.http.answer.html`) where the client asks for HTML, for a link in a mail leads
        there; unknown query parameters are passed over. `any_body`: whatever is sent is taken, and not read; `body`
        says what is usual. `media`: the media type of its JSON. `command`: what the view has a document do
        (`Resource.command`), by its name in the lifecycle. `refuses`: problems that it may answer with and that do not
        follow from the rest. `headers`: those that its view reads by itself.
        `signed`: the view reads the body from the bytes, once it has checked their signature; `body` only documents it.
        """
        who = options.get("who")
        key = options.get("key", method == "POST" and who is not PUBLIC)
        match = options.get("match", method != "GET" and "{" in path)
        body, query = _instance(options.get("body")), _instance(options.get("query"))
        answers = {status: _instance(schema) for status, schema in options["answers"].items()}

        def declare(view: View[Parts]) -> View[Parts]:
            form, page, media = options.get("form", False), options.get("page", False), options.get("media", JSON)
            command = options.get("command")
            operation = Operation(
                method, path, operation_id, summary, view, who, body, query, answers, key, match, form, page, media,
                command, options.get("refuses", ()), _instance(options.get("headers")), options.get("any_body", False),
                options.get("signed", False),
            )  # fmt: skip
            if command is not None and command not in self.commands:
                self._unknown.append(f"{command} ({operation_id})")
            self.all.append(operation)
            return view

        return declare

    def get(self, path: str, operation_id: str, summary: str, **options: Unpack[Options]) -> Declare[Parts]:
        return self.add("GET", path, operation_id, summary, **options)

    def post(self, path: str, operation_id: str, summary: str, **options: Unpack[Options]) -> Declare[Parts]:
        return self.add("POST", path, operation_id, summary, **options)

    def put(self, path: str, operation_id: str, summary: str, **options: Unpack[Options]) -> Declare[Parts]:
        return self.add("PUT", path, operation_id, summary, **options)

    def patch(self, path: str, operation_id: str, summary: str, **options: Unpack[Options]) -> Declare[Parts]:
        return self.add("PATCH", path, operation_id, summary, **options)

    def delete(self, path: str, operation_id: str, summary: str, **options: Unpack[Options]) -> Declare[Parts]:
        return self.add("DELETE", path, operation_id, summary, **options)


def _instance(schema: SchemaLike | None) -> Schema | None:
    return schema() if isinstance(schema, type) else schema
