"""Small pages of HTML for people who come by a link: of their own no script and no picture, everything escaped. They
look like the market where its style sheet is: the gateway has it.

An operation that is declared with `page=True` may answer with a `Page` where the client's Accept names text/html, and
then its problems are pages, too. `Markup("<p>{}</p>").format(text)` escapes what it is given.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from shared.http.declare.operation import Call
from shared.http.problems import Problem

CONTENT_TYPE = "text/html; charset=utf-8"
LANGUAGES = ("en", "fr")

_PAGE = Markup(
    '<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width">\n<meta name="robots" content="{robots}">\n'
    '<meta name="color-scheme" content="light dark">\n<title>{title}</title>\n'
    '<link rel="stylesheet" href="/site/style.css">\n{head}</head>\n'
    "<body>\n<main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
)


@dataclass(frozen=True)
class Page:
    """A page with a heading; `body` and what its head has beside the title are markup, whose values were escaped when
    it was made. Search engines are asked to leave it out, unless `found` says that it is for them, too.
    """

    language: str
    title: str
    body: Markup
    head: Markup = Markup()
    found: bool = False

    def text(self) -> str:
        robots = "all" if self.found else "noindex"
        return str(
            _PAGE.format(language=self.language, title=self.title, robots=robots, head=self.head, body=self.body)
        )


def wants_page(accept: str | None) -> bool:
    """Whether a client asks for HTML by name, as browsers do."""
    offered = (part.partition(";")[0].strip().lower() for part in (accept or "")[:1000].split(","))
    return "text/html" in offered


def language(accept_language: str | None) -> str:
    """The one of our languages that Accept-Language likes best, fr-CA being fr; English where there is none."""
    liked = parse_accept_header((accept_language or "")[:1000], LanguageAccept)
    tags = (str(tag).partition("-")[0].lower() for tag, weight in liked if weight > 0)
    return next((tag for tag in tags if tag in LANGUAGES), "en")


def read_texts(code: str, name: str) -> Mapping[str, Mapping[str, str]]:
    """{key: {language: text with {fields}}} of a file beside the code that shows them."""
    texts: Mapping[str, Mapping[str, str]] = json.loads(Path(code).with_name(name).read_text("utf-8"))
    return texts


class Texts:
    """What pages say (`read_texts`)."""

    def __init__(self, code: str, name: str) -> None:
        self._texts = read_texts(code, name)

    def in_language(self, key: str, language: str, **values: str) -> str:
        return self._texts[key][language].format_map(values)

    def to_caller(self, call: Call[Any], key: str, **values: str) -> str:
        return self.in_language(key, language(call.header("Accept-Language")), **values)


def paragraphs(*texts: str) -> Markup:
    """Each text in a paragraph of its own."""
    return Markup("\n").join(Markup("<p>{}</p>").format(text) for text in texts)


def of_problem(problem: Problem, language: str) -> Page:
    """A refusal as a page: its detail, and where it is about the input, of each field what was expected."""
    faults = [f"{fault.pointer.strip('/') or fault.rule}: {fault.message}" for fault in problem.errors]
    is_invalid = problem.slug == "invalid"
    return Page(language, "Good Golem", paragraphs(*(faults if is_invalid else [problem.detail])))
