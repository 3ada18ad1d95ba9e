"""Ways in which a URL of a user may lead inside, and what a name may resolve to: what the guard is held against.

`URLS` are forms of URLs, `NAMES` hosts with the answers of their lookups, one list a lookup (the last one for ever).
"""

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

V4_INSIDE = (
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.1.2.3",
    "168.63.129.16",
    "169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.9",
    "192.0.0.10", "192.0.0.170", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
)  # fmt: skip
V6_INSIDE = (
    "::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd00::1", "fd00:ec2::254", "ff02::1", "ff0e::1", "100::1",
    "100:0:0:1::1", "2001::1", "2001:2::1", "2001:10::1", "2001:1::1", "2001:db8::1", "3fff::1", "5f00::1", "4000::1",
    "64:ff9b:1::1", "64:ff9b:1:fffe::7f00:1", "1::1", "::2", "::ffff:0:0:1",
)  # fmt: skip
_WITH_V4 = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "100.64.0.1", "0.0.0.0", "172.16.9.9")


def carried(address: str) -> Iterator[str]:
    """An IPv4 address as IPv6 can carry it: compatible, mapped, SIIT, NAT64 of both prefixes, 6to4, Teredo."""
    number = int(IPv4Address(address))
    high, low = f"{number >> 16:x}", f"{number & 0xFFFF:x}"
    yield f"::{high}:{low}"
    yield f"::ffff:{high}:{low}"
    yield f"::ffff:{address}"
    yield f"0:0:0:0:0:ffff:{address}"
    yield f"::ffff:0:{high}:{low}"
    yield f"::ffff:0:{address}"
    yield f"64:ff9b::{high}:{low}"
    yield f"64:ff9b::{address}"
    yield f"64:ff9b:1::{high}:{low}"
    yield f"2002:{high}:{low}::1"
    yield f"2001:0:{high}:{low}::1"
    flipped = number ^ 0xFFFFFFFF
    yield f"2001:0:5db8:d822:0:0:{flipped >> 16:x}:{flipped & 0xFFFF:x}"


def written(address: str) -> Iterator[str]:
    """An IPv4 address as resolvers and browsers also read it: decimal, hexadecimal, octal, short, padded, encoded."""
    a, b, c, d = (int(part) for part in address.split("."))
    number = int(IPv4Address(address))
    yield f"{number}"
    yield f"{number:#x}"
    yield f"0{number:o}"
    yield f"{a:#x}.{b:#x}.{c:#x}.{d:#x}"
    yield f"0{a:o}.0{b:o}.0{c:o}.0{d:o}"
    yield f"{a:#x}.{b}.{c}.{d}"
    yield f"0{a:o}.{b}.{c}.{d}"
    yield f"00000{a:o}.{b}.{c}.{d}"
    yield f"{a}.{b}.{(c << 8) + d}"
    yield f"{a}.{(b << 16) + (c << 8) + d}"
    yield f"{a}.{b}.{c}.{d}."
    yield f"{a}.{b}.{c}.{d}.nip.example"
    yield "".join(f"%{ord(character):02x}" for character in address)
    yield address.replace(".", "。")
    yield "".join(chr(0x245F + int(digit)) if digit in "123456789" else digit for digit in address)
    yield f"{a + 256}.{b}.{c}.{d}"


