"""The market's page as files: its words in each language, what is vendored, and what its policy would stop."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from deploy.gateway import SITE
from services.escrow.lifecycle import ESCROW
from services.matching.offer.lifecycle import OFFER
from shared.money import MINOR_DIGITS

APP, LIB = SITE / "app", SITE / "lib"
SCRIPTS = [path for path in sorted(APP.rglob("*.js")) if path.parent.name != "words"]


def words(language: str) -> set[str]:
    found = re.findall(r"^  '((?:[^'\\]|\\.)+)':", (APP / "words" / f"{language}.js").read_text("utf-8"), re.M)
    assert len(found) == len(set(found))
    return {key.replace("\\'", "'") for key in found}


def used() -> tuple[set[str], set[str]]:
    """(keys, beginnings of keys that are made while it runs)"""
    texts = [path.read_text("utf-8") for path in SCRIPTS]
    keys = {key for text in texts for key in re.findall(r"\bt\('([^']+)'", text)}
    made = {key for text in texts for key in re.findall(r"\bt\(`([^`$]+)\$", text)}
    named = {f"{key}." for text in texts for key in re.findall(r"\bnamed\('([^']+)'", text)} | {"status."}
    return keys, made | named


def test_every_language_has_the_same_words() -> None:
    assert words("en") == words("fr")


def test_every_word_that_is_used_is_there_and_every_word_is_used() -> None:
    keys, made = used()
    there = words("en")

    assert {key for key in keys if key not in there and f"{key}.other" not in there} == set()
    plain = {re.sub(r"\.(one|other)$", "", key) for key in there} | there
    unused = {key for key in there if re.sub(r"\.(one|other)$", "", key) not in keys and key not in keys}
    assert {key for key in unused if not any(key.startswith(each) for each in made)} == set()
    assert plain


def test_what_a_lifecycle_does_by_itself_has_words() -> None:
    timers = {row.trigger for each in (OFFER, ESCROW) for row in each.rows if row.trigger.startswith("timer:")}

    assert {each.replace(":", ".") for each in timers} - words("en") == set()


def test_each_step_of_a_deal_has_a_place_on_its_page() -> None:
    steps = (APP / "steps.js").read_text("utf-8")
    placed = re.findall(r"'(\w+)'", steps[steps.index("const ORDER") : steps.index("];", steps.index("const ORDER"))])

    assert sorted(placed) == sorted(key.removeprefix("do.") for key in words("en") if key.startswith("do."))


def test_the_page_counts_minor_units_as_the_services_do() -> None:
    """A browser's own table has fewer digits for what is counted in cents no more (HUF, IDR, COP)."""
    rows = re.findall(
        r"'([A-Z ]+)'\.split\(' '\)\.map\(\(each\) => \[each, (\d)\]\)", (APP / "format.js").read_text("utf-8")
    )
    digits = {code: int(count) for codes, count in rows for code in codes.split()}

    assert digits == {code: count for code, count in MINOR_DIGITS.items() if count != 2}


@pytest.mark.parametrize("language", ["fr"])
def test_a_translation_fills_in_the_same_names(language: str) -> None:
    def filled(of: str) -> dict[str, set[str]]:
        text = (APP / "words" / f"{of}.js").read_text("utf-8")
        rows = re.findall(r"^  '((?:[^'\\]|\\.)+)':\s*'((?:[^'\\]|\\.)*)',$", text, re.M)
        return {key: set(re.findall(r"\{(\w+)\}", said)) for key, said in rows}

    assert filled(language) == filled("en")


def test_what_is_vendored_is_unchanged_and_has_its_licence() -> None:
    vendored = json.loads((LIB / "vendored.json").read_text("utf-8"))
    listed = {f"{each['package']}/{name}": digest for each in vendored for name, digest in each["files"].items()} | {
        "vendored.json": ""
    }

    there = {str(path.relative_to(LIB)) for path in LIB.rglob("*") if path.is_file()}

    assert there == set(listed)
    for name in there - {"vendored.json"}:
        assert hashlib.sha256((LIB / name).read_bytes()).hexdigest() == listed[name], name
    assert all(any("LICENSE" in name for name in each["files"]) for each in vendored)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_asks_for_nothing_that_the_policy_stops(path: Path) -> None:
    text = path.read_text("utf-8")

    for stopped in ('style="', "innerHTML", "unsafe", "eval(", "http://", "https://", "document.write"):
        assert stopped not in text, stopped
    assert not re.search(r"Storage\.setItem\([^)]*token", text)
    assert len(text.splitlines()) < 300
