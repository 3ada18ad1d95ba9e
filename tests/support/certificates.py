"""Authorities of a test's own, and the certificates that they sign."""

import datetime
import ipaddress
import ssl
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)


class Authority:
    """Signs certificates; `ca_file` is its own."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder, self._name, self._key = folder, name, ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._signed(name, self._key.public_key(), None)
        self.ca_file = folder / f"{name}.pem"
        self.ca_file.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def server(self, host: str, expired: bool = False) -> ssl.SSLContext:
        """What a server of that name encrypts with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.issued(host, [host], expired))
        return context

    def issued(self, name: str, hosts: Sequence[str] = (), expired: bool = False, password: str | None = None) -> Path:
        """A PEM file with a certificate and its key, encrypted where a password is given."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(name, key.public_key(), hosts, expired)
        sealed = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        file = self._folder / f"{self._name}-{name}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)
        file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        return file

    def _signed(
        self, name: str, key: ec.EllipticCurvePublicKey, hosts: Sequence[str] | None, expired: bool = False
    ) -> x509.Certificate:
        """`hosts` is None for the authority itself."""
        now, authority = datetime.datetime.now(datetime.UTC), hosts is None
        named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._name)])
        builder = x509.CertificateBuilder(issuer, named, key, x509.random_serial_number())
        builder = builder.not_valid_before(now - 3 * _DAY).not_valid_after(now - _DAY if expired else now + _DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        own = x509.SubjectKeyIdentifier.from_public_key(key)
        builder = builder.add_extension(own, critical=False)
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(signer, critical=False)
        usage = x509.KeyUsage(True, False, False, False, False, authority, authority, False, False)
        builder = builder.add_extension(usage, critical=True)
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName([_host(h) for h in hosts]), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
