"""Contact data in texts, however it is written; and what only looks like it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contact_details import contact_data

ADDRESS, LINK, PHONE = "no-address", "no-link", "no-phone"


def rules(text: str) -> set[str]:
    return {rule for rule, _ in contact_data(text)}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("call 06–12–34–56–78", PHONE),
        ("call 06—12 34‒56−78", PHONE),
        ("call 06\u00a012\u00a034\u202f56\u300078", PHONE),
        ("call ０６１２３４５６７８", PHONE),
        ("call ٠٦١٢٣٤٥٦٧٨", PHONE),
        ("call ०६ १२ ३४ ५६ ७८", PHONE),
        ("call 0️⃣6️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣", PHONE),
        ("call 0\u200b6\u200d1\u20602\ufeff3\u00ad4\u200e5\u31646", PHONE),
        ("tel\u200b0612345678", PHONE),
        ("06·12·34·56·78 or 06_12_34_56_78", PHONE),
        ("①②③④⑤⑥⑦⑧", PHONE),
        ("anna＠acme.example", ADDRESS),
        ("anna﹫acme。example", ADDRESS),
        ("an\u200bna@ac\u00adme.example", ADDRESS),
        ("o&m@acme.example", ADDRESS),
        ("anna@пример.рф", ADDRESS),
        ("anna at acme dot com", ADDRESS),
        ("anna\u00a0arobase\u00a0acme point fr", ADDRESS),
        ("ａｎｎａ（at）acme.example", ADDRESS),
        ("＠anna_builds", ADDRESS),
        ("acme．com", LINK),
        ("acme。com", LINK),
        ("acme․com", LINK),
        ("ac\u200bme\u200b.\u200bcom", LINK),
        ("ａｃｍｅ.ｃｏｍ", LINK),
        ("acme.work", LINK),
        ("see acme.careers, or acme.engineering", LINK),
        ("acme.zip", LINK),
        ("bit.ly/x", LINK),
        ("пример.рф", LINK),
        ("例え.みんな", LINK),
        ("xn--e1afmkfd.xn--p1ai", LINK),
        ("bücher.de", LINK),
        ("acme [dot] com", LINK),
        ("acme(.)jobs", LINK),
        ("www．acme", LINK),
        ("https∶⁄⁄acme", LINK),
        ("on acme.jobs.Then", LINK),
        ("".join(f"{character}\u0336" for character in "anna@acme.com"), ADDRESS),
        ("".join(f"{character}\u0332" for character in "0612345678"), PHONE),
        ("a\u20ddc\u20ddm\u20dde\u20dd.com", LINK),
        ("call 01/02/2019 33 44", PHONE),
    ],
)
def test_it_is_found_however_it_is_written(text: str, rule: str) -> None:
    assert rule in rules(text)


@pytest.mark.parametrize(
    "text",
    [
        "We ship. Work with us. Jobs are there. Engineering is fun.",
        "M.Sc. or B.Sc., Ph.D. a plus; e.g. Node.js, i.e. Vue.js",
        "Look at main.py and README.md",
        "Budget: EUR 12\u00a0500\u00a0000 – team of 12",
        "Worked there 2015–2024, then 2024—2026",
        "Shifts 08:00–17:00, 32–40 hours",
        "At this point in time we dot every i",
        "Version 1.2.3, release 2027.01",
        "Équipe « paiements » – l’été, œuvre",
        "日本のチーム、東京。開発",
        "I can start on 2027-01-15, or 15/01/2027; since 01.02.2019 I work there.",
    ],
)
def test_it_is_left_alone(text: str) -> None:
    assert rules(text) == set()


@given(st.text(max_size=80))
def test_no_text_raises(text: str) -> None:
    assert rules(text) <= {ADDRESS, LINK, PHONE}


@pytest.mark.parametrize(
    "piece", ["a", "a.", "a-", "1", "1 ", "+1", "@", "a@", "a@b.", "(dot)", "a(dot)", " ", "\u200b", "com.", "www.",
              "a at "]
)  # fmt: skip
def test_time_grows_with_the_length_alone(piece: str) -> None:
    """A rule that looks at each place again from each place takes minutes here; this is a fraction of a second."""
    began = time.process_time()
    rules(piece * (60_000 // len(piece)))
    assert time.process_time() - began < 10
