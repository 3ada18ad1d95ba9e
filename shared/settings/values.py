"""How the text of a variable becomes a value. Each raises ValueError with what was expected."""

import base64
import binascii
import re
import ssl
import warnings
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pymongo import MongoClient
from pymongo.errors import InvalidURI, PyMongoError

from shared.places import BadLicences, BadRules, Licences, PlaceRules, load, read_licences
from shared.settings.sections import Address, Network


def text(raw: str) -> str:
    if not raw.isprintable():
        raise ValueError("expected printable text")
    return raw


def ascii_text(raw: str) -> str:
    if not raw.isascii():
        raise ValueError("expected ASCII characters alone")
    return text(raw)


def name(raw: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", raw):
        raise ValueError("expected letters, digits, _ and -")
    return raw


def choice(*choices: str) -> Callable[[str], str]:
    """One of the words, in capitals or not."""

    def parse(raw: str) -> str:
        for word in choices:
            if raw.upper() == word.upper():
                return word
        raise ValueError(f"expected one of {', '.join(choices)}")

    return parse


def whole(low: int, high: int) -> Callable[[str], int]:
    def parse(raw: str) -> int:
        if not re.fullmatch(r"[0-9]{1,18}", raw) or not low <= int(raw) <= high:
            raise ValueError(f"expected a whole number from {low} to {high}")
        return int(raw)

    return parse


def seconds(raw: str) -> timedelta:
    if not re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,6})?", raw):
        raise ValueError("expected a number of seconds")
    return timedelta(seconds=float(raw))


def flag(raw: str) -> bool:
    if raw.lower() not in ("0", "1", "true", "false"):
        raise ValueError("expected 0 or 1")
    return raw.lower() in ("1", "true")


def address(raw: str) -> Address:
    host, colon, port = raw.rpartition(":")
    if not colon or not host or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError("expected host:port")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


def servers(raw: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in raw.split(",") if part.strip())
    for server in found:
        address(server)
    return found


def origins(raw: str) -> tuple[str, ...]:
    found = tuple(part.strip().rstrip("/") for part in raw.split(",") if part.strip())
    if not all(origin == "*" or re.fullmatch(r"https?://[^/\s*]+", origin) for origin in found):
        raise ValueError("expected a comma list of origins such as https://app.example")
    return found


def networks(raw: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in raw.split(",") if part.strip())
    except ValueError:
        raise ValueError("expected a comma list of addresses and networks such as 127.0.0.1,10.0.0.0/8") from None


def url(raw: str) -> str:
    parts = urlsplit(raw)
    if parts.scheme not in ("http", "https") or not parts.hostname or not _has_port(raw):
        raise ValueError("expected an http or https URL")
    return raw


def _has_port(raw: str) -> bool:
    """Whether its port, if it names one, is a number that can be asked."""
    try:
        return urlsplit(raw).port != 0
    except ValueError:
        return False


def base_url(raw: str) -> str:
    """Where links point, without a slash at its end: paths are put behind it."""
    base = url(raw).rstrip("/")
    if not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._~/-]*)?", base):
        raise ValueError("expected a URL such as https://golem.example, without user, query or fragment")
    return base


def mongodb(raw: str) -> str:
    """A URI whose options the driver knows and whose certificates it can read; no server is asked."""
    if not re.match(r"mongodb(\+srv)?://[^/\s]", raw):
        raise ValueError("expected a mongodb:// or mongodb+srv:// URI")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # an option that the driver would pass over
            MongoClient[Any](raw, connect=False).close()
    except InvalidURI:  # its words may repeat a part of the password
        raise ValueError("expected a URI that the driver can read: is the password percent-encoded?") from None
    except (PyMongoError, OSError, UserWarning, ValueError, TypeError) as error:
        raise ValueError(f"expected options that fit together: {str(error).split(' Refer to ')[0]}") from None
    return raw


def is_here(uri: str) -> bool:
    """Whether a MongoDB URI names this machine alone, by the addresses that no other can have."""
    hosts = re.sub(r"^[a-z+]*://|[/?].*$", "", uri).rpartition("@")[2]
    return not uri.startswith("mongodb+srv") and all(
        re.fullmatch(r"(127(\.[0-9]{1,3}){3}|localhost|\[::1\])(:[0-9]{1,5})?", host) for host in hosts.split(",")
    )


def mailbox(raw: str) -> str:
    if not raw.isprintable() or not re.search(r"[^\s@<>]+@[^\s@<>]+>?$", raw):
        raise ValueError("expected an address such as Good Golem <no-reply@golem.local>")
    return raw


def readable(raw: str) -> Path:
    path = Path(raw)
    if not path.is_file():
        raise ValueError("expected a file that exists")
    return path


def rules(raw: str) -> PlaceRules:
    try:
        return load(readable(raw))
    except BadRules as error:
        raise ValueError("; ".join(str(error).splitlines())) from None


def licences(raw: str) -> Licences:
    """JSON, or the path of a file that holds it."""
    try:
        return read_licences(raw if raw.startswith("[") else readable(raw).read_text("utf-8"))
    except UnicodeDecodeError:
        raise ValueError("expected a file of UTF-8 text") from None
    except BadLicences as error:
        raise ValueError(str(error)) from None


def certificates(raw: str) -> Path:
    path = readable(raw)
    try:
        ssl.create_default_context(cafile=path)
    except OSError:
        raise ValueError("expected a PEM file with certificates") from None
    return path


def long_secret(raw: str) -> str:
    if len(raw.encode()) < 16:
        raise ValueError("expected at least 16 bytes")
    return raw


def key(raw: str) -> bytes:
    """Hex, else base64, else the text's own bytes; whichever it is, at least 32 bytes."""
    key = raw.encode()
    if re.fullmatch(r"([0-9a-fA-F]{2}){32,}", raw):
        key = bytes.fromhex(raw)
    elif re.fullmatch(r"[A-Za-z0-9+/]{43,}=*", raw):
        try:
            key = base64.b64decode(raw, validate=True)
        except binascii.Error:
            key = raw.encode()
    if len(key) < 32:
        raise ValueError("expected at least 32 bytes as hex, base64 or text")
    return key
