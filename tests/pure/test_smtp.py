"""Mail to servers of every kind: to whom a password goes, what counts as sent, which refusal is final."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.notify.letter import Letter
from services.notify.mail import Postman
from services.notify.smtp import smtp
from shared.aggregate import Trigger
from shared.settings import Mail
from tests.support.certificates import Authority
from tests.support.clock import ManualClock
from tests.support.mail_server import HANG_UP, MailServer, mail_server
from tests.support.stub import stub, trickling

AT = datetime(2027, 1, 1, tzinfo=UTC)
NOTIFICATION: dict[str, Any] = {"kind": "notification", "instruction": {"id": "i-1"}}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def mail(port: int, tls: str = "none", ca_file: Path | None = None, login: bool = False) -> Mail:
    name, secret = ("golem", "secret") if login else (None, None)
    return Mail("localhost", port, "Good Golem <no-reply@golem.example>", name, secret, tls, ca_file)


def send(settings: Mail, timeout: float = 5) -> Trigger | None:
    postman = Postman(ManualClock(), settings.sender, smtp(settings, timeout))
    return postman.post(NOTIFICATION, Letter("Hello", "There", "en"), "anna@example.org", AT)


def outcome(settings: Mail, timeout: float = 5) -> str | None:
    """sent, failed, or None: it will be tried again."""
    found = send(settings, timeout)
    return found and found.name.removeprefix("mail.")


def passwords(server: MailServer) -> list[str]:
    return [line for line in server.heard if line.startswith("AUTH")]


@pytest.mark.parametrize("implicit", [False, True])
def test_the_password_goes_to_the_server_that_was_named(authority: Authority, implicit: bool) -> None:
    with mail_server(authority.server("localhost"), implicit) as server:
        settings = mail(server.port, "implicit" if implicit else "starttls", authority.ca_file, login=True)
        assert outcome(settings) == "sent"

    assert (len(server.taken), len(passwords(server))) == (1, 1)


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("how", ["self-signed", "another name", "expired", "not of the system's"])
def test_it_goes_to_no_other(authority: Authority, tmp_path: Path, implicit: bool, how: str) -> None:
    """Whoever signed it themselves, has another's certificate, or an old one; the mail waits."""
    certificate = {
        "self-signed": lambda: Authority(tmp_path, "evil").server("localhost"),
        "another name": lambda: authority.server("evil.example"),
        "expired": lambda: authority.server("localhost", expired=True),
        "not of the system's": lambda: authority.server("localhost"),
    }[how]()
    ca_file = None if how == "not of the system's" else authority.ca_file
    with mail_server(certificate, implicit) as server:
        settings = mail(server.port, "implicit" if implicit else "starttls", ca_file, login=True)
        assert outcome(settings) is None

    assert (server.taken, passwords(server)) == ([], [])


@pytest.mark.parametrize("step", ["not offered", "454 not now", "550 never", "plain behind TLS"])
def test_nothing_goes_in_the_clear_where_tls_was_asked_for(authority: Authority, step: str) -> None:
    """Somebody in between takes STARTTLS out of the answer, or refuses it; a server that speaks no TLS."""
    with mail_server(None if step == "not offered" else authority.server("localhost")) as server:
        if step[0].isdigit():
            server.answers["STARTTLS"] = step
        mode = "implicit" if step == "plain behind TLS" else "starttls"
        assert outcome(mail(server.port, mode, authority.ca_file, login=True), timeout=2) is None

    assert (server.taken, passwords(server)) == ([], [])
    assert not [line for line in server.heard if line.startswith("MAIL")]


@pytest.mark.parametrize("answer", ["421 too many", "500 what", HANG_UP, "221 bye hang up", "garbage"])
@pytest.mark.parametrize("step", ["QUIT", "message"])
def test_what_was_accepted_is_sent(step: str, answer: str) -> None:
    """Whatever becomes of the connection after DATA's 250."""
    with mail_server() as server:
        server.answers[step] = answer if step == "QUIT" else "250 taken hang up"
        assert outcome(mail(server.port)) == "sent"

    assert len(server.taken) == 1


