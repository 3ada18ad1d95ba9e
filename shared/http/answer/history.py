"""The history of a deal over HTTP: what happened, who did it and when, in words, oldest first, in pages.

Each item is read from the document's own events and steps (`shared.aggregate.history`); a service brings the phrases,
one file a language, and says what the caller may read. Nothing here is stored.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shared import fields
from shared.aggregate.history import ACTORS, Happened
from shared.fields import Body
from shared.http.answer.html import LANGUAGES
from shared.http.answer.pages import foreign_cursor, page_response
from shared.http.declare.operations import Answer, Call

Phrases = Mapping[str, Mapping[str, str]]
"""{language: {key: text with {fields}}}"""


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


def read_phrases(folder: Path) -> Phrases:
    """Those of `history.<language>.json` beside a service's code."""
    return {each: json.loads((folder / f"history.{each}.json").read_text("utf-8")) for each in LANGUAGES}


def phrase(phrases: Phrases, language: str, code: str) -> str:
    """The phrase for a code; one without is read as it is."""
    return phrases[language].get(code, code.replace("_", " "))


def item(each: Happened, by: str, words: str, text: str | None) -> dict[str, Any]:
    shown = {"at": each.at, "what": each.what.removeprefix("timer:"), "by": by, "status": each.status, "words": words}
    return shown | ({"text": text} if text else {})


def history_page(call: Call[Any], items: Sequence[Mapping[str, Any]], complete: bool) -> Answer:
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
