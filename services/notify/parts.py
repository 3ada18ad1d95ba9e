"""What the views of notify work with."""

from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from services.notify.texts import DEFAULT_LANGUAGE, LANGUAGES
from shared.aggregate import Store
from shared.http.operations import Call
from shared.settings import Terms


@dataclass(frozen=True)
class Parts:
    """Made once a process, in `main.build`. `key` is what codes and marks are made with."""

    store: Store
    key: bytes
    terms: Terms


def preferred(call: Call[Any]) -> str:
    """The first of ours in the request's Accept-Language (fr-CA is fr); English where there is none."""
    accepted = parse_accept_header(call.header("Accept-Language"), LanguageAccept)
    for tag, quality in accepted:
        language = str(tag).partition("-")[0].lower()
        if quality > 0 and language in LANGUAGES:
            return language
    return DEFAULT_LANGUAGE
