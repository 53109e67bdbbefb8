"""Charts of the page as standalone SVG files: power by strength of the edge, and coverage of intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from research.report.drawing import Canvas, Scale
from tests.truth.study import EDGES, HOLDERS

Row = dict[str, Any]

POWER: Final = "truth-power.svg"
POWER_CAPTION: Final = (
    f"Share of simulated sweeps that find an edge of {EDGES[0]:.0%} which one of 50 configurations has, by number of "
    "bets: by price, by money. Dashed: a single test of the true configuration."
)
COVERAGE: Final = "truth-coverage.svg"
#: accepted range for the coverage of a 90 % interval
HELD: Final = (0.87, 0.93)
#: smallest number of printed intervals for a statement about coverage
LEAST_PRINTED: Final = 500
_STYLE: Final = """<style>
text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1d2126; } .muted { fill: #5d646d; }
.grid { stroke: #e3e3de; } .band { fill: #eef3ee; } .s0 { fill: none; stroke: #5d646d; stroke-dasharray: 5 4; }
.s1, .s2, .s3 { fill: none; stroke-width: 2; }
.s1 { stroke: #1f6fb2; } .s2 { stroke: #c2410c; } .s3 { stroke: #3f7d3a; }
.p1, .t1 { fill: #1f6fb2; } .p2, .t2 { fill: #c2410c; } .p3, .t3 { fill: #3f7d3a; } .t1, .t2, .t3 { font-weight: 600; }
@media (prefers-color-scheme: dark) {
text { fill: #e8e9ea; } .muted { fill: #a3aab2; } .grid { stroke: #33383e; } .band { fill: #26302a; }
.s0 { stroke: #a3aab2; } .s1 { stroke: #6db3f2; } .s2 { stroke: #fb923c; } .s3 { stroke: #8fcf88; }
.p1, .t1 { fill: #6db3f2; } .p2, .t2 { fill: #fb923c; } .p3, .t3 { fill: #8fcf88; }
}
</style>"""


def images(tables: Row) -> dict[str, str]:
    """SVG text by file name. A chart without measurements is left out."""
    svg = {}
    if len(rows := drawn(tables["power"])) > 1:
        svg[POWER] = _standalone(power(rows), POWER_CAPTION)
    if tables["coverage"]:
        rows = [row for row in tables["coverage"] if row["printed"] >= min(LEAST_PRINTED, row["logs"])]
        svg[COVERAGE] = _standalone(coverage(rows), coverage_caption(rows))
    return svg


def drawn(rows: Sequence[Row]) -> list[Row]:
    """Cells of the first chart, by number of bets: the first edge and holders of the tables."""
    holders, of = HOLDERS[0]
    found = [
        row for row in rows
        if (row["world"]["edge_frac"], row["world"]["holders"], row["world"]["configurations"])
        == (EDGES[0], holders, of)
    ]  # fmt: skip
    return sorted(found, key=lambda row: row["world"]["bets"])


def coverage_caption(rows: Sequence[Row]) -> str:
    """Description of the second chart."""
    held = [row["held"] for row in rows]
    return (
        f"Share of 90 % intervals that contain the truth, {len(rows)} kinds and sizes, from {min(held):.1%} to "
        f"{max(held):.1%}. The band is 87 to 93 %."
    )


def power(rows: Sequence[Row]) -> Canvas:
    """Power by number of bets, one line per verdict."""
    left, right, top, bottom = 64.0, 500.0, 44.0, 310.0
    canvas = Canvas(720.0, 360.0)
    bets = [row["world"]["bets"] for row in rows]
    across = Scale(math.log(min(bets)), math.log(max(bets)), left, right)
    up = Scale(0.0, 1.0, bottom, top)
    canvas.text(left, 20, "sweeps that find the edge, %", "muted")
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        canvas.line((left, up(share)), (right, up(share)), "grid")
        canvas.text(left - 8, up(share) + 4.5, f"{100 * share:.0f}", "muted", "end")
    for tick in bets:
        canvas.text(across(math.log(tick)), bottom + 20, f"{tick:,}", "muted", "middle")
    canvas.text(
        (left + right) / 2, bottom + 42, "bets of the configuration with the edge (log scale)", "muted", "middle"
    )
    lines = [("s0", "one test of it alone", [row["single"] for row in rows])]
    lines.append(
        ("s1", "price, noisy close", [row["price"].get("noisy", {"share": math.nan})["share"] for row in rows])
    )
    lines.append(("s2", "money", [row["share"] for row in rows]))
    for number, (css, label, shares) in enumerate(lines):
        points = [(across(math.log(bet)), up(share)) for bet, share in zip(bets, shares, strict=True) if share == share]
        if len(points) > 1:
            canvas.path([x for x, _ in points], [y for _, y in points], css)
            for x, y in points if number else ():
                canvas.dot(x, y, 3.0, f"p{number}")
            canvas.text(right + 12, 60 + 22 * number, label, f"t{number}" if number else "muted")
    return canvas


def coverage(rows: Sequence[Row]) -> Canvas:
    """One dot per cell for the share of intervals that contain the truth, one row per interval; colours show sizes."""
    names = list(dict.fromkeys(row["name"] for row in rows))
    sizes = sorted({row["world"]["bets"] for row in rows})
    left, right, top = 190.0, 560.0, 14.0
    bottom = top + 34.0 * len(names)
    canvas = Canvas(720.0, bottom + 56.0)
    across = Scale(0.80, 1.0, left, right)
    canvas.rect((across(HELD[0]), top), (across(HELD[1]) - across(HELD[0]), bottom - top), "band")
    for share in (0.80, 0.85, 0.90, 0.95, 1.0):
        canvas.line((across(share), top), (across(share), bottom), "grid")
        canvas.text(across(share), bottom + 20, f"{100 * share:.0f}", "muted", "middle")
    for place, name in enumerate(names):
        y = top + 34.0 * (place + 0.5)
        canvas.text(left - 12, y + 4.5, name, "", "end")
        for row in rows:
            if row["name"] == name:
                number = min(1 + sizes.index(row["world"]["bets"]) * 3 // len(sizes), 3)
                canvas.dot(across.clip(row["held"]), y + 5.0 * (number - 2), 3.0, f"p{number}")
    canvas.text((left + right) / 2, bottom + 42, "90 % intervals that contain the truth, %", "muted", "middle")
    for number in (1, 2, 3):
        group = [size for place, size in enumerate(sizes) if min(1 + place * 3 // len(sizes), 3) == number]
        if group:
            label = f"{group[0]:,} bets" if len(group) == 1 else f"{group[0]:,} to {group[-1]:,} bets"
            canvas.text(right + 12, 10 + 22 * number, label, f"t{number}")
    return canvas


def _standalone(canvas: Canvas, caption: str) -> str:
    svg = canvas.svg(caption, "")
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace(">", f">{_STYLE}", 1) + "\n"
