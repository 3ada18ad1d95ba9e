"""The history of a deal over HTTP: what happened, who did it and when, in words, oldest first, in pages.

Each item is read from the document's own events and steps (`shared.aggregate.history`); a service brings the phrases,
`history.json`, and says what the caller may read. Nothing here is stored.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared import fields
from shared.aggregate import Document
from shared.aggregate.history import ACTORS, Happened, is_whole
from shared.fields import Body
from shared.http.answer.commands import Resource
from shared.http.answer.html import language
from shared.http.answer.pages import PageQuery, foreign_cursor, page_response
from shared.http.declare.operations import DOCUMENT, Answer, Call, Operations, Parts

Phrases = Mapping[str, Mapping[str, str]]
"""`html.read_texts` of it."""


class HistoryItem(Body):
    """`what`: an event's type, or the step that no event tells of. `by` a role, never a person. `status` after it.
    `words` in English or French, by Accept-Language. `text`: what the one who did it wrote, for those who may read it.
    """

    at = fields.Instant()
    what = fields.Text()
    by = fields.Choice(*ACTORS)
    status = fields.Code()
    words = fields.Text()
    text = fields.Text(optional=True)


class History(Body):
    """Oldest first. `complete`: false where an older version of the service made the document; it wrote its events
    alone, and steps without one are missing.
    """

    complete = fields.Flag()
    items = fields.Several(fields.Part(HistoryItem))
    next = fields.Text(1, 1024, allow_none=True)


def declare_history(
    operations: Operations[Parts],
    path: str,
    id: str,
    summary: str,
    resource_of: Callable[[Parts], Resource],
    history: Callable[[Document, frozenset[str], str], Sequence[Mapping[str, Any]]],
) -> None:
    """`history` gives the items, oldest first, of a document that was read with its events, for who has these roles and
    in a language.
    """

    def show(call: Call[Parts]) -> Answer:
        doc, of = resource_of(call.parts).read_whole(call)
        return _page(call, history(doc, of, language(call.header("Accept-Language"))), is_whole(doc))

    operations.get(path, id, summary, who=DOCUMENT, query=PageQuery, answers={200: History})(show)


def phrase(phrases: Phrases, language: str, code: str) -> str:
    """The phrase for a code; one without is read as it is."""
    return phrases[code][language] if code in phrases else code.replace("_", " ")


def words(
    phrases: Phrases, language: str, each: Happened, by: str, values: Mapping[str, str], variants: Sequence[str]
) -> str:
    """What happened, with {who}, {because} and these values. `variants`: fields of its data that may make it another
    phrase, as in `offer.begun.system`.
    """
    data = each.data
    named = (f"{each.what}.{data[name]}" for name in variants if data.get(name))
    key = next((variant for variant in named if variant in phrases), each.what)
    because = f" ({phrase(phrases, language, data['reason'])})" if data.get("reason") else ""
    who = phrase(phrases, language, f"who.{by}")
    return phrases[key][language].format_map({"who": who, "because": because, **values})


def item(each: Happened, by: str, words: str, text: str | None) -> dict[str, Any]:
    shown = {"at": each.at, "what": each.what.removeprefix("timer:"), "by": by, "status": each.status, "words": words}
    return shown | ({"text": text} if text else {})


def _page(call: Call[Any], items: Sequence[Mapping[str, Any]], complete: bool) -> Answer:
    """A page of what the caller may see of it. The cursor counts items: a history only grows. Raises Problem 422 for
    the cursor of another list.
    """
    first = _first(call)
    shown = items[first : first + call.page.limit]
    end = first + len(shown)
    answer = page_response(call, shown, [end] if end < len(items) else None)
    return Answer({"complete": complete, **answer.body}, headers=answer.headers)


def _first(call: Call[Any]) -> int:
    match call.page.after:
        case None:
            return 0
        case [int(number)] if type(number) is int and number > 0:
            return number
        case _:
            raise foreign_cursor()
