"""Writes the manifests: `python -m deploy.kubernetes`."""

from pathlib import Path

from deploy.kubernetes.manifests import files
from deploy.kubernetes.written import written


def main() -> None:
    folder = Path(__file__).parent
    for name, documents in files().items():
        (folder / name).write_text(written(documents), encoding="utf-8")


if __name__ == "__main__":
    main()
