"""Pictures of what was measured, as SVG: how far each target was reached, and a curve a series of rows. Made from the
JSON alone, so that the same JSON makes the same pictures.
"""

import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from bench.report import curves, number

Measured = Mapping[str, Any]

_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#222}.soft{fill:#777}.ours{fill:#1f77b4;stroke:#1f77b4}"
    ".floor{fill:#999;stroke:#999}.missed{fill:#d08700}.line{fill:none;stroke-width:2}.mark{stroke:#222}"
    "@media (prefers-color-scheme:dark){text{fill:#ddd}.mark{stroke:#ddd}}"
)
_WIDTH, _LEFT, _ROW = 1000, 590, 22
_PLOT = (70, 40, 560, 260)
"""Left, top, width, height of a curve's plot."""


def pictures(rows: Sequence[Measured]) -> dict[str, str]:
    """{file name: SVG}."""
    made = {"targets.svg": targets(rows)} if rows else {}
    for name, some in curves(rows).items():
        if len(some) < 2:
            continue  # a point is no curve
        made[f"{re.sub(r'[^a-z]+', '-', name.lower()).strip('-')}.svg"] = curve(name, some)
    return made


def _svg(width: int, height: int, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        f"<style>{_STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _text(x: float, y: float, text: str, end: str = "start", style: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{end}" class="{style}">{escape(text)}</text>'


def reached(row: Measured) -> float:
    """How much of its target a row reached: 1 is the target, more is better, whichever way it is meant."""
    wanted = float(row["target"].split()[-1])
    if row["target"].startswith("≤ floor"):
        over = row["ours"]["median"] - row["of_floor"]["median"]
        return wanted / over if over > 0 else 3.0
    ratio = float(row["ratio"]["median"]) or 1e-9
    return ratio / wanted if row["target"].startswith("≥") else wanted / ratio


def targets(rows: Sequence[Measured]) -> str:
    """A bar a row: how much of its target it reached, cut at three times."""
    scale = (_WIDTH - _LEFT - 60) / 3
    parts = [_text(_LEFT + scale, 18, "target", "middle", "soft")]
    for place, row in enumerate(rows):
        y, share = 30 + place * _ROW, reached(row)
        style = "ours" if row["met"] else "missed"
        width = min(share, 3) * scale
        parts.append(_text(_LEFT - 8, y + 14, f"{row['name']} / {row['floor']}"[:92], "end"))
        parts.append(f'<rect x="{_LEFT}" y="{y + 3}" width="{width:.1f}" height="{_ROW - 8}" class="{style}"/>')
        parts.append(_text(_LEFT + width + 6, y + 14, f"{share:.2f}", style="soft"))
    bottom = 30 + len(rows) * _ROW
    parts.append(f'<line x1="{_LEFT + scale:.1f}" y1="24" x2="{_LEFT + scale:.1f}" y2="{bottom}" class="mark"/>')
    return _svg(_WIDTH, bottom + 10, parts)


def curve(name: str, rows: Sequence[Measured]) -> str:
    """Ours and the floor over what grows, which is drawn by its logarithm; a whisker is the spread of the rounds."""
    left, top, width, height = _PLOT
    places = [float(row["curve"][1]) for row in rows]
    highest = max(max(row[side]["rounds"]) for row in rows for side in ("ours", "of_floor")) * 1.1 or 1
    first, last = math.log(places[0]), math.log(places[-1])
    xs = [left + width * ((math.log(place) - first) / (last - first) if last > first else 0.5) for place in places]

    def y(value: float) -> float:
        return top + height * (1 - value / highest)

    parts = [_text(left, 20, f"{name}, {rows[0]['unit']}")]
    parts += [f'<line x1="{left}" y1="{y(v):.1f}" x2="{left + width}" y2="{y(v):.1f}" class="mark" opacity="0.15"/>'
              for v in (0, highest / 2, highest)]  # fmt: skip
    parts += [_text(left - 8, y(v) + 4, number(v), "end", "soft") for v in (0, highest / 2, highest)]
    parts += [
        _text(x, top + height + 20, f"{place:,.0f}", "middle", "soft") for x, place in zip(xs, places, strict=True)
    ]
    for side, style in (("of_floor", "floor"), ("ours", "ours")):
        found = [row[side] for row in rows]
        points = " ".join(f"{x:.1f},{y(each['median']):.1f}" for x, each in zip(xs, found, strict=True))
        parts.append(f'<polyline points="{points}" class="line {style}" style="fill:none"/>')
        for x, each in zip(xs, found, strict=True):
            low, high = y(min(each["rounds"])), y(max(each["rounds"]))
            parts.append(f'<line x1="{x:.1f}" y1="{low:.1f}" x2="{x:.1f}" y2="{high:.1f}" class="{style}"/>')
            parts.append(f'<circle cx="{x:.1f}" cy="{y(each["median"]):.1f}" r="3.5" class="{style}"/>')
    for line, (style, label) in enumerate((("ours", "ours"), ("floor", rows[0]["floor"]))):
        at = top + 6 + 20 * line
        parts.append(f'<rect x="{left + width + 20}" y="{at}" width="12" height="12" class="{style}"/>')
        parts.append(_text(left + width + 38, at + 11, label))
    return _svg(_WIDTH, top + height + 40, parts)
