"""Hands a letter to the mail server: the one instruction of a notification or of an address that waits for its code."""

import logging
import smtplib
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage

from services.notify.letter import Letter, message
from shared.aggregate import Document, Trigger
from shared.clock import Clock
from shared.settings import Mail
from shared.telemetry import metrics

TIMEOUT_SECONDS = 10.0
Send = Callable[[EmailMessage, str], None]
"""Hands a message for one address to the mail server; raises smtplib's errors and OSError."""

log = logging.getLogger(__name__)


class Postman:
    """`post` carries out a document's open instruction by a mail to one address, and says what became of it."""

    def __init__(self, clock: Clock, sender: str, send: Send) -> None:
        self.clock, self.sender, self.send = clock, sender, send

    def post(self, document: Document, letter: Letter, address: str, at: datetime) -> Trigger | None:
        """`mail.sent`; `mail.failed` (the server refused it for good, 5xx); None: away, or refused for the moment, and
        tried again later. `at` is the mail's date. A repeat has the same Message-ID.
        """
        kind, about = document["kind"], document["instruction"]["id"]
        try:
            self.send(message(letter, self.sender, address, about, at), address)
        except (smtplib.SMTPException, OSError) as error:
            code = permanent(error)
            failure = {"error": type(error).__name__, "code": code, "retried": code is None}
            log.warning("a mail was not taken", extra=failure)
            metrics.MAILS.labels(kind, "failed" if code else "later").inc()
            return self.outcome(document, "failed", f"smtp_{code}") if code else None
        metrics.MAILS.labels(kind, "sent").inc()
        return self.outcome(document, "sent")

    def skip(self, document: Document, reason: str) -> Trigger:
        """`mail.skipped`: there is a reason why no mail goes out."""
        return self.outcome(document, "skipped", reason)

    def outcome(self, document: Document, name: str, reason: str | None = None) -> Trigger:
        instruction_id = document["instruction"]["id"]
        data = {"instruction_id": instruction_id} | ({"reason": reason} if reason else {})
        now = self.clock.now()
        return Trigger(name=f"mail.{name}", id=f"{instruction_id}:{name}", kind="outcome", at=now, data=data)


def permanent(error: Exception) -> int | None:
    """The code of a refusal that no repeat will change (5xx, save of our own login), else None."""
    if isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError | smtplib.SMTPHeloError):
        return None
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        return codes[0] if codes and all(500 <= code < 600 for code in codes) else None
    if isinstance(error, smtplib.SMTPResponseException) and 500 <= error.smtp_code < 600:
        return error.smtp_code
    return None


def smtp(settings: Mail, timeout: float = TIMEOUT_SECONDS) -> Send:
    """Send over a connection of its own each time, with a timeout on each step."""

    def send(message: EmailMessage, address: str) -> None:
        with smtplib.SMTP(settings.host, settings.port, timeout=timeout) as server:
            if settings.starttls:
                server.starttls()
            if settings.username:
                server.login(settings.username, settings.password or "")
            server.send_message(message, to_addrs=[address])

    return send
