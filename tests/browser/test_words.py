"""The page's words beside those of mails, pages and histories: one kind of help has one name in a language."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
KINDS = ("good_word", "reference", "coaching")
MAILS = json.loads(Path("services/notify/phrases.json").read_text("utf-8"))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_help_is_called_the_same_on_the_page_and_in_mails(visitor: Callable[..., Visitor], language: str) -> None:
    """So that nobody pays for a letter and is mailed about a word."""
    at = visitor()
    at.go("/")
    words = at.page.evaluate(f"import('/site/app/words/{language}.js').then((each) => each.default)")

    for kind in KINDS:
        assert MAILS[kind][language].startswith(words[f"help.{kind}"].lower()), kind
