"""`python -m shared.events.generate [--check]`: the JSON Schema files and `docs/events.md`, made from the catalogue.

With `--check` nothing is written; exit code 1 and the names of the files that differ.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from shared.events import jsonschemas, reference


def generated() -> dict[Path, str]:
    """Each generated file and what belongs in it."""
    return {**dict(jsonschemas.files()), reference.PATH: reference.reference()}


def stale(wanted: dict[Path, str]) -> list[Path]:
    """The files that are missing, differ from `wanted`, or describe an event that no longer exists."""
    differ = [path for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    return differ + [path for path in sorted(jsonschemas.FOLDER.glob("*.json")) if path not in wanted]


def main(arguments: Sequence[str]) -> int:
    if any(argument != "--check" for argument in arguments):
        print("usage: python -m shared.events.generate [--check]", file=sys.stderr)
        return 2
    wanted = generated()
    changed = stale(wanted)
    root = reference.PATH.parents[1]
    for path in changed:
        if arguments:
            print(f"{path.relative_to(root)} is not what the catalogue says: run python -m shared.events.generate")
            continue
        if path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8")
        else:
            path.unlink()
        print(path.relative_to(root))
    return 1 if changed and arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
