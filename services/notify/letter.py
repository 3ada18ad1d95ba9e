"""A mail as it goes out: plain text, and the same as HTML that a phone can show."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage, Message
from email.policy import EmailPolicy, Policy
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)


class _Url(UnstructuredHeader, BaseHeader):
    """A header that holds a URL: never folded, for the library would write a long one in encoded words."""

    def fold(self, *, policy: "Policy[Message[str, str]]") -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _Url)
_POLICY = EmailPolicy(header_factory=_HEADERS)

_COLON = {"fr": "\u00a0:"}


@dataclass(frozen=True)
class Letter:
    """What a mail says, in one language; `text` has an empty line between paragraphs.

    `link` is (what it does, URL): a button in HTML, a line of its own in plain text. `foot` comes last and small.
    `urls`: lines of the text that are links in HTML.
    """

    subject: str
    text: str
    language: str
    link: tuple[str, str] | None = None
    foot: tuple[tuple[str, str | None], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    urls: Collection[str] = ()


def message(letter: Letter, sender: str, address: str, about: str, at: datetime) -> EmailMessage:
    """The mail; `about` is the id of what it tells of, and makes a repeat recognisable."""
    mail = EmailMessage(_POLICY)
    mail["From"] = sender
    mail["To"] = address
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message_id(about, sender)
    mail["Auto-Submitted"] = "auto-generated"
    for name, value in letter.headers.items():
        mail[name] = value
    mail.set_content(_plain(letter))
    mail.add_alternative(html(letter), subtype="html")
    mail["Content-Language"] = letter.language
    return mail


def html(letter: Letter) -> str:
    """The HTML part: all that comes from outside is escaped."""
    paragraphs = letter.text.split("\n\n")
    return _PAGES.get_template("mail.html").render(letter=letter, paragraphs=paragraphs)


def message_id(about: str, sender: str) -> str:
    """The same for the same mail, and says nothing of it."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return f"<{sha256(about.encode()).hexdigest()[:40]}@{domain}>"


def _plain(letter: Letter) -> str:
    colon = _COLON.get(letter.language, ":")
    parts = [letter.text, *([f"{letter.link[0]}{colon}\n{letter.link[1]}"] if letter.link else [])]
    foot = [f"{words}{colon} {url}" if url else words for words, url in letter.foot]
    return "\n\n".join(parts) + "\n\n-- \n" + "\n".join(["Good Golem", *foot]) + "\n"
