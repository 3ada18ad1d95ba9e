"""Characters that deceive: one normal form for every rule, what is stored, and what a terminal is shown."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.characters import is_empty, normal_form, printable, stored

ZWSP, ZWJ, SHY, BOM, LRM, FILLER = "\u200b", "\u200d", "\u00ad", "\ufeff", "\u200e", "\u3164"


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("acme．com", "acme.com"),
        ("acme。com", "acme.com"),
        ("acme․com", "acme.com"),
        ("06–12—34‒56−78‐90‑12", "06-12-34-56-78-90-12"),
        ("06\u00a012\u202f34\u300056\u168078", "06 12 34 56 78"),
        ("０６１２", "0612"),
        ("٠٦١٢ ०६ ①❷", "0612 06 12"),
        ("0️⃣6️⃣1️⃣", "061"),
        (f"a{ZWSP}c{ZWJ}m{SHY}e{BOM}{LRM}{FILLER}", "acme"),
        (f"e{ZWSP}\u0301", "é"),
        ("anna＠acme﹫x", "anna@acme@x"),
        ("https∶⁄⁄x", "https://x"),
        ("ﬁne\tday", "fine day"),
        ("two\nlines", "two\nlines"),
        ("Müller, Łódź, 日本", "Müller, Łódź, 日本"),
    ],
)
def test_one_normal_form(text: str, normal: str) -> None:
    assert normal_form(text) == normal


@given(st.text(max_size=60))
def test_the_normal_form_is_its_own(text: str) -> None:
    once = normal_form(text)
    assert normal_form(once) == once
    assert not any(unicodedata.category(each) in ("Cf", "Cs") and each < "\u0600" for each in once)


@pytest.mark.parametrize("text", ["", " ", ZWSP, f"{ZWSP}{SHY}", FILLER, "\u2800", "\u0301", "\u00a0\u3000", "\ue000"])
def test_nothing_to_see(text: str) -> None:
    assert is_empty(text)


@pytest.mark.parametrize("text", ["x", "…", "❤️", "日", "1", f"{ZWSP}x"])
def test_something_to_see(text: str) -> None:
    assert not is_empty(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"Ac{ZWSP}me", "Acme"),
        (f"Ac{SHY}me{BOM}", "Acme"),
        (f"A{ZWJ}cme", "Acme"),
        ("A\ufe0fcme", "Acme"),
        ("\u200fשלום\u200e", "שלום"),
        (f"x{FILLER}y\u2060z", "xyz"),
        ("tag\U000e0041\U000e0042", "tag"),
        ("👩\u200d💻 ❤️ 1️⃣", "👩\u200d💻 ❤️ 1️⃣"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("Ｆｕｌｌ – width\u00a0①", "Ｆｕｌｌ – width\u00a0①"),
        ("e\u0301", "e\u0301"),
    ],
)
def test_what_was_typed_is_stored_without_what_can_only_deceive(text: str, kept: str) -> None:
    assert stored(text) == kept
    assert normal_form(stored(text)) == normal_form(text)


@given(st.text(max_size=60))
def test_what_is_stored_is_stored_as_it_is(text: str) -> None:
    assert stored(stored(text)) == stored(text)
    assert is_empty(stored(text)) == is_empty(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", r"\u001b[31mred\u0007"),
        ("\x9b2J", r"\u009b2J"),
        ("a\r\nb\tc", r"a\u000d\u000ab\u0009c"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\ud800", r"\ud800"),
        (f"a{ZWSP}{BOM}b\u2028", r"a\u200b\ufeffb\u2028"),
        ("\U000e0041", r"\udb40\udc41"),
        ("Müller [bold] 日本", "Müller [bold] 日本"),
    ],
)
def test_what_would_act_on_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(alphabet=st.characters(codec=None), max_size=60))
def test_what_is_shown_of_json_says_the_same(text: str) -> None:
    """Also where a line feed is left, as between the lines of indented JSON."""
    written = json.dumps({"text": text}, ensure_ascii=False, indent=1)

    assert json.loads(printable(written, lines=True)) == json.loads(written)
    assert all(
        each == "\n" or unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
        for each in printable(text, lines=True)
    )
