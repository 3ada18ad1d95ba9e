"""Settings: every mistake is named at once, secrets may be files, and nothing secret is printed."""

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from services.escrow.provider.factory import ADAPTERS
from shared.settings import Address, Need, Settings, SettingsError, Terms, load, load_or_exit
from shared.settings.sections import PROVIDERS

KEY = "00ff" * 16


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    keys = tmp_path / "jwks.json"
    keys.write_text('{"keys": []}')
    return {
        "MONGODB_URI": "mongodb://u:p@127.0.0.1:27017",
        "PSEUDONYM_KEY": KEY,
        "JWKS_FILE": str(keys),
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092, kafka:9092",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": "1025",
        "PROVIDER_MONGODB_URI": "mongodb://127.0.0.1:27017",
        "PROVIDER_WEBHOOK_URL": "http://127.0.0.1:8080/v1/webhooks/provider",
        "PROVIDER_WEBHOOK_SECRET": "0123456789abcdef",
    }


def everything(environ: dict[str, str]) -> Settings:
    return load("escrow", "web", "worker", "mail", "provider", environ=environ)


def faults(environ: dict[str, str], *needs: Need) -> list[str]:
    with pytest.raises(SettingsError) as refusal:
        load("escrow", *(needs or ("web", "worker", "mail", "provider")), environ=environ)
    return refusal.value.faults


def test_defaults_are_those_of_the_contract(environ: dict[str, str]) -> None:
    """What is not given has its default."""
    settings = everything(environ)

    assert settings.mongodb.database == "escrow"
    assert settings.pseudonym_key == bytes.fromhex(KEY)
    assert settings.kafka.bootstrap_servers == ("127.0.0.1:9092", "kafka:9092")
    assert settings.kafka.security_protocol == "PLAINTEXT"
    assert settings.web.bind == Address("0.0.0.0", 8000)
    assert (settings.web.threads, settings.web.workers, settings.web.body_limit) == (8, 1, 65536)
    assert (settings.tokens.issuer, settings.tokens.audience) == ("https://golem.local", "good-golem")
    assert settings.terms == Terms()


@pytest.mark.parametrize(
    ("issuer", "database", "kid", "refused"),
    [
        ("https://id.example", "mongo:27017", "local-abc", True),
        ("https://id.example", "mongo:27017", "abc", False),
        ("https://golem.local", "mongo:27017", "local-abc", False),
        ("https://id.example", "127.0.0.1:27017", "local-abc", False),
    ],
)
def test_the_development_key_is_nobodys_elses(
    environ: dict[str, str], issuer: str, database: str, kid: str, refused: bool
) -> None:
    """Beside the name of an identity provider it is what is left where its overlay was forgotten."""
    Path(environ["JWKS_FILE"]).write_text(f'{{"keys": [{{"kty": "OKP", "kid": "{kid}"}}]}}')
    environ |= {"TOKEN_ISSUER": issuer, "MONGODB_URI": f"mongodb://u:p@{database}"}
    if not refused:
        assert everything(environ).tokens.issuer == issuer
        return

    (fault,) = faults(environ)
    assert fault.startswith("JWKS_FILE: holds the development key")


def test_a_provider_that_nobody_has_an_adapter_for(environ: dict[str, str]) -> None:
    """It is the sandbox where nothing is said; another name is a fault; each that may be given has its adapter."""
    assert everything(environ).provider.name == "sandbox"
    assert faults(environ | {"PROVIDER": "stripes"}) == ["PROVIDER: expected one of sandbox, not 'stripes'"]
    assert set(ADAPTERS) == set(PROVIDERS)


def test_every_mistake_is_named_at_once(environ: dict[str, str]) -> None:
    """One start shows all that is wrong, one line a variable."""
    del environ["MONGODB_URI"]
    environ |= {"WEB_THREADS": "many", "BIND": "8000", "SILENCE": "-1", "SMTP_PORT": "0", "PSEUDONYM_KEY": "short"}

    said = faults(environ)

    named = ["BIND", "MONGODB_URI", "PSEUDONYM_KEY", "SILENCE", "SMTP_PORT", "WEB_THREADS"]
    assert sorted(fault.split(":")[0] for fault in said) == named
    assert "WEB_THREADS: expected a whole number from 1 to 256, not 'many'" in said


