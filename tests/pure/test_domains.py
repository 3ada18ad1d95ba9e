"""Host names: one written form for each, and the mail providers at which anybody has a mailbox."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domains import PUBLIC_MAIL, domain_of, hostname, is_public_mail, is_top_level, shown


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("acme.example", "acme.example"),
        ("ACME.Example", "acme.example"),
        ("people.acme.co.uk", "people.acme.co.uk"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("a-1.example", "a-1.example"),
        ("straße.de", "xn--strae-oqa.de"),
        ("STRASSE.de", "strasse.de"),
        ("xn--strae-oqa.de", "xn--strae-oqa.de"),
        ("πόλις.example", "xn--uxadok1c.example"),
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("ａｃｍｅ．com", "acme.com"),
        ("acme。com", "acme.com"),
        ("ac\u200bme\u00ad.com", "acme.com"),
        ("ab--cd.com", "ab--cd.com"),
        ("R3---SN-abc.example", "r3---sn-abc.example"),
        ("a--b.com", "a--b.com"),
        ("xn--53h.com", "xn--53h.com"),
        ("XN--LS8H.la", "xn--ls8h.la"),
        ("xn--i-7iq.ws", "xn--i-7iq.ws"),
    ],
)
def test_a_domain_has_one_written_form(text: str, domain: str) -> None:
    assert hostname(text) == domain
    assert hostname(domain) == domain


@pytest.mark.parametrize(
    "text",
    ["", "acme", ".", "..", "acme.", ".example", "acme..example", "-a.example", "a-.example", "acme.example ", "a.e",
     "10.0.0.1", "[::1]", "acme_x.example", "a@b.example", "http://a.example", "a.example/x", "a.example:80", "a.1",
     "a b.example", f"{'a' * 64}.example", f"{'a.' * 130}example", "x" * 10**5, "\0.example", "*.example",
     "acme.example\n", "\ud800.example", "xn--999999999.example",
     "xn--a.example", "xn--.example", "xn--acme-.example", "xn--a-ecp.example", "-ab--cd.example", "ab--cd",
     "\u2615.com"],
)  # fmt: skip
def test_what_is_no_domain(text: str) -> None:
    assert hostname(text) is None


@given(st.text(max_size=300))
def test_no_text_raises(text: str) -> None:
    found = hostname(text)
    assert found is None or hostname(found) == found


@given(st.from_regex(r"\A(?:xn--|ab--)[a-z0-9-]{0,30}\.(?:com|xn--[a-z0-9-]{1,12})\Z"))
def test_no_coded_label_raises(text: str) -> None:
    found = hostname(text)
    assert found in (None, text) and (found is None or shown(found))


def test_the_domain_of_an_address() -> None:
    assert domain_of("anna@People.Acme.example") == "people.acme.example"
    assert domain_of("no address") is None


@pytest.mark.parametrize("domain", ["gmail.com", "mail.gmail.com", "yahoo.co.uk", "sympatico.ca", "laposte.net"])
def test_a_mailbox_that_anybody_has(domain: str) -> None:
    assert is_public_mail(domain)


@pytest.mark.parametrize("domain", ["acme.example", "notgmail.com", "gmail.com.acme.example", "com", "co.uk"])
def test_a_mailbox_that_says_something(domain: str) -> None:
    assert not is_public_mail(domain)


def test_the_list_is_written_as_domains_are() -> None:
    assert all(hostname(domain) == domain for domain in PUBLIC_MAIL)


def test_a_domain_as_people_see_it() -> None:
    """One that IDNA 2008 has no form for, as older documents may hold, is shown as it is written."""
    assert shown("xn--strae-oqa.de") == "straße.de"
    assert shown("xn--i-7iq.example") == "xn--i-7iq.example"


@pytest.mark.parametrize("label", ["com", "work", "рф", "xn--p1ai", "みんな", "zip", "ck"])
def test_a_top_level_domain(label: str) -> None:
    assert is_top_level(label)


@pytest.mark.parametrize("label", ["js", "example", "2027", "", "-", "x.com", "\ud800", "co uk"])
def test_no_top_level_domain(label: str) -> None:
    assert not is_top_level(label)
