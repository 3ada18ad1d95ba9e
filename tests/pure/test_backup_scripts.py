"""`deploy/backup` and `deploy/restore` where no replica set can be had: against a `docker` that writes down what it is
asked for, and plays a replica set with MongoDB's tools. On a real deployment: tests/compose/running/test_backup.py.
"""

import os
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
        exec "$PYTHON" -m deploy.sealed "${command[@]/#\/identity/$identity}" ;;
    "compose config") echo "name: golem-test"; echo "${SETTLED-}"; [[ "${SETTLED-}" != stat* ]] ;;
    *"mongodump --config"*) printf 'the whole database' | gzip; exit "${DUMP_ENDS:-0}" ;;
    *mongorestore*) gunzip > "$RESTORED" ;;
    *hello*) echo "${SET_NAME-rs0}" ;;
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


def act(environ: dict[str, str], *command: str, ends: int = 0) -> str:
    done = subprocess.run([*command], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
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
    ],
    ids=["overlay", "rules", "rules with a space"],
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
