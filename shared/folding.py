"""Words without accents and case: Café and CAFE are one word. Pure."""

import re
import unicodedata

from shared.characters import normal_form

_WORD = re.compile(r"[^\W_]+[+#]*")
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d"})


def fold(text: str) -> str:
    """The text's normal form without accents and case."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", normal_form(text).casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_LETTERS)


def words(*texts: str) -> list[str]:
    """The folded words in order, repeats too; `C++` and `C#` keep their marks, `node.js` is two words."""
    return [word for text in texts for word in _WORD.findall(fold(text))]
