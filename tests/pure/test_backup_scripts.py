"""`deploy/backup` and `deploy/restore` where no replica set can be had: against a `docker` that writes down what it is
asked for, and plays a replica set with MongoDB's tools. On a real deployment: tests/compose/running/test_backup.py.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKER = r"""#!/usr/bin/env bash
echo "$*" >> "$ASKED"
case "$*" in
    "run --rm --interactive"*)
        identity=$(sed -n 's/.*--volume \([^:]*\):\/identity.*/\1/p' <<< "$*")
        all=$*
        read -ra command <<< "${all##*-m deploy.sealed }"
        [ -z "${WATCHED-}" ] || [ "${command[0]}" != seal ] || ! grep -rl "$(cat "$SECRET")" "$WATCHED" || exit 1
        exec "$PYTHON" -m deploy.sealed "${command[@]/#\/identity/$identity}" ;;
    "compose config") echo "name: golem-test"; echo "${SETTLED-}"; [[ "${SETTLED-}" != stat* ]] ;;
    *"mongodump --config"*) printf 'the whole database' | gzip; exit "${DUMP_ENDS:-0}" ;;
    *mongorestore*) gunzip > "$RESTORED" ;;
    *hello*) echo "${SET_NAME-rs0}" ;;
    "compose up --detach --wait") exit "${UP_ENDS:-0}" ;;
    "compose ps"*) echo "${RUNNING-id}" ;;
    *"--entrypoint tar mongo -C /data/db -czf"*) printf 'the volume' | gzip; exit "${DUMP_ENDS:-0}" ;;
