"""Writes the manifests: `python -m deploy.kubernetes`."""

from pathlib import Path

from deploy.kubernetes.manifests import files
from deploy.kubernetes.written import written


def main() -> None:
    for name, documents in files().items():
        file = Path(__file__).parent / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(written(documents), encoding="utf-8")


if __name__ == "__main__":
    main()
