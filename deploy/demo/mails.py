"""The mails that a person of the story gets, read from the folder of the stack's mail catcher."""

import re
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from deploy.demo.people import Slow

_PATIENCE = 30.0


class Mails:
    """`folder` has one .eml file a mail, with its recipient in `X-Envelope-To`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def to(self, address: str) -> list[EmailMessage]:
        """What came for an address so far, the oldest first."""
        return [mail for mail in self._all() if mail["X-Envelope-To"] == address]

    def wait_until(self, address: str, subject: str) -> EmailMessage:
        """The first mail to an address whose subject begins so. Raises Slow after half a minute."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            for mail in self.to(address):
                if str(mail["Subject"]).startswith(subject):
                    return mail
            time.sleep(0.02)
        raise Slow(f"no mail “{subject}” came within {_PATIENCE:.0f} s")

    def code(self, address: str) -> str:
        """The code that was mailed to an address: the last word of the mail's subject. Raises Slow."""
        return str(self.wait_until(address, "Your code")["Subject"]).rpartition(" ")[2]

    def link(self, address: str, path: str) -> str:
        """The path of the first link of that kind in what came for an address. Raises Slow."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            for mail in self.to(address):
                body = mail.get_body(("plain",))
                if found := re.search(re.escape(path) + r"[^\s<>\"]+", body.get_content() if body else ""):
                    return found[0]
            time.sleep(0.02)
        raise Slow(f"no mail with a link to {path} came within {_PATIENCE:.0f} s")

    def _all(self) -> Iterator[EmailMessage]:
        for file in sorted(self._folder.glob("*.eml"), key=lambda file: file.stat().st_mtime_ns):
            mail = message_from_bytes(file.read_bytes(), policy=policy.default)
            assert isinstance(mail, EmailMessage)
            yield mail