esac
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "bin").mkdir()
    docker = tmp_path / "bin" / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    files = {"ASKED": str(tmp_path / "asked"), "RESTORED": str(tmp_path / "restored"), "PYTHON": sys.executable}
    return os.environ | files | {"PATH": f"{docker.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


def act(environ: dict[str, str], *command: str, ends: int = 0, cwd: Path = ROOT) -> str:
    done = subprocess.run([*command], cwd=cwd, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == ends, done.stdout + done.stderr
    return done.stdout + done.stderr


def asked(environ: dict[str, str], word: str) -> list[str]:
    return [line for line in Path(environ["ASKED"]).read_text().splitlines() if word in line]


@pytest.fixture
def key(environ: dict[str, str], tmp_path: Path) -> tuple[str, str]:
    """(the identity's file, the recipient)"""
    said = act(environ, "deploy/backup", "key", str(tmp_path / "identity"))
    return str(tmp_path / "identity"), said.split()[-1]


def test_a_replica_set_is_read_without_a_stop(environ: dict[str, str], key: tuple[str, str], tmp_path: Path) -> None:
    """By mongodump with its oplog; the password is on no command line; and it comes back as it was."""
    made = act(environ, "deploy/backup", "database", str(tmp_path / "to"), key[1]).split(" ")[0]
    act(environ, "deploy/restore", "database", made, key[0])

    assert asked(environ, "mongodump")[-1].endswith("--config /tmp/login --oplog --archive --gzip")
    assert not [line for line in asked(environ, "compose stop") if "mongo" in line]
    assert b"whole" not in (Path(made) / "database.dump.gz.age").read_bytes()
    assert Path(environ["RESTORED"]).read_text() == "the whole database"
    all_of_it = ["compose up --detach --wait"]
    order = [asked(environ, word)[0] for word in ("compose stop", "mongorestore", "database-setup", "golem replay")]
    order += [*all_of_it, asked(environ, "golem verify")[0]]
    assert order == sorted(order, key=Path(environ["ASKED"]).read_text().splitlines().index)
    assert [line for line in asked(environ, "compose up") if "--no-deps --wait mongo" not in line] == all_of_it


def test_what_is_not_healthy_after_a_restore_does_not_keep_it_from_being_verified(
    environ: dict[str, str], key: tuple[str, str], tmp_path: Path
) -> None:
    """As TLS without a certificate, while the host's name leads elsewhere: it is told, and nothing begins again."""
    made = act(environ, "deploy/backup", "database", str(tmp_path / "to"), key[1]).split(" ")[0]

    said = act(environ | {"UP_ENDS": "1"}, "deploy/restore", "database", made, key[0], ends=1)

    assert asked(environ, "golem verify") and "all of it holds, but not every container is healthy" in said


@pytest.mark.parametrize("running", ["id", ""])
def test_one_server_is_stopped_and_started_again(
    environ: dict[str, str], key: tuple[str, str], tmp_path: Path, running: str
) -> None:
    """Unless it stood still before."""
    environ |= {"SET_NAME": "", "RUNNING": running}

    made = act(environ, "deploy/backup", "database", str(tmp_path / "to"), key[1]).split(" ")[0]

    assert (Path(made) / "how").read_text() == "cold\n"
    assert bool(asked(environ, "compose up")) == bool(running)


@pytest.mark.parametrize("set_name", ["rs0", ""])
def test_what_breaks_off_is_no_backup(
    environ: dict[str, str], key: tuple[str, str], tmp_path: Path, set_name: str
) -> None:
    """Nothing is left that looks like one, and the database runs again."""
    environ |= {"DUMP_ENDS": "1", "SET_NAME": set_name}

    act(environ, "deploy/backup", "database", str(tmp_path / "to"), key[1], ends=1)

    assert [*(tmp_path / "to").iterdir()] == []
    assert asked(environ, "compose stop") == [] or asked(environ, "compose start mongo")


@pytest.mark.parametrize(
    "command",
    [(), ("backup",), ("database", "folder"), ("key",), ("verify",), ("secrets", "a", "b", "c"), ("list", "a", "b")],
)
def test_what_is_not_understood_shows_how_it_is_used(environ: dict[str, str], command: tuple[str, ...]) -> None:
    assert "deploy/backup key FILE" in act(environ, "deploy/backup", *command, ends=2)


@pytest.mark.parametrize(
    ("settled", "says"),
    [
        ("stat /tmp/ours.yml: no such file or directory", "cannot read its files"),
        ("      - type: bind\n        source: /nowhere/ours.json\n", "/nowhere/ours.json is not there"),
        ('      - type: bind\n        source: "/nowhere/our own.json"\n', "/nowhere/our own.json is not there"),
        ("secrets:\n  jwks:\n    name: golem_jwks\n    file: /nowhere/jwks.json\n", "/nowhere/jwks.json is not there"),
        ('secrets:\n  key:\n    file: "/nowhere/a key"\nvolumes:\n', "/nowhere/a key is not there"),
        ("secrets:\n  key:\n    file: /dev/null\n", "/dev/null is not there"),
        ("secrets:\n  key:\n    file: /tmp\n", "/tmp is not there"),
    ],
    ids=[
        "overlay",
        "rules",
        "rules with a space",
        "a secret",
        "a secret with a space",
        "an empty secret",
        "a folder that docker made in a secret's place",
    ],
)
def test_nothing_is_restored_without_the_files_that_the_deployment_goes_by(
    environ: dict[str, str], key: tuple[str, str], tmp_path: Path, settled: str, says: str
) -> None:
    made = act(environ, "deploy/backup", "database", str(tmp_path / "to"), key[1]).split(" ")[0]

    said = act(environ | {"SETTLED": settled}, "deploy/restore", "database", made, key[0], "--replace", ends=1)

    assert says in said
    assert not asked(environ, "compose stop")


def test_a_cut_or_exchanged_archive_is_found(environ: dict[str, str], key: tuple[str, str], tmp_path: Path) -> None:
    """Also where its checksum was made anew."""
    made = Path(act(environ, "deploy/backup", "database", str(tmp_path / "to"), key[1]).split(" ")[0])
    archive = made / "database.dump.gz.age"
    whole = archive.read_bytes()

    for broken in (whole[:-1], whole + b"x", whole[:60] + bytes([whole[60] ^ 1]) + whole[61:]):
        archive.write_bytes(broken)
        assert "damaged" in act(environ, "deploy/backup", "verify", str(made), ends=1)
        subprocess.run("sha256sum ./*.age how > SHA256SUMS", shell=True, cwd=made, check=True)
        assert "cannot be opened" in act(environ, "deploy/restore", "database", str(made), key[0], ends=1)
    assert not asked(environ, "compose stop")


# -- secrets


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Of the scripts alone, with nothing made yet."""
    folder = tmp_path / "checkout"
    (folder / "deploy").mkdir(parents=True)
    for name in ("secrets", "backup", "restore", "backups.sh"):
        shutil.copy(ROOT / "deploy" / name, folder / "deploy" / name)
    return folder


@pytest.fixture
def plain(environ: dict[str, str]) -> dict[str, str]:
    """Without a folder of secrets of whoever runs the tests."""
    return {name: value for name, value in environ.items() if name != "GOLEM_SECRETS"}


TRYING_OUT = ("CHARGEBACK_WINDOW=", "FIRST_PAYOUT_WAIT=", "LICENCES=")


@pytest.mark.parametrize("folder", ["deploy/.secrets", "elsewhere"])
def test_a_changed_secret_changes_nothing_else(plain: dict[str, str], checkout: Path, folder: str) -> None:
    """What was taken out of .env before real money moves stays out, and the new secret is where the others are."""
    (checkout / ".env").write_text("GATEWAY_PORT=8081\n")
    act(plain, "deploy/secrets", folder, cwd=checkout)
    env = checkout / ".env"
    first = env.read_text().splitlines(keepends=True)
    kept = [line for line in first if not line.startswith(TRYING_OUT)]
    assert len(first) - len(kept) == len(TRYING_OUT) and "GATEWAY_PORT=8081\n" in kept
    env.write_text("".join(kept))
    before = {file: file.read_bytes() for file in (checkout / folder).rglob("*") if file.is_file()}
    changed = checkout / folder / "kafka_listing_password"
    changed.unlink()

    said = act(plain, "deploy/secrets", cwd=checkout)

    assert env.read_text() == "".join(kept)
    assert f"1 made in {'' if folder == 'deploy/.secrets' else './'}{folder}" in said.replace("./deploy", "deploy")
    after = {file: file.read_bytes() for file in checkout.rglob("*") if file in before}
    assert {file for file in before if before[file] != after.get(file)} == {changed}
    assert [*checkout.rglob("pseudonym_key")] == [checkout / folder / "pseudonym_key"]


def test_a_lost_env_does_not_take_the_brakes_off(plain: dict[str, str], checkout: Path) -> None:
    """Where there are secrets, somebody may have set it for real money."""
    act(plain, "deploy/secrets", cwd=checkout)
    (checkout / ".env").unlink()

    act(plain, "deploy/secrets", cwd=checkout)

    assert (checkout / ".env").read_text() == "GOLEM_SECRETS=./deploy/.secrets\n"


@pytest.mark.parametrize("quote", ["", "'"])
def test_secrets_go_sealed_and_come_back_where_their_env_says(
    plain: dict[str, str], checkout: Path, key: tuple[str, str], tmp_path: Path, quote: str
) -> None:
    """In the target there is nothing unsealed at any time; on a new machine the folder is that of the .env in it."""
    folder = tmp_path / "srv" / "golem secrets"
    act(plain, "deploy/secrets", str(folder), cwd=checkout)
    env = (checkout / ".env").read_text().replace(f"{folder}", f"{quote}{folder}{quote}")
    (checkout / ".env").write_text(env)
    secret, target = folder / "pseudonym_key", tmp_path / "synced"
    target.mkdir()
    watched = plain | {"WATCHED": str(target), "SECRET": str(secret)}
    before = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}

    made = Path(act(watched, "deploy/backup", "secrets", str(target), key[1], cwd=checkout).split(" ")[0])
    assert {file.name for file in made.iterdir()} == {"secrets.tar.gz.age", "how", "SHA256SUMS"}
    assert [*target.iterdir()] == [made]
    shutil.rmtree(folder.parent)
    (checkout / ".env").unlink()
    act(plain, "deploy/restore", "secrets", str(made), key[0], cwd=checkout)

    assert (checkout / ".env").read_text() == env
    assert {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before
    assert [*folder.parent.iterdir()] == [folder] and not (checkout / "deploy" / ".secrets").exists()
    assert (folder / "keys" / "signing.pem").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    (checkout / ".env").write_text("GOLEM_SECRETS=./mine\n")
    act(plain, "deploy/restore", "secrets", str(made), key[0], cwd=checkout)
    assert (checkout / "mine" / "pseudonym_key").read_bytes() == before["pseudonym_key"]
    assert (checkout / ".env").read_text() == "GOLEM_SECRETS=./mine\n"
