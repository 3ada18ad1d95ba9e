"""One mail over SMTP: encrypted as the settings say, within a time limit, and what the server's refusals mean."""

import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from typing import Any

from shared.outgoing import Deadline, bounded_reader
from shared.settings import Mail

WITHIN_SECONDS = 30.0
"""From the connection to the end of the message."""

TAKEN_WITHIN_SECONDS = 60.0
"""From there to the server's word on it: some look through a message first, and one that was sent again is a copy."""

_QUIT_WITHIN_SECONDS = 2.0
_OF_US = frozenset({500, 502, 503, 504, 530, 534, 535, 538, 555})
"""What we asked for in the wrong way, or without a login that serves; no word on a recipient or a message."""

_STATUS = re.compile(rb"5\.(\d{1,3})\.(\d{1,3})\b")
_OF_SENDER = frozenset({7, 8})
_FOR_NOW = re.compile(rb"4\.(?:2\.\d{1,3}|1\.[13456])\b")
"""Of a mailbox, or of a recipient's address (RFC 3463); not of a sender's, nor of a domain that is not found now."""

_MAILBOX_BUSY = 450

Send = Callable[[EmailMessage, str], None]
"""Hands a message for one address to the mail server; raises smtplib's errors and OSError."""


def smtp(settings: Mail, timeout: float = WITHIN_SECONDS) -> Send:
    """Send over a connection of its own each time, in `timeout` seconds up to the end of the message.

    With TLS the server's certificate must be one for its name, by the authorities of `ca_file` or the system's.
    """
    context = ssl.create_default_context(cafile=settings.ca_file) if settings.tls != "none" else None

    def send(message: EmailMessage, address: str) -> None:
        session = _opened(settings, context, timeout)
        try:
            if settings.tls == "starttls":
                session.encrypt(context)
            if settings.username:
                session.login(settings.username, settings.password or "")
            try:
                session.send_message(message, to_addrs=[address])
            except smtplib.SMTPDataError as error:
                if not session.whole or not 200 <= error.smtp_code < 300:
                    raise
            session.say_goodbye()
        finally:
            session.close()

    return send


def final(error: Exception) -> int | None:
    """The code of a refusal of this recipient, or of this message, that no repeat will change; None for any other.

    What the server says before it hears of the recipient is about us (our login, our address, its rules for us), and
    so are some of its answers after that; all that can be mended. Enhanced status codes: RFC 3463.
    """
    match error:
        case smtplib.SMTPRecipientsRefused():
            refusals = list(error.recipients.values())
            about = frozenset({1, 2, 4})
        case (
            smtplib.SMTPConnectError()
            | smtplib.SMTPHeloError()
            | smtplib.SMTPAuthenticationError()
            | smtplib.SMTPSenderRefused()
        ):
            return None
        case smtplib.SMTPResponseException():
            refusals = [(error.smtp_code, _bytes(error.smtp_error))]
            about = frozenset({1, 2, 6, 7})
        case _:
            return None
    if refusals and all(_is_final(code, text, about) for code, text in refusals):
        return int(refusals[0][0])
    return None


def is_of_mailbox(error: Exception) -> bool:
    """Whether the server refuses this mailbox for now, which may be full or away: nothing that concerns other mails."""
    return isinstance(error, smtplib.SMTPRecipientsRefused) and all(
        _is_busy(code, text) for code, text in error.recipients.values()
    )


def _is_final(code: int, text: bytes, about: frozenset[int]) -> bool:
    """`about`: the subjects of enhanced status codes that are of the recipient or the message at this step."""
    if not 500 <= code < 600 or code in _OF_US:
        return False
    status = _STATUS.match(text)
    if status is None:
        return True
    subject, detail = int(status[1]), int(status[2])
    if subject == 1:
        return detail not in _OF_SENDER
    return subject in about and (subject != 7 or detail == 1)


def _is_busy(code: int, text: bytes) -> bool:
    """Of a mailbox, by the enhanced status code; without one, by the code that says "mailbox unavailable". What is
    said of the sender, or of a name that is not found, may be said of every mail.
    """
    return bool(_FOR_NOW.match(text)) if text.startswith(b"4.") else code == _MAILBOX_BUSY


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


class _Session(smtplib.SMTP):
    """A connection that reads within a deadline, whatever the server trickles."""

    def __init__(self, host: str, port: int, timeout: float, **more: Any) -> None:
        self._deadline = Deadline(timeout)
        self.whole = False
        super().__init__(host, port, timeout=timeout, **more)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = bounded_reader(self.sock, lambda: self._deadline.left())
        return super().getreply()

    def send(self, s: Any) -> None:
        super().send(s)
        if isinstance(s, bytes):  # the message; commands are text
            self.whole = True
            self._deadline = Deadline(TAKEN_WITHIN_SECONDS)

    def encrypt(self, context: ssl.SSLContext | None) -> None:
        """STARTTLS; SMTPConnectError where the server refuses it, which is no word on any mail."""
        try:
            self.starttls(context=context)
        except smtplib.SMTPHeloError:
            raise
        except smtplib.SMTPResponseException as error:
            raise smtplib.SMTPConnectError(error.smtp_code, error.smtp_error) from None

    def say_goodbye(self) -> None:
        """QUIT; the mail is taken, whatever becomes of this."""
        self._deadline = Deadline(_QUIT_WITHIN_SECONDS)
        with suppress(smtplib.SMTPException, OSError):
            self.docmd("QUIT")


class _ImplicitTls(_Session, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""


def _opened(settings: Mail, context: ssl.SSLContext | None, timeout: float) -> _Session:
    if settings.tls == "implicit":
        return _ImplicitTls(settings.host, settings.port, timeout, context=context)
    return _Session(settings.host, settings.port, timeout)
