"""Every rule's id that the code can answer with, and where: read from its source, so that none is left out."""

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_SOURCES = ("services", "shared")
_WHICH = {
    "Violation": 0, "refuse": 0, "_refuse": 0, "Guard": 0, "keeps": 0, "_of_price": 0, "Breach": 0, "_malformed": 0,
    "Fault": 1, "Refusal": 1, "of_query": 1, "of_header": 1, "BadSignature": 0,
}  # fmt: skip
"""{what is called: the number of the argument that is the rule's id}."""


@dataclass(frozen=True)
class Found:
    """One place that names a rule: its file, and what the client reads there (None where the code makes it)."""

    rule: str
    path: str
    words: str | None


def found() -> list[Found]:
    """In the order of the files."""
    places = []
    for folder in _SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            places += [Found(rule, name, words) for rule, words in _in_code(ast.parse(path.read_text("utf-8")))]
        for path in sorted((ROOT / folder).rglob("rules.json")):
            name = str(path.relative_to(ROOT))
            places += [Found(rule, name, None) for rule in _in_table(json.loads(path.read_text("utf-8")))]
    return places


def _in_code(tree: ast.AST) -> Iterator[tuple[str, str | None]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in _WHICH and len(node.args) > _WHICH[name]:
                yield from _rule_of(node.args[_WHICH[name]], node.args[_WHICH[name] + 1 :])
        elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
            yield from _breach_of_text(node.value.elts)
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == 2:
            yield from _reason_of_token(node.value)


def _rule_of(rule: ast.expr, rest: list[ast.expr]) -> Iterator[tuple[str, str | None]]:
    if isinstance(rule, ast.Constant) and isinstance(rule.value, str):
        texts = (each.value for each in rest if isinstance(each, ast.Constant) and isinstance(each.value, str))
        yield rule.value.replace("_", "-"), next((text for text in texts if " " in text), None)


def _reason_of_token(value: ast.Tuple) -> Iterator[tuple[str, str | None]]:
    """`shared.http.request.tokens` gives the reasons of a token as pairs."""
    rule, words = value.elts
    plain = isinstance(words, ast.Constant | ast.JoinedStr)
    if isinstance(rule, ast.Constant) and isinstance(rule.value, str) and plain:
        said = words.value if isinstance(words, ast.Constant) else "the token …"
        if isinstance(said, str) and said.startswith("the "):
            yield rule.value, said


def _breach_of_text(values: list[ast.expr]) -> Iterator[tuple[str, str | None]]:
    """`services.listing.text_rules` and `shared.contact_details` give (rule, …, words)."""
    texts = [each.value for each in values if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if len(values) in (2, 3) and len(texts) > 1 and texts[0].startswith("no-"):
        yield texts[0], texts[-1]


def _in_table(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("id"), str):
            yield value["id"]
        for member in value.values():
            yield from _in_table(member)
    elif isinstance(value, list):
        for member in value:
            yield from _in_table(member)
