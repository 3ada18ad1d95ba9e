"""Hands a letter to the mail server: the one instruction of a notification or of an address that waits for its code."""

import logging
import smtplib
import ssl
from datetime import datetime

from services.notify.letter import Letter, message
from services.notify.smtp import Send, final, is_of_mailbox
from shared.aggregate import Document, Trigger
from shared.clock import Clock
from shared.telemetry import metrics

log = logging.getLogger(__name__)


class Postman:
    """`post` carries out a document's open instruction by a mail to one address, and says what became of it."""

    def __init__(self, clock: Clock, sender: str, send: Send) -> None:
        self.clock, self.sender, self.send = clock, sender, send

    def post(self, document: Document, letter: Letter, address: str, at: datetime) -> Trigger | None:
        """`mail.sent`; `mail.failed` (the server refused the recipient or the message for good); None: away, or refused
        for what can be mended, and tried again later. `at` is the mail's date. A repeat has the same Message-ID.
        """
        kind, about = document["kind"], document["instruction"]["id"]
        try:
            self.send(message(letter, self.sender, address, about, at), address)
        except (smtplib.SMTPException, OSError) as error:
            code = final(error)
            failure = {"error": type(error).__name__, "code": code or _code(error), "retried": code is None}
            if isinstance(error, ssl.SSLError):
                failure["reason"] = getattr(error, "verify_message", None) or error.reason
            log.warning("a mail was not taken", extra=failure)
            metrics.MAILS.labels(kind, "failed" if code else "deferred" if is_of_mailbox(error) else "later").inc()
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


def _code(error: Exception) -> int | None:
    """What the server answered, without its words: they may hold the address."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next((code for code, _ in error.recipients.values()), None)
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None
