"""The queries and bodies of the public classifications."""

from shared import codes
from shared.fields import Body, Choice, Integer, Query, Several, Text
from shared.fields import Part as Nested
from shared.http.answer.pages import DEFAULT_LIMIT, MOST_LIMIT

KINDS = ("industry", "occupation", "skill")
LANGUAGES = ("en", "fr")
_LANG = {"description": "of the names; English where a list has none"}


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
