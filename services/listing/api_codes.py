"""The public classifications over HTTP: a code found by words, and what a code means."""

from typing import Any

from shared import codes
from shared.fields import Body, Choice, Integer, Query, Several, Text
from shared.fields import Part as Nested
from shared.http.answer.pages import DEFAULT_LIMIT, MOST_LIMIT
from shared.http.declare.operations import PUBLIC, Answer, Call, Operations
from shared.http.problems import Fault, Problem, invalid

PATH = "/v1/codes"
KINDS = ("industry", "occupation", "skill")
LANGUAGES = ("en", "fr")
_LANG = {"description": "of the names; English where a list has none"}
operations: Operations[Any] = Operations("listing", "Codes")


class Find(Query):
    """All of `q`'s words begin words of the name, or the code; without `kind` and `scheme` in all lists."""

    q = Text(1, 100, required=True, metadata={"description": "words of the name, or a code"})
    kind = Choice(*KINDS)
    scheme = Choice(*codes.schemes())
    lang = Choice(*LANGUAGES, load_default="en", metadata=_LANG)
    limit = Integer(1, MOST_LIMIT, load_default=DEFAULT_LIMIT)


class Spoken(Query):
    lang = Choice(*LANGUAGES, load_default="en", metadata=_LANG)


class NamedCode(Body):
    """A code and its name; `level` counts from 1, the widest groups; `parent` is the group it is in."""

    scheme = Text()
    code = Text()
    kind = Text()
    name = Text()
    lang = Text()
    level = Integer()
    parent = Text(allow_none=True)


class CodesFound(Body):
    """The best first."""

    items = Several(Nested(NamedCode))


class CodeSource(Body):
    """Where the list comes from, and what may be done with it."""

    name = Text()
    publisher = Text()
    version = Text()
    url = Text()
    licence = Text()
    attribution = Text()


class CodeMeaning(NamedCode):
    """`ancestors`: the groups it is in, the widest first."""

    ancestors = Several(Nested(NamedCode))
    source = Nested(CodeSource)


@operations.get(PATH, "findCodes", "Find a code by words", who=PUBLIC, query=Find, answers={200: CodesFound})
def find(call: Call[Any]) -> Answer:
    asked = call.query
    schemes = codes.schemes(asked.get("kind"))
    if "scheme" in asked:
        if asked["scheme"] not in schemes:
            raise invalid([Fault.of_query("scheme", "kind", f"expected one of {', '.join(schemes)}, as of this kind")])
        schemes = (asked["scheme"],)
    found = codes.search(asked["q"], schemes, asked["lang"], asked["limit"])
    return Answer({"items": [_view(entry, asked["lang"]) for entry in found]})


@operations.get(PATH + "/{scheme:word}/{code:word}", "getCode", "What a code means", who=PUBLIC, query=Spoken,
                answers={200: CodeMeaning})  # fmt: skip
def show(call: Call[Any]) -> Answer:
    scheme, code, lang = call.ids["scheme"], call.ids["code"], call.query["lang"]
    entry = codes.find(scheme, code)
    if entry is None:
        raise Problem("not-found", "There is no such code in the lists that are known here.")
    above = [codes.group(scheme)[each] for each in codes.ancestors(scheme, code)]
    source = {name: getattr(codes.SOURCES[scheme], name) for name in CodeSource().fields}
    shown = {"ancestors": [_view(each, lang) for each in above], "source": source}
    return Answer(_view(entry, lang) | shown)


def _view(entry: codes.Entry, lang: str) -> dict[str, Any]:
    name, spoken = entry.label(lang)
    plain = {"scheme": entry.scheme, "code": entry.code, "kind": entry.kind, "level": entry.level}
    return plain | {"name": name, "lang": spoken, "parent": entry.parent or None}
