"""python -m deploy.docs [--check]: write the generated pages, or tell which are stale (exit code 1)."""

import sys
from pathlib import Path

from deploy.docs import (
    asyncapi,
    changelog,
    codes,
    evidence,
    invariants,
    lifecycles,
    matching,
    openapi,
    places,
    problems,
    settings,
)

ROOT = Path(__file__).parents[2]


def pages() -> dict[Path, str]:
    """Each generated file and what it should hold."""
    docs = ROOT / "docs"
    return {
        docs / "asyncapi.json": asyncapi.page(),
        docs / "contract-changelog.md": changelog.page(),
        docs / "codes.md": codes.page(),
        docs / "evidence.md": evidence.page(),
        docs / "invariants.md": invariants.page(),
        docs / "lifecycles.md": lifecycles.page(),
        docs / "matching.md": matching.page(),
        docs / "openapi.json": openapi.page(),
        docs / "rules.md": places.page(),
        docs / "settings.md": settings.page(),
        docs / "problems.md": problems.page(),
        ROOT / "deploy" / "gateway" / "site" / "v1" / "asyncapi.json": asyncapi.site(),
        ROOT / "deploy" / "gateway" / "site" / "v1" / "openapi.json": openapi.site(),
    }


def stale() -> list[Path]:
    return [path for path, text in pages().items() if not path.is_file() or path.read_text("utf-8") != text]


def main() -> int:
    if "--check" in sys.argv[1:]:
        for path in stale():
            print(f"{path.relative_to(ROOT)} is stale: run python -m deploy.docs", file=sys.stderr)
        return int(bool(stale()))
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
