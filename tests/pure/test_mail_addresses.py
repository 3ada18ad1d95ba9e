"""E-mail addresses: which there are, how they are written, and which of them are one mailbox."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.letter import Letter, message
from shared.ids import contact_mark, mailbox_mark
from shared.mail_addresses import are_same, mail_address, mailbox
from tests.support.clock import ManualClock

KEY = b"k" * 32


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("anna@example.org", "anna@example.org"),
        ("Anna@Mail.Acme.example", "Anna@Mail.Acme.example"),
        ("anna@xn--e1afmkfd.xn--p1ai", "anna@xn--e1afmkfd.xn--p1ai"),
        ("anna@пример.рф", "anna@xn--e1afmkfd.xn--p1ai"),
        ("anna@straße.de", "anna@xn--strae-oqa.de"),
        ("anna@xn--strae-oqa.de", "anna@xn--strae-oqa.de"),
        ("anna@Bücher.example", "anna@xn--bcher-kva.example"),
        ("anna@ａｃｍｅ．ｅｘａｍｐｌｅ", "anna@acme.example"),
        ("o&m@acme.example", "o&m@acme.example"),
        ("!#$%&'*+/=?^_`{|}~-@acme.example", "!#$%&'*+/=?^_`{|}~-@acme.example"),
        ("jean.o'neil/x=y@acme.example", "jean.o'neil/x=y@acme.example"),
        (f"{'a' * 64}@b.org", f"{'a' * 64}@b.org"),
    ],
)
def test_an_address(text: str, address: str) -> None:
    """It goes into a mail's header and comes out of it as it is."""
    assert mail_address(text) == address
    assert mail_address(address) == address
    mail = message(Letter("Subject", "Text", "en"), "golem@example.org", address, "x", ManualClock().now())
    assert [each.addr_spec for each in mail["To"].addresses] == [address]


@pytest.mark.parametrize(
    "text",
    ["", "@", "anna", "anna@", "@b.org", "anna@localhost", "a..b@c.org", ".a@c.org", "a.@c.org", "a b@c.org",
     '"a b"@c.org', "änna@example.org", "анна@пример.рф", "a@b@c.org", "a@b.org\r\nBcc: c@d.org", "a@b.org,c@d.org",
     "Anna <a@b.org>", "a@[192.0.2.1]", "a@192.0.2.1", f"{'a' * 65}@b.org", f"a@{'b.' * 130}org", "a@b.org ",
     "a\u200b@b.org", "a＠b.org", "a@b_c.org", "\ud800@b.org", "a@\ud800.org"],
)  # fmt: skip
def test_no_address(text: str) -> None:
    assert mail_address(text) is None


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_raises(local: str, domain: str) -> None:
    text = f"{local}@{domain}"
    address = mail_address(text)
    assert address is None or (address.isascii() and mailbox(mailbox(address)) == mailbox(address))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna+x@example.org", "anna@example.org"),
        ("anna+x+y@example.org", "ANNA+z@Example.ORG"),
        ("a.n.n.a@gmail.com", "anna@gmail.com"),
        ("a.nna+jobs@googlemail.com", "anna@GMail.com"),
        ("an.na-x@protonmail.com", "annax@proton.me"),
        ("anna@me.com", "anna@icloud.com"),
        ("anna@ya.ru", "anna@yandex.com"),
        ("anna+x@пример.рф", "anna@xn--e1afmkfd.xn--p1ai"),
    ],
)
def test_one_mailbox(one: str, other: str) -> None:
    assert mailbox(one) == mailbox(other)
    assert mailbox_mark(KEY, one) == mailbox_mark(KEY, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna@example.org", "ann@example.org"),
        ("an.na@example.org", "anna@example.org"),
        ("anna@gmail.com", "anna@example.org"),
        ("+x@example.org", "+y@example.org"),
        ("anna@xn--strae-oqa.de", "anna@strasse.de"),
        ("....@gmail.com", "anna@gmail.com"),
    ],
)
def test_other_mailboxes(one: str, other: str) -> None:
    assert mailbox(one) != mailbox(other)


@pytest.mark.parametrize("address", ["anna@example.org", "Anna@Example.org", "o&m@acme.example"])
def test_the_plainest_address_of_a_mailbox_has_the_mark_that_it_had_before(address: str) -> None:
    assert mailbox_mark(KEY, address) == contact_mark(KEY, address)


def test_an_address_is_the_same_however_its_domain_is_written() -> None:
    assert are_same("anna@Acme.Example", "anna@acme.example")
    assert are_same("anna@пример.рф", "anna@xn--e1afmkfd.xn--p1ai")
    assert not are_same("Anna@acme.example", "anna@acme.example")
