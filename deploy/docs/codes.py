"""docs/codes.md, from the table of sources."""

from shared import codes
from shared.codes.sources import Source

_HEAD = """\
# Codes of industries, occupations and skills

Generated from the code by `python -m deploy.docs`; a test fails when this page is stale. A listing's industry and
occupation, and those of a profile, are codes `{scheme, code}` of the lists below; a code that is in none is refused
with what is near it. A code of any level will do, written as its list has it. A skill is given by its name, or by its
ESCO code, which is stored as ESCO's name for it.

- `GET /v1/codes?q=software` finds codes by words, without a token: each word begins a word of the name, or the code.
  `kind` is `industry`, `occupation` or `skill`; `scheme` one of the below; `lang` is `en` or `fr`.
- `GET /v1/codes/NACE-2/J62.01` says what a code means, which groups it is in, and where its list is from.

The lists are in `shared/codes/data`, each the whole of its classification. Their names are unchanged but for what is
said below.

| scheme | kind | names in | codes on each level |
|---|---|---|---|
"""


def page() -> str:
    rows = "".join(_row(source) for source in codes.SOURCES.values())
    return f"{_HEAD}{rows}\n" + "\n".join(_source(source) for source in codes.SOURCES.values())


def _row(source: Source) -> str:
    levels = " / ".join(f"{count:,}" for count in source.levels)
    return f"| `{source.scheme}` | {source.kind} | {', '.join(source.languages)} | {levels} |\n"


def _source(source: Source) -> str:
    return f"""\
## {source.scheme}

{source.name}, {source.version}. {source.publisher}, <{source.url}>.

- Attribution: {source.attribution}
- Licence: {source.licence}.
- How it came here: {source.way}
"""
