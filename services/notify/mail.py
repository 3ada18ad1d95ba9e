"""Carries out a notification's one instruction: a plain mail over SMTP, its Message-ID the same when it repeats."""

import logging
import smtplib
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from typing import Any

from services.notify.store import contact_id
from shared.aggregate import Document, Store, Trigger
from shared.settings import Mail

TIMEOUT_SECONDS = 10.0
Send = Callable[[EmailMessage, str], None]
"""Hands a message for one address to the mail server; raises smtplib's errors and OSError."""

log = logging.getLogger(__name__)


class Postman:
    """`carry_out(document)` sends a notification's mail and says what became of it. The address is looked up only here.

    Outcomes: `mail.sent`; `mail.failed` (the server refused it for good, 5xx); `mail.skipped` (no address, or the event
    is older than `not_older` by now); None (away, or refused for the moment: it is tried again later).
    """

    def __init__(self, store: Store, sender: str, send: Send, not_older: timedelta) -> None:
        self.store, self.sender, self.send, self.not_older = store, sender, send, not_older

    def carry_out(self, document: Document) -> Trigger | None:
        now = self.store.clock.now()
        if now - document["created_at"] > self.not_older:
            return self._outcome(document, "skipped", "too_old")
        contact = self.store.get(contact_id(document["person"]))
        if contact is None:
            return self._outcome(document, "skipped", "no_address")
        try:
            self.send(self._message(document, contact["email"]), contact["email"])
        except (smtplib.SMTPException, OSError) as error:
            code = permanent(error)
            log.warning(
                "a mail was not taken", extra={"error": type(error).__name__, "code": code, "kept": code is None}
            )
            return self._outcome(document, "failed", f"smtp_{code}") if code else None
        return self._outcome(document, "sent")

    def _outcome(self, document: Document, name: str, reason: str | None = None) -> Trigger:
        instruction_id = document["instruction"]["id"]
        data = {"instruction_id": instruction_id} | ({"reason": reason} if reason else {})
        now = self.store.clock.now()
        return Trigger(name=f"mail.{name}", id=f"{instruction_id}:{name}", kind="outcome", at=now, data=data)

    def _message(self, document: Mapping[str, Any], address: str) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = address
        message["Subject"] = document["subject"]
        message["Date"] = format_datetime(document["created_at"])
        message["Message-ID"] = message_id(document["_id"], self.sender)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(f"{document['text']}\n\n-- \nGood Golem\n")
        return message


def message_id(notification_id: str, sender: str) -> str:
    """The same for the same notification, and says nothing of it."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return f"<{sha256(notification_id.encode()).hexdigest()[:40]}@{domain}>"


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
