"""The page's words beside those of mails, pages and histories: one kind of help has one name in a language."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.money import CURRENCIES
from shared.wording import amount
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


@pytest.mark.parametrize("language", ["en", "fr"])
def test_amounts_are_the_same_on_the_page_and_where_a_service_writes_them(
    visitor: Callable[..., Visitor], language: str
) -> None:
    """Each currency has the same figures, whoever writes it; and what is typed as it is shown is that amount.

    Where a reader's locale has a sign for a currency, the market's page shows it in place of the code.
    """
    at = visitor()
    at.go("/")
    at.is_drawn()
    shown = at.page.evaluate(
        """async ([language, currencies]) => {
          (await import('/site/app/words.js')).choose(language);
          const {money, decimal, minor} = await import('/site/app/format.js');
          return currencies.map((currency) => {
            const value = {amount: 123456789, currency};
            return [money(value), minor(decimal(value), currency)];
          });
        }""",
        [language, sorted(CURRENCIES)],
    )

    for currency, (text, again) in zip(sorted(CURRENCIES), shown, strict=True):
        written = amount(123_456_789, currency, language)
        assert _figures(text) == _figures(written), currency
        assert again == 123_456_789


def _figures(text: str) -> str:
    """The digits with what parts them, whatever kind of blank that is."""
    (found,) = re.findall(r"\d(?:.*\d)?", text)
    return re.sub(r"\s", " ", found)
