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
        older = report.earlier(result["rows"])
        parts += [f"{older[0].upper()}{older[1:]}."] if older else []
        parts += [f"Not in this run: {'; '.join(result['left_out'])}."] if result["left_out"] else []
    return {PAGE: f"{before}{BEGIN}\n\n" + "\n\n".join(parts) + f"\n\n{END}{after}", **made}


def write(result: dict[str, Any] | None = None) -> None:
    """Keep a run's result, where one is given; make the page and the pictures from what is kept."""
    if result is not None:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{result['size']}.json"
        if path.is_file():
            result = with_earlier(result, json.loads(path.read_text("utf-8")))
        path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    PICTURES.mkdir(exist_ok=True)
    made = files()
    for path, text in made.items():
        path.write_text(text, "utf-8")
    for old in set(PICTURES.glob("*.svg")) - set(made):
        old.unlink()


def with_earlier(result: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    """`result`, with the rows that `kept` has of benchmarks which it left out; each says `of` which run it is.

    So what takes hours may be measured in parts. Of one benchmark all rows are of one run.
    """
    of = f"commit {kept['commit']}, {kept['at'][:10]}"
    rows = [{"of": of, **row} for row in kept["rows"] if row.get("benchmark") in result["left_out"]]
    taken = {row["benchmark"] for row in rows}
    left_out = [each for each in result["left_out"] if each not in taken]
    return {**result, "rows": [*rows, *result["rows"]], "left_out": left_out}


if __name__ == "__main__":
    write()