def test_any_2xx_is_acceptance() -> None:
    with mail_server() as server:
        server.answers["message"] = "252 it will do"
        assert outcome(mail(server.port)) == "sent"


BEFORE, AFTER = ("connect", "EHLO", "AUTH", "MAIL"), ("RCPT", "DATA", "message")
FINAL = [
    ("RCPT", "550 no such user"),
    ("RCPT", "550 5.1.1 no such user"),
    ("RCPT", "501 5.1.3 not an address"),
    ("RCPT", "552 5.2.2 mailbox full"),
    ("RCPT", "553 not here"),
    ("RCPT", "556 5.1.10 this domain takes no mail"),
    ("message", "550 no such user"),
    ("message", "554 5.7.1 looks like spam"),
    ("message", "554 5.6.0 malformed"),
    ("message", "552 5.2.3 too large for this mailbox"),
]
MOMENTARY = ("421 later", "451 later", "garbage", HANG_UP)
OF_US = ("530 log in first", "550 never", "554 5.7.1 your address is blocked", "535 5.7.8 wrong")
LATER = [
    *((step, answer) for step in BEFORE for answer in (*MOMENTARY, *OF_US)),
    *((step, answer) for step in AFTER for answer in (*MOMENTARY, "530 5.7.0 log in first", "503 bad order")),
    ("RCPT", "450 4.2.1 greylisted"),
    ("RCPT", "554 5.7.1 relay access denied"),
    ("RCPT", "550 5.7.1 unable to relay"),
    ("RCPT", "550 5.1.8 sender's domain not found"),
    ("RCPT", "550 5.3.2 system not accepting messages"),
    ("RCPT", "555 parameters unknown"),
    ("message", "554 5.3.0 system failure"),
    ("message", "550 5.7.8 log in first"),
    ("message", "554 5.5.1 protocol"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "answer"), FINAL)
def test_a_word_on_the_recipient_or_the_message_is_final(step: str, answer: str) -> None:
    with mail_server() as server:
        server.answers[step] = answer
        found = send(mail(server.port))

    assert found is not None
    assert (found.name, found.data["reason"]) == ("mail.failed", f"smtp_{answer[:3]}")


@pytest.mark.parametrize(("step", "answer"), LATER)
def test_anything_else_is_tried_again_and_goes_out_once_mended(step: str, answer: str) -> None:
    """What the server says of us can be mended: then the mail goes out after all."""
    with mail_server() as server:
        settings = mail(server.port, login=True)
        server.answers[step] = answer
        assert outcome(settings) is None
        server.answers.clear()
        assert outcome(settings) == "sent"


def test_copies_have_one_message_id() -> None:
    """The connection ends before the server's word: it may have taken it, so the next is recognisable as a copy."""
    with mail_server() as server:
        server.answers["message"] = HANG_UP
        assert outcome(mail(server.port)) is None
        server.answers["message"] = "250 taken"
        assert outcome(mail(server.port)) == outcome(mail(server.port)) == "sent"

    ids = [line for taken in server.taken for line in taken.splitlines() if line.startswith(b"Message-ID")]
    assert len(ids) == 2
    assert len(set(ids)) == 1


@pytest.mark.parametrize("at_once", [0, 3, 200])
def test_a_server_that_trickles_is_given_up(at_once: int) -> None:
    """The greeting, or lines of it without end."""
    with stub(trickling(b"220-here\r\n" * 1000, at_once, reads=False)) as server:
        start = time.monotonic()
        assert outcome(mail(server.port), timeout=0.5) is None
        assert time.monotonic() - start < 1.5


def test_the_reason_of_a_broken_certificate_is_logged(
    authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """So that an operator knows what to mend; the address is not."""
    with mail_server(Authority(tmp_path, "evil").server("localhost")) as server:
        assert outcome(mail(server.port, "starttls", authority.ca_file)) is None

    (record,) = caplog.records
    assert "certificate" in str(record.__dict__["reason"])
    assert "anna" not in str(record.__dict__)
