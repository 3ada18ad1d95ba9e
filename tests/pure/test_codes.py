"""The lists of codes: whole, sound, with their source; and how a code is found by words."""

import gzip
from pathlib import Path

import pytest

from shared import codes
from shared.codes.sources import SOURCES, Source
from shared.folding import fold, words

DATA = Path("shared/codes/data")
EVERY = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)


@EVERY
def test_a_list_is_whole(source: Source) -> None:
    """On each level there are as many codes as its publisher counts."""
    levels = [entry.level for entry in codes.group(source.scheme).values()]

    assert tuple(levels.count(level) for level in range(1, max(levels) + 1)) == source.levels


@EVERY
def test_a_list_is_sound(source: Source) -> None:
    """Each code is there once, has a name in each language, and stands after the group it is in."""
    raw = (DATA / source.file).read_bytes()
    lines = (gzip.decompress(raw) if source.file.endswith(".gz") else raw).decode().splitlines()
    seen: set[str] = set()
    for line in lines:
        code, parent, *labels = line.split("\t")
        assert code not in seen
        assert not parent or parent in seen
        assert len(labels) == len(source.languages)
        assert all(label == " ".join(label.split()) != "" and label.isprintable() for label in labels)
        seen.add(code)

    assert len(lines) == sum(source.levels)
    assert source.example in seen


@EVERY
def test_a_list_says_where_it_is_from(source: Source) -> None:
    said = (source.name, source.publisher, source.version, source.licence, source.attribution, source.way)

    assert all(said)
    assert source.url.startswith("https://")
    assert source.languages[0] == "en"
    assert {name for each in SOURCES.values() for name in (each.file,)} == {path.name for path in DATA.iterdir()}


def test_every_list_and_its_terms_are_documented() -> None:
    page = Path("docs/codes.md").read_text()

    for source in SOURCES.values():
        for said in (source.scheme, source.version, source.licence, source.attribution, source.url):
            assert said in page, (source.scheme, said)


@pytest.mark.parametrize(
    ("scheme", "code", "name", "above"),
    [
        ("NACE-2", "J62", "Computer programming, consultancy and related activities", ("J",)),
        ("NACE-2", "Q86.10", "Hospital activities", ("Q", "Q86", "Q86.1")),
        ("NACE-2.1", "K62.10", "Computer programming activities", ("K", "K62", "K62.1")),
        ("NAICS-2022", "311811", "Retail Bakeries", ("31-33", "311", "3118", "31181")),
        ("NAICS-2022", "722515", "Snack and Nonalcoholic Beverage Bars", ("72", "722", "7225", "72251")),
        ("ISCO-08", "2512", "Software Developers", ("2", "25", "251")),
        ("ISCO-08", "0110", "Commissioned Armed Forces Officers", ("0", "01", "011")),
        ("SOC-2018", "15-1252", "Software Developers", ("15-0000", "15-1200", "15-1250")),
        ("SOC-2018", "29-1221", "Pediatricians, General", ("29-0000", "29-1000", "29-1210")),
        ("SOC-2018", "51-5112", "Printing Press Operators", ("51-0000", "51-5100", "51-5110")),
        ("ESCO", "ccd0a1d9-afda-43d9-b901-96344886e14d", "Python (computer programming)", ()),
    ],
)
def test_what_is_known_of_a_code(scheme: str, code: str, name: str, above: tuple[str, ...]) -> None:
    entry = codes.find(scheme, code)

    assert entry is not None
    assert entry.label("en") == (name, "en")
    assert entry.level == len(above) + 1
    assert codes.ancestors(scheme, code) == above


def test_a_name_is_in_french_where_the_list_has_it() -> None:
    nace, isco = codes.find("NACE-2", "J62.01"), codes.find("ISCO-08", "2512")

    assert nace is not None
    assert isco is not None
    assert nace.label("fr") == ("Programmation informatique", "fr")
    assert isco.label("fr") == ("Software Developers", "en")


@pytest.mark.parametrize(
    ("scheme", "code"), [("NACE-2", "62.01"), ("NACE-2", "j62"), ("NACE-3", "J62"), ("ISCO-08", "")]
)
def test_what_is_not_in_a_list(scheme: str, code: str) -> None:
    assert codes.find(scheme, code) is None
    assert codes.ancestors(scheme, code) == ()


@pytest.mark.parametrize(
    ("scheme", "code", "near"),
    [
        ("NACE-2", "62.01", ("J62.01",)),
        ("NACE-2", "j62", ("J62",)),
        ("ISCO-08", "2515", ("251", "2511", "2512")),
        ("NAICS-2022", "541599", ("5415", "54151", "541511")),
        ("ISCO-08", "zz", ()),
        ("ISCO-08", "", ()),
    ],
)
def test_what_is_near_a_wrong_code(scheme: str, code: str, near: tuple[str, ...]) -> None:
    assert codes.near(scheme, code) == near


@pytest.mark.parametrize(
    ("asked", "kind", "language", "best"),
    [
        ("software dev", "occupation", "en", ["2512", "15-1252"]),
        ("SOFTWARE  Devel", "occupation", "en", ["2512", "15-1252"]),
        ("2512", "occupation", "en", ["2512"]),
        ("j62.01", "industry", "en", ["J62.01"]),
        ("15-1252", "occupation", "en", ["15-1252"]),
        ("nursing prof", "occupation", "en", ["2221"]),
        ("Programmation", "industry", "fr", ["J62.01", "J60"]),
        ("enquetes securite", "industry", "fr", ["N80"]),
        ("project management", "skill", "en", ["7111b95d-0ce3-441a-9d92-4c75d05c4388"]),
        ("developers software", "occupation", "en", ["2512"]),
        ("softwares", "occupation", "en", []),
        ("…", "occupation", "en", []),
        ("", "industry", "en", []),
    ],
)
def test_a_code_is_found_by_words(asked: str, kind: codes.Kind, language: str, best: list[str]) -> None:
    found = codes.search(asked, codes.schemes(kind), language)

    assert [entry.code for entry in found][: len(best) or None] == best


def test_what_is_found_has_all_the_words_and_is_the_same_each_time() -> None:
    every = codes.schemes()
    found = codes.search("manag health", every, limit=100)

    assert len(found) > 5
    for entry in found:
        known = words(entry.label("en")[0])
        assert all(any(word.startswith(start) for word in known) for start in ("manag", "health"))
    assert found == codes.search("manag health", every, limit=100)
    assert codes.search("manag health", every, limit=3) == found[:3]


def test_all_that_has_the_words_is_found() -> None:
    """The same as by reading every name of the list."""
    plain = {
        entry.code
        for entry in codes.group("NAICS-2022").values()
        if all(any(word.startswith(start) for word in words(entry.label("en")[0])) for start in ("food", "manu"))
    }

    assert {entry.code for entry in codes.search("manu food", ("NAICS-2022",), limit=3000)} == plain != set()


def test_words_are_folded() -> None:
    assert fold("Élève ŒUVRE Straße") == "eleve oeuvre strasse"
    assert fold("PLAIN") == "plain"
    assert words("C++, node.js & Café") == ["c++", "node", "js", "cafe"]
