"""What the pages point at is there: each relative link, and each path of the repository that is written in code."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
LINKING = (*PAGES, *sorted((ROOT / "docs/decisions").glob("*.md")), *sorted((ROOT / "samples").rglob("*.md")))
TOPS = "|".join(("services", "shared", "deploy", "tests", "bench", "docs", "requirements", "samples", r"\.ci"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(rf"`((?:{TOPS})/[\w./-]*)`")
HEADING = re.compile(r"^#+ (.*)$", re.M)


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them: lower case, no punctuation, a hyphen for each space."""
    headings = HEADING.findall(page.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def _missing_links(page: Path) -> Iterator[str]:
    for link in LINK.findall(page.read_text("utf-8")):
        if link.startswith(("http:", "https:", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            yield link


def _missing_paths(page: Path) -> Iterator[str]:
    """A path with a secret in it is there only once somebody made it."""
    for path in PATH.findall(page.read_text("utf-8")):
        if "/.secrets" not in path and not (ROOT / path).exists():
            yield path


def test_each_relative_link_leads_somewhere() -> None:
    found = {str(page.relative_to(ROOT)): list(_missing_links(page)) for page in LINKING}

    assert {name: links for name, links in found.items() if links} == {}


def test_each_path_that_a_page_names_is_there() -> None:
    found = {page.name: list(_missing_paths(page)) for page in PAGES}

    assert {name: paths for name, paths in found.items() if paths} == {}


def test_each_page_is_named_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")

    assert [page.name for page in PAGES[1:] if f"docs/{page.name}" not in readme] == []
