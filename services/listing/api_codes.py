"""The public classifications over HTTP: a code found by words, and what a code means."""

from typing import Any

from services.listing.schemas_codes import CodeMeaning, CodesFound, CodeSource, Find, Spoken
from services.listing.views import code_view
from shared import codes
from shared.http.declare.operations import OPEN, Answer, Call, Operations
from shared.http.problems import Fault, Problem, invalid

PATH = "/v1/codes"
operations: Operations[Any] = Operations("listing", "Codes")


@operations.get(
    PATH, "findCodes", "Search the public classifications", who=OPEN, query=Find, answers={200: CodesFound},
)  # fmt: skip
def find(call: Call[Any]) -> Answer:
    asked = call.query
    schemes = codes.schemes(asked.get("kind"))
    if "scheme" in asked:
        if asked["scheme"] not in schemes:
            raise invalid([Fault.of_query("scheme", "kind", f"expected one of {', '.join(schemes)}, as of this kind")])
        schemes = (asked["scheme"],)
    found = codes.search(asked["q"], schemes, asked["lang"], asked["limit"])
    return Answer({"items": [code_view(entry, asked["lang"]) for entry in found]})


@operations.get(PATH + "/{scheme:word}/{code:word}", "getCode", "Look up a code", who=OPEN, query=Spoken,
                answers={200: CodeMeaning})  # fmt: skip
def show(call: Call[Any]) -> Answer:
    scheme, code, lang = call.ids["scheme"], call.ids["code"], call.query["lang"]
    entry = codes.find(scheme, code)
    if entry is None:
        raise Problem("not-found", "There is no such code in the lists that are known here.")
    above = [codes.group(scheme)[each] for each in codes.ancestors(scheme, code)]
    source = {name: getattr(codes.SOURCES[scheme], name) for name in CodeSource().fields}
    shown = {"ancestors": [code_view(each, lang) for each in above], "source": source}
    return Answer(code_view(entry, lang) | shown)
