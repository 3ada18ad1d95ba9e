"""Streams that are encrypted by age (https://age-encryption.org/v1), for `deploy/backup` and `deploy/restore`.

    python -m deploy.sealed key                  a new identity, with the recipient that belongs to it
    python -m deploy.sealed seal RECIPIENT...    standard input for those who have one of the identities
    python -m deploy.sealed open FILE            standard input by the identity in FILE

The program `age` reads and writes the same.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from pyrage import DecryptError, EncryptError, IdentityError, RecipientError, decrypt_io, encrypt_io, x25519


def new_key() -> str:
    """An identity, as age-keygen writes it."""
    identity = x25519.Identity.generate()
    return f"# public key: {identity.to_public()}\n{identity}"


def identities(file: Path) -> list[x25519.Identity]:
    """Those that stand in a file, one a line; IdentityError, OSError."""
    lines = (line.strip() for line in file.read_text("utf-8").splitlines())
    return [x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]


def main(arguments: Sequence[str]) -> int:
    """Whatever it wrote counts only where it returns 0: each piece is authenticated, the end as well."""
    try:
        match [*arguments]:
            case ["key"]:
                print(new_key())
            case ["seal", first, *more]:
                recipients = [x25519.Recipient.from_str(each) for each in (first, *more)]
                encrypt_io(sys.stdin.buffer, sys.stdout.buffer, recipients)
                sys.stdout.buffer.flush()
            case ["open", file]:
                decrypt_io(sys.stdin.buffer, sys.stdout.buffer, identities(Path(file)))
                sys.stdout.buffer.flush()
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except (DecryptError, EncryptError, IdentityError, RecipientError, OSError, UnicodeDecodeError) as error:
        print(f"sealed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