def test_a_part_that_is_not_needed_may_be_missing() -> None:
    """A web process starts without Kafka, a worker without token keys."""
    base = {"MONGODB_URI": "mongodb://db", "PSEUDONYM_KEY": KEY, "KAFKA_BOOTSTRAP_SERVERS": "kafka:9092"}

    assert load("listing", "worker", environ=base).kafka.bootstrap_servers == ("kafka:9092",)
    assert load("listing", environ={"MONGODB_URI": "mongodb://db"}).mongodb.database == "listing"
    assert faults(base, "web") == [
        "JWKS_FILE: give one of JWKS_FILE and JWKS_URL: the public keys that tokens are signed with"
    ]


def test_a_secret_may_be_a_file(environ: dict[str, str], tmp_path: Path) -> None:
    """NAME_FILE is read, without its newline; both at once is a mistake, an unreadable one too."""
    secret = tmp_path / "key"
    secret.write_text("forty bytes of plain text, and a newline\n")
    environ |= {"PSEUDONYM_KEY": "", "PSEUDONYM_KEY_FILE": str(secret)}

    assert everything(environ).pseudonym_key == b"forty bytes of plain text, and a newline"
    assert faults(environ | {"PSEUDONYM_KEY": KEY}) == ["PSEUDONYM_KEY: is given twice, also as PSEUDONYM_KEY_FILE"]
    assert faults(environ | {"PSEUDONYM_KEY_FILE": "/nowhere"}) == [
        "PSEUDONYM_KEY: PSEUDONYM_KEY_FILE cannot be read: FileNotFoundError"
    ]


def test_no_secret_is_said(environ: dict[str, str]) -> None:
    """Neither a message nor a repr holds a secret, right or wrong."""
    assert "u:p" not in repr(everything(environ))
    assert "0123456789abcdef" not in repr(everything(environ))

    said = faults(environ | {"MONGODB_URI": "postgres://u:hunter2@db", "PROVIDER_WEBHOOK_SECRET": "hunter2"})

    assert len(said) == 2
    assert "hunter2" not in str(said)


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (KEY, bytes.fromhex(KEY)),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", bytes(range(32))),
        ("a long and plain sentence of more than 32 bytes", b"a long and plain sentence of more than 32 bytes"),
    ],
)
def test_the_pseudonym_key_is_hex_base64_or_text(environ: dict[str, str], raw: str, key: bytes) -> None:
    """Whichever it is, it is read the same way by every process."""
    assert everything(environ | {"PSEUDONYM_KEY": raw}).pseudonym_key == key


@pytest.mark.parametrize(
    ("raw", "url"),
    [
        ("https://golem.example", "https://golem.example"),
        ("https://golem.example/", "https://golem.example"),
        ("http://[::1]:8080/portal//", "http://[::1]:8080/portal"),
    ],
)
def test_the_public_url_has_no_slash_at_its_end(environ: dict[str, str], raw: str, url: str) -> None:
    assert everything(environ).public_url == "http://localhost:8080"
    assert everything(environ | {"PUBLIC_URL": raw}).public_url == url


@pytest.mark.parametrize(
    "raw", ["golem.example", "ftp://golem.example", "https://u:p@golem.example", "https://golem.example/?a=1",
            "https://golem.example/#a", 'https://golem.example/"><b>', "https://", "https://golem .example"],
)  # fmt: skip
def test_a_public_url_that_links_cannot_be_made_of(environ: dict[str, str], raw: str) -> None:
    assert [fault.split(":")[0] for fault in faults(environ | {"PUBLIC_URL": raw})] == ["PUBLIC_URL"]