def _urls() -> Iterator[str]:
    for address in V4_INSIDE:
        yield f"https://{address}/"
    for address in V6_INSIDE:
        yield f"https://[{address}]/"
    for address in _WITH_V4:
        for text in carried(address):
            yield f"https://[{text}]/"
        for text in written(address):
            yield f"https://{text}/"
            yield f"https://{text}:8443/"
        yield f"https://hook.example@{address}/"
        yield f"https://hook.example:443@{address}/"
        yield f"https://hook.example%40{address}/"
        yield f"https://{address}#@hook.example/"
        yield f"https://{address}\\@hook.example/"
        yield f"https://hook.example\\@{address}/"
        yield f"https:{address}/"
        yield f"https:///{address}/"
        yield f"//{address}/"
        yield f"http://{address}/"
        yield f"https://{address}:80/"
        yield f" https://{address}/"
        yield f"https://\t{address}/"
        yield f"https://{address}\r\nX: y/"
        yield f"https://[::1%25lo]@{address}/"
    for scheme in ("http", "ftp", "file", "gopher", "dict", "ldap", "unix", "data", "jar:https", "ws"):
        yield f"{scheme}://127.0.0.1/"
    yield from (
        "file:///etc/passwd", "https://localhost/", "https://LOCALHOST/", "https://localhost./",
        "https://localhost.localdomain/", "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "https://ip6-localhost/", "https://kafka:9092/",
        "https://mongo/", "https://metadata.google.internal/computeMetadata/v1/", "https://metadata/",
        "https://instance-data/", "https://kubernetes.default.svc/", "https://host.docker.internal/",
        "https://[::1%25eth0]/", "https://[fe80::1%25eth0]/", "https://[::1]:443@hook.example:25/", "https://[::1]x/",
        "https://[127.0.0.1]/", "https://127.0.0.1:443:443/", "https://hook.example:25/", "https://hook.example:22/",
        "https://hook.example:0/", "https://", "https://:443/", "https://./", "https://..", "", "x",
    )  # fmt: skip


URLS = tuple(dict.fromkeys(_urls()))
PUBLIC_V4, PUBLIC_V6 = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


def _names() -> Iterator[tuple[str, list[list[str]]]]:
    inside = [*V4_INSIDE, *V6_INSIDE, *(text for address in _WITH_V4 for text in carried(address))]
    for number, address in enumerate(inside):
        yield f"straight-{number}.example", [[address]]
        yield f"mixed-{number}.example", [[PUBLIC_V4, address]]
        yield f"mixed-first-{number}.example", [[address, PUBLIC_V4]]
        yield f"mixed-six-{number}.example", [[PUBLIC_V6, PUBLIC_V4, address]]
        yield f"rebinds-in-{number}.example", [[PUBLIC_V4], [address]]
        yield f"rebinds-out-{number}.example", [[address], [PUBLIC_V4], [address]]
    yield "mapped-scope.example", [["fe80::1%2"]]


NAMES = dict(_names())
_OURS = ("localhost", "kafka", "mongo", "metadata", "instance-data", "ip6-localhost")


class Lookups:
    """A name server that answers as the table says; what is no name of it resolves inside, as a split horizon would."""

    def __init__(self) -> None:
        self.asked: dict[str, int] = {}

    def __call__(self, host: Any, port: Any, *more: Any, **named: Any) -> list[tuple[Any, ...]]:
        name = host.decode() if isinstance(host, bytes) else str(host)
        count = self.asked[name] = self.asked.get(name, 0) + 1
        known = NAMES.get(name) or [[_as_the_system_reads(name)]]
        return [_row(address, port) for address in known[min(count, len(known)) - 1]]


def _as_the_system_reads(name: str) -> str:
    """Old forms of an IPv4 address are read as libc reads them; what else is no name of the table is this machine."""
    try:
        return str(ip_address(name))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except OSError:
        return "127.0.0.1"


def _row(address: str, port: Any) -> tuple[Any, ...]:
    if ":" in address:
        bare, _, scope = address.partition("%")
        return socket.AF_INET6, socket.SOCK_STREAM, 6, "", (bare, port, 0, int(scope or 0))
    return socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)


def is_inside(address: str) -> bool:
    """Whether a connection there may end at no public server, by the standard library's own words and the carriers of
    IPv4 taken apart here: it knows nothing of the guard.
    """
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv4Address):
        own = ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")
        return not parsed.is_global or parsed.is_multicast or any(parsed in ip_network(each) for each in own)
    return _inside_six(parsed)


def _inside_six(parsed: IPv6Address) -> bool:
    number = int(parsed)
    if parsed in ip_network("::ffff:0:0/96") or parsed in ip_network("64:ff9b::/96"):
        return is_inside(str(IPv4Address(number & 0xFFFFFFFF)))
    carriers = ("2002::/16", "2001::/23", "3fff::/20", "2001:db8::/32")
    return parsed not in ip_network("2000::/3") or any(parsed in ip_network(each) for each in carriers)
