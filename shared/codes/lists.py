"""The lists in memory: what a code is called, and where it stands in its classification.

A file of `data` has a line a code: code, the code of the group it belongs to, its name in English, its name in French;
what is empty at the end is left out. A group stands before its members.
"""

import bisect
import functools
import gzip
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources

from shared.codes.sources import SOURCES, Kind, Source

_MOST_NEAR = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One code. `labels` are its names in the source's languages; `level` counts from 1, the widest groups."""

    scheme: str
    code: str
    parent: str
    labels: tuple[str, ...]
    level: int

    @property
    def kind(self) -> Kind:
        return SOURCES[self.scheme].kind

    def label(self, language: str) -> tuple[str, str]:
        """Its name and the name's language: the one asked for, or English where the source has none in that."""
        languages = SOURCES[self.scheme].languages
        at = languages.index(language) if language in languages else 0
        return self.labels[at], languages[at]


def schemes(kind: Kind | None = None) -> tuple[str, ...]:
    """The schemes of one kind, or of all."""
    return tuple(name for name, source in SOURCES.items() if kind in (None, source.kind))


def group(scheme: str) -> Mapping[str, Entry]:
    """{code: entry} of one scheme, in the order of its list; KeyError for an unknown one."""
    return _read(scheme)


def find(scheme: str, code: str) -> Entry | None:
    """The entry of a code written as in its list; None where there is none."""
    return _read(scheme).get(code) if scheme in SOURCES else None


def ancestors(scheme: str, code: str) -> tuple[str, ...]:
    """The groups that a code belongs to, the widest first: `NACE-2 J62.01` is in J, J62 and J62.0.

    None for a code that is not in the list.
    """
    found: list[str] = []
    entry = find(scheme, code)
    while entry is not None and entry.parent:
        found.append(entry.parent)
        entry = find(scheme, entry.parent)
    return tuple(reversed(found))


def named(scheme: str, name: str) -> Entry | None:
    """The entry whose English name this is; case and blanks around it do not matter. None where there is none."""
    return _by_name(scheme).get(name.strip().casefold())


def coded(scheme: str, names: Iterable[str]) -> list[str]:
    """The codes of those of the names that are names of the scheme, as `named` has it."""
    return [entry.code for name in names if (entry := named(scheme, name)) is not None]


def near(scheme: str, code: str) -> tuple[str, ...]:
    """Up to three codes that somebody may have meant who wrote `code`: those that begin as it does, or end with it."""
    known = _in_order(scheme)
    wanted = code.upper()
    if ends := [each for each in known if len(wanted) > 1 and each.endswith(wanted)]:
        return tuple(ends[:_MOST_NEAR])
    for length in range(len(wanted), 1, -1):
        start = bisect.bisect_left(known, wanted[:length])
        if begins := [each for each in known[start : start + _MOST_NEAR] if each.startswith(wanted[:length])]:
            return tuple(begins)
    return ()


@functools.cache
def _read(scheme: str) -> Mapping[str, Entry]:
    found: dict[str, Entry] = {}
    for code, parent, labels in _lines(SOURCES[scheme]):
        found[code] = Entry(scheme, code, parent, labels, found[parent].level + 1 if parent else 1)
    return found


@functools.cache
def _by_name(scheme: str) -> Mapping[str, Entry]:
    return {entry.labels[0].casefold(): entry for entry in _read(scheme).values()}


@functools.cache
def _in_order(scheme: str) -> tuple[str, ...]:
    return tuple(sorted(_read(scheme)))


def _lines(source: Source) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    raw = resources.files("shared.codes").joinpath("data", source.file).read_bytes()
    text = (gzip.decompress(raw) if source.file.endswith(".gz") else raw).decode()
    for line in text.splitlines():
        code, parent, *labels = line.split("\t")
        yield code, parent, tuple(labels)