def test_a_misspelled_variable_is_refused(environ: dict[str, str]) -> None:
    """A name that is nearly right says which one is meant; a foreign one is not our business."""
    environ |= {"KAFKA_BOOTSTRAP_SERVER": "x:1", "KAFKA_OPTS": "-Xmx1g", "PATH": "/bin"}

    assert faults(environ) == ["KAFKA_BOOTSTRAP_SERVER: is unknown; did you mean KAFKA_BOOTSTRAP_SERVERS?"]


def test_sasl_needs_its_three_values(environ: dict[str, str]) -> None:
    """A SASL protocol without mechanism, user and password is three mistakes."""
    said = faults(environ | {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"})

    assert [fault.split(":")[0] for fault in said] == [
        "KAFKA_SASL_MECHANISM",
        "KAFKA_SASL_USERNAME",
        "KAFKA_SASL_PASSWORD",
    ]


def test_every_term_can_be_set(environ: dict[str, str]) -> None:
    """Each duration and limit is a variable of its own name, in seconds or as a number."""
    environ |= {term.name.upper(): "7" for term in dataclasses.fields(Terms)}

    terms = everything(environ).terms

    assert terms.silence == timedelta(seconds=7)
    assert terms.fee_bps == 7
    assert all(getattr(terms, t.name) in (7, timedelta(seconds=7)) for t in dataclasses.fields(Terms))


def test_a_process_with_wrong_settings_ends_with_78(capsys: pytest.CaptureFixture[str]) -> None:
    """The message goes to stderr and names the variable."""
    with pytest.raises(SystemExit) as end:
        load_or_exit("listing", environ={})

    assert end.value.code == 78
    assert "MONGODB_URI: is missing (or MONGODB_URI_FILE)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "tls"),
    [
        ({}, "none"),
        ({"SMTP_PORT": "465"}, "implicit"),
        ({"SMTP_USERNAME": "golem", "SMTP_PASSWORD": "secret"}, "starttls"),
        ({"SMTP_PORT": "465", "SMTP_USERNAME": "golem", "SMTP_PASSWORD": "secret"}, "implicit"),
        ({"SMTP_TLS": "implicit"}, "implicit"),
        ({"SMTP_TLS": "none", "SMTP_USERNAME": "golem", "SMTP_PASSWORD": "secret"}, "none"),
        ({"SMTP_STARTTLS": "1"}, "starttls"),
        ({"SMTP_STARTTLS": "0", "SMTP_PORT": "465"}, "none"),
    ],
)
def test_how_mail_is_encrypted(environ: dict[str, str], given: dict[str, str], tls: str) -> None:
    """By what is set; a password never goes out in the clear unless somebody says so."""
    assert everything(environ | given).mail.tls == tls


def test_faults_of_the_mail_server(environ: dict[str, str], tmp_path: Path) -> None:
    """Two words on TLS; authorities that are none; a password that SMTP cannot carry."""
    no_ca = tmp_path / "ca.pem"
    no_ca.write_text("no certificate")

    for given, fault in (
        ({"SMTP_TLS": "none", "SMTP_STARTTLS": "1"}, "SMTP_STARTTLS: is given beside SMTP_TLS"),
        ({"SMTP_TLS": "ssl"}, "SMTP_TLS: expected one of none, starttls, implicit"),
        ({"SMTP_CA_FILE": str(no_ca)}, "SMTP_CA_FILE: expected a PEM file"),
        ({"SMTP_CA_FILE": "/nowhere"}, "SMTP_CA_FILE: expected a file that exists"),
        ({"SMTP_USERNAME": "golem", "SMTP_PASSWORD": "gehéim"}, "SMTP_PASSWORD: expected ASCII"),
    ):
        (found,) = faults(environ | given)
        assert found.startswith(fault)


@pytest.mark.parametrize("url", ["http://h:x/", "http://h:70000/", "http://:80/", "http://h:0/"])
def test_an_address_that_cannot_be_asked(environ: dict[str, str], url: str) -> None:
    environ.pop("JWKS_FILE")

    assert faults(environ | {"JWKS_URL": url})[0].startswith("JWKS_URL: expected an http or https URL")
