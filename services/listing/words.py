"""Words as the search and the rules see them: no accents, lower case; Café and CAFE are one word. Pure."""

import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+[+#]*")


def fold(text: str) -> str:
    """The text without accents and case; NFKD, so that wide and ligature forms are the plain letters."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words(*texts: str) -> list[str]:
    """The folded words in order, repeats too; `C++` and `C#` keep their marks, `node.js` is two words."""
    return [word for text in texts for word in _WORD.findall(fold(text))]


def distinct(found: Iterable[str]) -> list[str]:
    """Each word once, sorted."""
    return sorted(set(found))
