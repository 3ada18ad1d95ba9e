"""The fields of what is classified, in every service's bodies: a code out of the lists of `shared.codes`; a skill."""

import re
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from shared import codes
from shared.characters import normal_form
from shared.fields.kind import Body, Kind, Violation
from shared.fields.standards import Code
from shared.fields.text import Choice, Text

SKILLS = "ESCO"
_URI = "http://data.europa.eu/esco/skill/"
_ESCO = re.compile(rf"(?:{re.escape(_URI)})?([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})", re.IGNORECASE)
MOST_SKILL = 64
"""Characters of a skill's name, as events carry it."""


class _Classified(Body):
    """A code, written as its list has it. Subclasses say the schemes."""

    scheme: Choice

    code = Code(required=True)

    @validates_schema
    def check_known(self, data: dict[str, Any], **_: Any) -> None:
        scheme, code = data["scheme"], data["code"]
        if codes.find(scheme, code) is None:
            raise ValidationError({"code": [Violation("unknown-code", _expected(scheme, code))]})


class IndustryCode(_Classified):
    """The employer's industry: NACE-2 J62, NAICS-2022 5415. `GET /v1/codes?kind=industry&q=` finds codes."""

    scheme = Choice(*codes.schemes("industry"), required=True)


class OccupationCode(_Classified):
    """The role's occupation: ISCO-08 2512, SOC-2018 15-1252. `GET /v1/codes?kind=occupation&q=` finds codes."""

    scheme = Choice(*codes.schemes("occupation"), required=True)


class Skill(Kind, fields.String):
    """A skill by its public name, or by its ESCO code, with or without the rest of its URI; loads as the name.

    A name has 1..64 characters and no @: it stands in events.
    """

    def __init__(self, **options: Any) -> None:
        self.plain = Text(1, MOST_SKILL)
        expects = f"a skill's name of 1 to {MOST_SKILL} characters without @, or its ESCO code"
        super().__init__(expects, {"minLength": 1, "maxLength": len(_URI) + 36}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> str:
        name: str = self._name(found[1]) if isinstance(value, str) and (found := _ESCO.fullmatch(value)) else value
        plain: str = self.plain.deserialize(name, attr, data)
        if "@" in normal_form(plain):
            raise self.refuse("characters")
        return plain

    def _name(self, code: str) -> str:
        entry = codes.find(SKILLS, code.lower())
        if entry is None:
            raise ValidationError([Violation("unknown-code", _expected(SKILLS, code))])
        name, _ = entry.label("en")
        if len(name) > MOST_SKILL:
            raise ValidationError(
                [Violation("length", f"expected a name: that of this code is longer than {MOST_SKILL}")]
            )
        return name


def _expected(scheme: str, code: str) -> str:
    near = codes.near(scheme, code)
    meant = f"; near it: {', '.join(near)}" if near else ""
    return (
        f"expected a code of {scheme} such as {codes.SOURCES[scheme].example}{meant}; GET /v1/codes finds one by words"
    )
