"""docs/performance.md: the part that was measured is made of bench/results/, the rest is written by hand.

`python -m bench.page` makes it again from the JSON that is there, with the pictures in docs/pictures.
"""

import json
from pathlib import Path
from typing import Any

from bench import report
from bench.pictures import pictures
from deploy import ROOT

RESULTS = ROOT / "bench" / "results"
PAGE = ROOT / "docs" / "performance.md"
PICTURES = ROOT / "docs" / "pictures"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
_TITLES = {"short": "`make bench`, three minutes", "full": "`make bench FULL=1`"}


def files() -> dict[Path, str]:
    """The page and each picture, and what it should hold."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    parts: list[str] = []
    made: dict[Path, str] = {}
    for name, title in _TITLES.items():
        if not (RESULTS / f"{name}.json").is_file():
            continue
        result = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
        drawn = {f"{name}-{file}": svg for file, svg in pictures(result["rows"]).items()}
        made |= {PICTURES / file: svg for file, svg in drawn.items()}
        parts += [f"### {title}", report.where(result) + ".", report.markdown(result["rows"])]
        parts += [f"![{file.removesuffix('.svg').replace('-', ' ')}](pictures/{file})" for file in drawn]
        parts += [f"Not in this run: {'; '.join(result['left_out'])}."] if result["left_out"] else []
    return {PAGE: f"{before}{BEGIN}\n\n" + "\n\n".join(parts) + f"\n\n{END}{after}", **made}


def write(result: dict[str, Any] | None = None) -> None:
    """Keep a run's result, where one is given; make the page and the pictures from what is kept."""
    if result is not None:
        RESULTS.mkdir(exist_ok=True)
        kept = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
        (RESULTS / f"{result['size']}.json").write_text(kept, "utf-8")
    PICTURES.mkdir(exist_ok=True)
    made = files()
    for path, text in made.items():
        path.write_text(text, "utf-8")
    for old in set(PICTURES.glob("*.svg")) - set(made):
        old.unlink()


if __name__ == "__main__":
    write()
