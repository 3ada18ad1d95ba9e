"""Paragraphs of docstrings, comments and pages are filled: a line of one or two words only ends one."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = [path for top in ("services", "shared", "deploy", "tests", "bench") for path in (ROOT / top).rglob("*.py")]
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
_NO_PROSE = re.compile(r"\s{4}|\s*([-*|#<>]|\d+\.)\s?|```")
"""Indented by four or more (an example, a table), a list's item, a heading, a table's row, a fence."""


def _docstrings(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (docstring := ast.get_docstring(node)):
            yield docstring
    comments: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and token.line.lstrip().startswith("#"):
            comments[token.start[0]] = token.string.lstrip("#: ")
    yield "\n".join(comments.get(number, "") for number in range(1, max(comments, default=0) + 1))


def broken(text: str) -> list[str]:
    """Lines of one or two words with more of their paragraph behind them."""
    prose = [re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)]
    lines = [line if not _NO_PROSE.match(line) else "" for line in "\n".join(prose).splitlines()]
    return [f"{a} / {b}" for a, b in pairwise(lines) if a.strip() and b.strip() and len(a.split()) <= 2]


def test_a_line_of_one_or_two_words_ends_its_paragraph() -> None:
    found = {path: [b for text in _docstrings(path.read_text("utf-8")) for b in broken(text)] for path in CODE}
    found |= {path: broken(path.read_text("utf-8")) for path in PAGES}

    assert {str(path.relative_to(ROOT)): lines for path, lines in found.items() if lines} == {}


def test_a_paragraph_broken_by_wrapping_it_twice_is_found() -> None:
    assert broken("It is free when\nits beat\nhas not changed.\n\nA last\n") == ["its beat / has not changed."]
