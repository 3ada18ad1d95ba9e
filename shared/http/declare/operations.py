"""How a service declares what it answers over HTTP: one decorator a view, from which routes, checks and OpenAPI come.

    operations: Operations[Parts] = Operations("listing", "Listings")

    @operations.post("/v1/listings", "createListing", "Create a listing", who=ANYONE, body=New, answers={201: Listing})
    def create(call: Call[Parts]) -> Answer: ...

A view gets a `Call`, all of it checked, and gives an `Answer`; it holds no rule.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Generic, Required, TypedDict, TypeVar, Unpack

from marshmallow import Schema

from shared.http.declare.operation import (
    ANYONE,
    DOCUMENT,
    OPEN,
    PUBLIC,
    Answer,
    Call,
    Operation,
    Page,
    Parts,
    View,
    Who,
    roles,
)
from shared.http.problems import Slug

__all__ = (
    "ANYONE", "DOCUMENT", "OPEN", "PUBLIC", "Answer", "Call", "Operation", "Operations", "Page", "Parts",
    "Undeclared", "UnknownCommand", "Who", "roles",
)  # fmt: skip

Slice = TypeVar("Slice")
SchemaLike = Schema | type[Schema]
Declare = Callable[[View[Parts]], View[Parts]]
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


class Undeclared(Exception):
    """An operation without a rule who may call it: refused when the app is made."""


class UnknownCommand(Exception):
    """An operation gives a command that its documents' lifecycle has not: refused when the app is made."""


class Options(TypedDict, total=False):
    """What a declaration may say; `add` explains."""

    who: Who
    body: SchemaLike | None
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
    csv: bool
    most_bytes: int
    pace: int


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
        `csv`: it may answer with a `Table` (`shared.http.answer.csv_table`) where the client asks for CSV.
        `most_bytes`: its body may be larger than others', up to this. `pace`: without a token an address may ask so
        many times as fast as for others, where systems ask and not people; 0: as fast as it likes.
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
                options.get("signed", False), options.get("csv", False), options.get("most_bytes"),
                options.get("pace", 1),
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
