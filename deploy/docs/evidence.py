"""The part of `docs/evidence.md` that is made from the code: what a reporting system sends, header by header, field by
field. The rest of the page is written by hand.
"""

import re
from pathlib import Path
from typing import Any

from deploy.docs.openapi import SERVICES
from services.matching.employer.greenhouse import HEADER, HIRED, REFERENCE, TAKEN_BACK
from services.matching.offer.rules import EVIDENCE
from shared.http.declare import openapi
from shared.settings import Terms

PAGE = Path(__file__).parents[2] / "docs" / "evidence.md"
_BEGIN, _END = "<!-- Made by python -m deploy.docs: -->\n", "<!-- end -->\n"
_PATHS = (
    "/v1/offers/{id}/claim-hire",
    "/v1/employer-links",
    "/v1/employer-confirmations/{token}",
    "/v1/offers/{id}/application",
    "/v1/webhooks/greenhouse/{employer}",
)


def page() -> str:
    """The page with that part as it should be."""
    written = PAGE.read_text("utf-8")
    before, _, rest = written.partition(_BEGIN)
    return f"{before}{_BEGIN}{_part()}{_END}{rest.partition(_END)[2]}"


def _part() -> str:
    documents = [openapi.document(operations, Terms()) for operations in SERVICES.values()]
    found = {path: (each, methods) for each in documents for path, methods in each["paths"].items()}
    chapters = "".join(_chapter(path, *found[path]) for path in _PATHS)
    return f"""
## Headers and fields

Evidence of a claim is a list of `kind` ({", ".join(f"`{kind}`" for kind in EVIDENCE)}) and `sha256`.
Greenhouse's `action` is {_listed(HIRED)} for a hire,
{_listed(TAKEN_BACK)} for one that is taken back. Its signature is in `{HEADER}`;
`payload.application.id` is a number, or a text of the form `{REFERENCE}`.

{chapters}"""


def _listed(words: tuple[str, ...]) -> str:
    return " or ".join(f"`{word}`" for word in words)


def _chapter(path: str, document: dict[str, Any], methods: dict[str, Any]) -> str:
    (method, operation) = next((name, each) for name, each in methods.items() if name != "get")
    rows = [
        (each["name"], "header", each.get("required", False), each["schema"] | _described(each))
        for each in (_resolved(document, parameter) for parameter in operation["parameters"])
        if each["in"] == "header"
    ]
    body = _resolved(document, operation["requestBody"]["content"]["application/json"]["schema"])
    rows += _fields(document, body, "")
    lines = "".join(
        f"| `{name}` | {where} | {'yes' if must else 'no'} | {_words(schema)} |\n" for name, where, must, schema in rows
    )
    return f"`{method.upper()} {path}`\n\n| name | in | required | what |\n|---|---|---|---|\n{lines}\n"


def _fields(document: dict[str, Any], schema: dict[str, Any], within: str) -> list[tuple[str, str, bool, Any]]:
    rows: list[tuple[str, str, bool, Any]] = []
    for name, given in schema.get("properties", {}).items():
        member = _resolved(document, given)
        rows.append((within + name, "body", name in schema.get("required", ()), member))
        rows += _fields(document, member, f"{within}{name}.")
        if "items" in member:
            rows += _fields(document, _resolved(document, member["items"]), f"{within}{name}[].")
    return rows


def _resolved(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in value:
        return value
    kind, name = value["$ref"].split("/")[2:]
    found: dict[str, Any] = document["components"][kind][name]
    return found


def _described(parameter: dict[str, Any]) -> dict[str, Any]:
    return {"description": parameter["description"]} if "description" in parameter else {}


def _words(schema: dict[str, Any]) -> str:
    kinds = schema.get("type", "")
    said = [" or ".join(kinds) if isinstance(kinds, list) else kinds, schema.get("format", "")]
    said += [f"``{schema['pattern']}``"] if "pattern" in schema else []
    said += [", ".join(f"`{word}`" for word in schema["enum"])] if "enum" in schema else []
    said += [schema.get("description", "")]
    return re.sub(r"\s+", " ", "; ".join(filter(None, said))).replace("|", "\\|")
