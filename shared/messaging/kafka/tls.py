"""TLS towards the brokers."""

import ssl

from shared.settings import Kafka


class _Socket(ssl.SSLSocket):
    """Closes itself where its handshake fails; kafka-python 3.0.12 leaves that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError:
            self.close()
            raise


def tls_context(settings: Kafka) -> ssl.SSLContext:
    """Checks the brokers' certificates and names, and shows the client's own where there is one. OSError."""
    context = ssl.create_default_context(cafile=settings.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _Socket
    if settings.certificate_file:
        # With a password in any case: without one OpenSSL would ask for it at the terminal.
        context.load_cert_chain(settings.certificate_file, settings.key_file, settings.key_password or "")
    return context
