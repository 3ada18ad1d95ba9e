"""How a client comes in at Kafka: what fits together is taken, and what does not stops the start by its name."""

import os
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.kafka.topics import client_settings
from shared.messaging.kafka import connection
from shared.settings import Kafka, SettingsError, load_kafka
from tests.support.certificates import Authority

Environ = dict[str, str]
SERVERS = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9093"}
PASSWORD = {"KAFKA_SASL_USERNAME": "listing", "KAFKA_SASL_PASSWORD": "secret-1"}
TOKENS = {
    "KAFKA_OAUTH_TOKEN_URL": "https://id.example/token",
    "KAFKA_OAUTH_CLIENT_ID": "listing",
    "KAFKA_OAUTH_CLIENT_SECRET": "secret-2",
}
SCRAM = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512", **PASSWORD}
OAUTH = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_MECHANISM": "OAUTHBEARER", **TOKENS}
SSL = {"KAFKA_SECURITY_PROTOCOL": "SSL"}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """PEM files by what they are; `open` is a key's password."""
    authority = Authority(tmp_path)
    whole, sealed = authority.issued("listing").read_text(), authority.issued("sealed", password="open")
    key, _, certificate = whole.partition("-----BEGIN CERTIFICATE-----")
    for name, text in {"key": key, "certificate": f"-----BEGIN CERTIFICATE-----{certificate}", "no": "no PEM"}.items():
        (tmp_path / name).write_text(text)
    names = {name: str(tmp_path / name) for name in ("key", "certificate", "no")}
    whole_file, other = str(tmp_path / "authority-listing.pem"), str(Authority(tmp_path, "other").issued("x"))
    return {**names, "ca": str(authority.ca_file), "whole": whole_file, "sealed": str(sealed), "other": other}


def faults(environ: Environ) -> list[str]:
    with pytest.raises(SettingsError) as refusal:
        load_kafka(SERVERS | environ)
    return refusal.value.faults


def test_every_client_gets_what_was_set(files: dict[str, str]) -> None:
    """The services' clients and those of commands by the one function, of the same variables."""
    environ = SERVERS | SCRAM | {
        "KAFKA_SSL_CA_FILE": files["ca"],
        "KAFKA_SSL_CERTIFICATE_FILE": files["certificate"],
        "KAFKA_SSL_KEY_FILE": files["key"],
    }  # fmt: skip
    both = connection(load_kafka(environ), "listing-relay"), client_settings(environ)

    for options in both:
        assert options["ssl_context"].verify_mode == ssl.CERT_REQUIRED
        assert options["ssl_context"].check_hostname
        assert [each["subject"] for each in options["ssl_context"].get_ca_certs()] == [
            ((("commonName", "authority"),),)
        ]
        assert {name: value for name, value in options.items() if name.startswith(("sasl", "security"))} == {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": "listing",
            "sasl_plain_password": "secret-1",
        }


