"""The database's URI: TLS and options are checked at the start, and database-setup goes where the services go."""

import os
from pathlib import Path

import pytest
from pymongo.uri_parser import parse_uri

from deploy.mongo.setup import as_root
from shared.settings import SettingsError, load
from tests.support.certificates import Authority


def faults(uri: str) -> list[str]:
    with pytest.raises(SettingsError) as refusal:
        load("listing", environ={"MONGODB_URI": uri})
    return refusal.value.faults


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    authority = Authority(tmp_path)
    (tmp_path / "no").write_text("no PEM")
    certificate = tmp_path / "certificate"
    certificate.write_text(authority.issued("listing").read_text().partition("-----BEGIN CERT")[2])
    mine = str(authority.issued("client"))
    return {"ca": str(authority.ca_file), "mine": mine, "no": str(tmp_path / "no"), "keyless": str(certificate)}


@pytest.mark.parametrize(
    "options",
    [
        "tls=true",
        "tls=true&tlsCAFile={ca}",
        "tls=true&tlsCAFile={ca}&tlsCertificateKeyFile={mine}",
        "replicaSet=rs0&w=majority&readConcernLevel=majority",
        "tlsCAFile={ca}",
    ],
)
def test_a_uri_with_tls_is_taken(files: dict[str, str], options: str) -> None:
    """Also of three hosts, and of a cluster's one name, which is not looked up."""
    for hosts in ("db-1:27017,db-2:27017,db-3:27017/listing", "db-1/listing"):
        uri = f"mongodb://listing:secret-1@{hosts}?{options.format(**files)}"
        assert load("listing", environ={"MONGODB_URI": uri}).mongodb.uri == uri
    load("listing", environ={"MONGODB_URI": f"mongodb+srv://u:p@db.example/listing?{options.format(**files)}"})


@pytest.mark.parametrize(
    "options",
    [
        "tls=false&tlsCAFile={ca}",
        "tls=true&tlsCAFile=/nowhere",
        "tls=true&tlsCAFile={no}",
        "tls=true&tlsCertificateKeyFile={keyless}",
        "tls=true&tlsInsecure=true&tlsAllowInvalidCertificates=true",
        "tls=true&tlsCaFil={ca}",
        "tls=yes",
        "directConnection=true",
        "authMechanism=MONGODB-X509&tls=true",
        "authMechanism=PASSWORD",
        "w=majority&journal=perhaps",
    ],
)
def test_options_that_do_not_fit_are_named(files: dict[str, str], options: str) -> None:
    """Misspelled ones, too, which the driver passes over; no word of the password."""
    said = faults(f"mongodb://listing:secret-1@a,b/listing?{options.format(**files)}")

    assert [fault.split(":")[0] for fault in said] == ["MONGODB_URI"]
    assert "secret-1" not in str(said)


@pytest.mark.parametrize("uri", ["mongodb://u:hun@ter2@h", "mongodb://u:hun/ter2@h", "mongodb://u:hun:ter2@h"])
def test_a_password_that_is_not_encoded_is_not_repeated(uri: str) -> None:
    assert "ter2" not in str(faults(uri))


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://listing:x%2Fy@a:1,b:2,c:3/listing?replicaSet=rs0&tls=true&w=majority&authSource=listing",
        "mongodb://CN=listing@a:1,b:2,c:3/?replicaSet=rs0&tls=true&w=majority&authmechanism=MONGODB-X509&authSource=$external",
        "mongodb://listing:x@a:1,b:2,c:3/listing?authMechanism=SCRAM-SHA-256&replicaSet=rs0&tls=true&w=majority",
    ],
)
def test_database_setup_goes_to_the_primary_of_the_services_set(uri: str, tmp_path: Path) -> None:
    """With the same TLS and write concern, as the root user, who is known in `admin`."""
    (tmp_path / "mongodb_root_password").write_text("p@ss/word\n")

    root = parse_uri(as_root({"MONGODB_ROOT_USERNAME": "chief"}, tmp_path, uri))

    assert (root["username"], root["password"], root["database"]) == ("chief", "p@ss/word", None)
    assert root["nodelist"] == [("a", 1), ("b", 2), ("c", 3)]
    assert dict(root["options"]) == {"replicaSet": "rs0", "tls": True, "w": "majority", "authSource": "admin"}


def test_the_uris_of_make_secrets_are_taken(tmp_path: Path) -> None:
    import subprocess

    root = Path(__file__).resolve().parents[2]
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "secrets").write_text((root / "deploy" / "secrets").read_text())
    subprocess.run(["sh", tmp_path / "deploy" / "secrets"], check=True, capture_output=True, env=dict(os.environ))

    for file in (tmp_path / "deploy" / ".secrets").glob("mongodb_*_uri"):
        assert load("listing", environ={"MONGODB_URI_FILE": str(file)}).mongodb.uri == file.read_text()
