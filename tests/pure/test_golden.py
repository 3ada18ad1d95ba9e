"""The golden texts are what the code says, every template is among them, and each value shows where it stands."""

import html
import re

import pytest

from services.notify.templates import BY_LANGUAGE, LANGUAGES
from tests.golden.mails import FOLDER, VALUES, golden, mails

ANEW = "a text has changed: read it in both languages; if it is right, write it anew with: python -m tests.golden"


@pytest.mark.parametrize("name", [f"mails.{language}.txt" for language in LANGUAGES])
def test_the_texts_are_those_that_were_read(name: str) -> None:
    assert golden()[name] == (FOLDER / name).read_text("utf-8"), ANEW


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_among_them(language: str) -> None:
    """Each template's subject, and the beginning and the end of its text between its fields."""
    whole = re.sub(r"\s+", " ", golden()[f"mails.{language}.txt"])

    for key, template in BY_LANGUAGE[language].items():
        for part in re.split(r"\{\w+\}", template["subject"] + "\0" + template["text"]):
            for fixed in part.split("\0"):
                assert re.sub(r"\s+", " ", fixed) in whole, key


def test_both_languages_tell_of_the_same_in_the_same_order() -> None:
    told = [[about for about, _ in mails(language)] for language in LANGUAGES]

    assert len(told[0]) > 50
    assert told[0] == told[1]


def test_no_two_values_are_alike() -> None:
    amounts = [value for value in VALUES.values() if isinstance(value, int)]

    assert len(set(amounts)) == len(amounts) >= 9


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_says_what_the_plain_text_says(language: str) -> None:
    for about, mail in mails(language):
        plain, rich = (mail.get_body((kind,)) for kind in ("plain", "html"))
        assert plain and rich, about
        shown = _words(re.sub(r"<style.*?</style>|<[^>]+>", " ", rich.get_content(), flags=re.DOTALL))
        text = plain.get_content().partition("\n-- \n")[0]
        for paragraph in re.sub(r"https?://\S+", "", text).split("\n\n"):
            assert _words(paragraph).rstrip(": ") in shown, about


def _words(text: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(text)).strip()