@pytest.mark.parametrize(
    "environ",
    [
        {},
        SSL,
        SCRAM,
        SCRAM | {"KAFKA_SECURITY_PROTOCOL": "sasl_plaintext", "KAFKA_SASL_MECHANISM": "plain"},
        SCRAM | {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-256"},
        OAUTH,
        OAUTH | {"KAFKA_OAUTH_SCOPE": "kafka", "KAFKA_OAUTH_TOKEN_URL": "http://127.0.0.1:8080/token"},
        SCRAM | {"KAFKA_OAUTH_SCOPE": " "},
    ],
)
def test_what_fits_together_is_taken(environ: Environ) -> None:
    assert isinstance(load_kafka(SERVERS | environ), Kafka)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        (SCRAM | {"KAFKA_SECURITY_PROTOCOL": "TLS"}, ["KAFKA_SECURITY_PROTOCOL"]),
        (PASSWORD, ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"]),
        (SSL | {"KAFKA_SASL_MECHANISM": "PLAIN"}, ["KAFKA_SASL_MECHANISM"]),
        (SSL | TOKENS, [*TOKENS]),
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, ["KAFKA_SASL_MECHANISM", *PASSWORD]),
        (SCRAM | {"KAFKA_SASL_MECHANISM": "GSSAPI"}, ["KAFKA_SASL_MECHANISM"]),
        (SCRAM | {"KAFKA_SASL_PASSWORD": ""}, ["KAFKA_SASL_PASSWORD"]),
        (SCRAM | {"KAFKA_OAUTH_SCOPE": "kafka"}, ["KAFKA_OAUTH_SCOPE"]),
        (OAUTH | PASSWORD, ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"]),
        (OAUTH | {"KAFKA_OAUTH_CLIENT_ID": ""}, ["KAFKA_OAUTH_CLIENT_ID"]),
        (OAUTH | {"KAFKA_OAUTH_TOKEN_URL": "http://id.example/token"}, ["KAFKA_OAUTH_TOKEN_URL"]),
        (OAUTH | {"KAFKA_OAUTH_CLIENT_SECRET": "", "KAFKA_OAUTH_CLIENT_SECRET_FILE": "/nowhere"},
         ["KAFKA_OAUTH_CLIENT_SECRET"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(environ: Environ, named: list[str]) -> None:
    said = faults(environ)

    assert sorted(fault.split(":")[0] for fault in said) == sorted(named)
    assert not any(secret in str(said) for secret in ("secret-1", "secret-2"))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"CA": "no"}, "KAFKA_SSL_CA_FILE"),
        ({"CA": "nowhere"}, "KAFKA_SSL_CA_FILE"),
        ({"KEY": "key"}, "KAFKA_SSL_KEY_FILE"),
        ({"CERTIFICATE": "certificate"}, "KAFKA_SSL_CERTIFICATE_FILE"),
        ({"CERTIFICATE": "certificate", "KEY": "other"}, "KAFKA_SSL_CERTIFICATE_FILE"),
        ({"CERTIFICATE": "sealed"}, "KAFKA_SSL_CERTIFICATE_FILE"),
        ({"CERTIFICATE": "no"}, "KAFKA_SSL_CERTIFICATE_FILE"),
    ],
)
def test_files_that_open_nothing_are_named(files: dict[str, str], given: Environ, named: str) -> None:
    """At the start, and not at the first connection."""
    environ = {f"KAFKA_SSL_{what}_FILE": files.get(file, f"/{file}") for what, file in given.items()}

    assert [fault.split(":")[0] for fault in faults(SSL | environ)] == [named]
    assert sorted(fault.split(":")[0] for fault in faults(environ))[0] == sorted(environ)[0]


def test_a_key_may_be_in_the_certificates_file_and_encrypted(files: dict[str, str], tmp_path: Path) -> None:
    """Its password may come in a file, like every secret."""
    (tmp_path / "password").write_text("open\n")
    sealed = {"KAFKA_SSL_CERTIFICATE_FILE": files["sealed"], "KAFKA_SSL_KEY_PASSWORD_FILE": str(tmp_path / "password")}

    assert load_kafka(SERVERS | SSL | {"KAFKA_SSL_CERTIFICATE_FILE": files["whole"]}).key_file is None
    assert load_kafka(SERVERS | SSL | sealed).key_password == "open"
    (tmp_path / "password").write_text("shut")
    assert [fault.split(":")[0] for fault in faults(SSL | sealed)] == ["KAFKA_SSL_CERTIFICATE_FILE"]


@pytest.mark.parametrize("start", ["deploy.kafka.setup", "deploy.kafka.topics"])
def test_the_jobs_end_with_the_name(
    start: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """78, as the services do."""
    import importlib

    main: Callable[[], int] = importlib.import_module(start).main
    for name in [name for name in os.environ if name.startswith("KAFKA_")]:
        monkeypatch.delenv(name)
    for name, value in (SERVERS | SCRAM | {"KAFKA_SASL_USERNAME": ""}).items():
        monkeypatch.setenv(name, value)

    assert main() == 78
    assert "KAFKA_SASL_USERNAME: is missing" in capsys.readouterr().err
