"""One operation of a service: who may call it, what its view gets (`Call`) and gives (`Answer`)."""

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from marshmallow import Schema

from shared.http.declare.etag import IfMatch
from shared.http.declare.principal import NOBODY, Principal
from shared.http.problems import Slug, unauthenticated
from shared.ids import command_id, new_id

Parts = TypeVar("Parts")
_VARIABLE = re.compile(r"\{(\w+)(?::(\w+))?\}")
_CONVERTERS = {None: "uuid", "word": "word", "link": "link"}
_UNSAID = "-"


@dataclass(frozen=True)
class Who:
    """Who may call an operation. `description` is for the documentation; `token`: only with one.

    Without a token everybody asks at the pace of their address. `open`: a token that is given counts, or is refused.
    """

    description: str
    token: bool = True
    roles: frozenset[str] = frozenset()
    open: bool = False


PUBLIC = Who("Everybody, without a token.", token=False)
OPEN = Who("Everybody; with a token as the person it names, who may see more.", token=False, open=True)
ANYONE = Who("Anyone with a valid token.")
DOCUMENT = Who("Anyone with a valid token; the document's own people and its lifecycle decide what they may.")


def roles(*names: str) -> Who:
    """Those who have one of these roles."""
    return Who(f"Only with a role: {', '.join(names)}.", roles=frozenset(names))


@dataclass(frozen=True)
class Answer:
    """What a view answers; the operation's schema for `status` decides what of `body` leaves. `tag`: of its content,
    where the view knows it (`KeptText`).
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    tag: str | None = None


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
    address: str = ""
    """Where it comes from: the client's network address, of IPv6 the network of it. It is never stored."""

    commands: "Mapping[str, Operation[Any]]" = field(default_factory=dict)
    """The service's operations that give a command, by their path and the command: `/v1/offers cancel`."""

    @property
    def principal(self) -> Principal:
        """Who calls; a public operation has nobody. Raises Problem 401 where an open one was called without a token."""
        if self.caller is None and self.operation.who and self.operation.who.open:
            raise unauthenticated("missing", "a bearer token is needed")
        if self.caller is None:
            raise LookupError(f"{self.operation.id} is public: it knows no caller")
        return self.caller

    @property
    def reader(self) -> Principal:
        """Who reads: the caller, or NOBODY."""
        return self.caller or NOBODY

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
    csv: bool
    most_bytes: int | None
    pace: int

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

    @functools.cached_property
    def is_kept(self) -> bool:
        """Whether its answers may be kept, and asked for again by their ETag."""
        return self.method == "GET" and self.who is not None and self.who.open

    @functools.cached_property
    def needs_body(self) -> bool:
        """Whether its body has a member that must be there; where none must, none need be sent."""
        return self.body is not None and any(field.required for field in self.body.fields.values())

    def path_of(self, ids: Mapping[str, str]) -> str:
        """The path with these ids in it."""
        return _VARIABLE.sub(lambda found: ids[found[1]], self.path)

    def path_for_logs(self, ids: Mapping[str, str]) -> str:
        """The same, without the tokens of links: who has one may use it."""
        return self.path_of({name: _UNSAID if self.variables[name] == "link" else ids[name] for name in ids})

    @functools.cached_property
    def template(self) -> str:
        """The path as OpenAPI writes it."""
        return _VARIABLE.sub(r"{\1}", self.path)

    @functools.cached_property
    def variables(self) -> dict[str, str]:
        """{name: "uuid", "word" or "link"} of the path."""
        return {found[1]: _CONVERTERS[found[2]] for found in _VARIABLE.finditer(self.path)}
