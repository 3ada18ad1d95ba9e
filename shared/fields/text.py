"""Text: free, by a pattern, one of a list."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from marshmallow import ValidationError, fields

from shared.characters import is_empty, is_nothing, normal_form, stored
from shared.fields.kind import Kind, Raw, Violation

_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Text(Kind, fields.String):
    """Text of `low`..`high` characters: no control characters (`lines` allows line feeds), no blanks around it.

    Neither are lone surrogates, bidirectional controls, which make text look like other text, nor what is no character.
    Loads without other
    characters that can only deceive (`shared.characters`); what is left, and its normal form, are as long, and where
    `low` is not 0 there is something to see.
    """

    def __init__(self, low: int = 1, high: int = 200, *, lines: bool = False, **options: Any) -> None:
        self.low, self.high, self.lines = low, high, lines
        expects = f"text of {low} to {high} characters, no control characters, no blanks around it"
        super().__init__(expects, {"minLength": low, "maxLength": high}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Raw, **_: Any) -> str:
        if type(value) is not str:
            raise self.refuse("type")
        if not self.low <= len(value) <= self.high:
            raise self.refuse("length")
        if not (value.isascii() and value.isprintable()) and any(map(self._is_foreign, value)):
            raise self.refuse("characters")
        kept = stored(value)
        if (
            not self.low <= len(kept)
            or not self.low <= len(normal_form(kept)) <= self.high
            or self.low
            and is_empty(kept)
        ):
            raise self.refuse("length")
        if kept != kept.strip():
            raise self.refuse("blanks")
        return kept

    def _is_foreign(self, character: str) -> bool:
        if character == "\n":
            return not self.lines
        foreign = character in _BIDI or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        return foreign or is_nothing(character)


class Pattern(Kind, fields.String):
    """Text that matches a regular expression whole."""

    def __init__(self, expression: str, expects: str, description: str = "", **options: Any) -> None:
        self.matches = re.compile(expression).fullmatch
        super().__init__(expects, {"pattern": f"^{expression}$"}, description, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Raw, **_: Any) -> str:
        if type(value) is not str:
            raise self.refuse("type")
        if not self.matches(value):
            raise self.refuse("format")
        return value


class Label(Pattern):
    """The short public name of a region or a skill: no control character, no `@`, nothing UTF-8 cannot say."""

    def __init__(self, description: str = "", **options: Any) -> None:
        expects = "1 to 64 characters, no control characters, no @"
        super().__init__(r"[^\u0000-\u001f\u007f@]{1,64}", expects, description, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Raw, **options: Any) -> str:
        label = super()._deserialize(value, attr, data, **options)
        if any("\ud800" <= character <= "\udfff" for character in label):
            raise self.refuse("characters")
        return label


def no_at(value: str) -> None:
    """Validate the name of a region: it is public and stands in events, which refuse an address."""
    if "@" in normal_form(value):
        raise ValidationError([Violation("characters", "expected a name without @")])


class Choice(Kind, fields.String):
    """One of these words."""

    def __init__(self, *words: str, **options: Any) -> None:
        self.choices = words
        enum = [*words, None] if options.get("allow_none") else list(words)
        super().__init__(f"one of {', '.join(words)}", {"enum": enum}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Raw, **_: Any) -> str:
        if type(value) is not str:
            raise self.refuse("type")
        if value not in self.choices:
            raise self.refuse("choice")
        return value


class Word(Pattern):
    """A word of the domain, such as a status or a reason: `known` ones are named, others may come within a version."""

    def __init__(self, description: str = "", *, known: Sequence[str] = (), **options: Any) -> None:
        named = f"known: {', '.join(known)}" if known else ""
        described = "; ".join(filter(None, (description, named)))
        super().__init__("[a-z][a-z0-9_]{0,39}", "a word of a-z, 0-9 and _", described, **options)
