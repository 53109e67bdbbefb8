"""Charts of the page as standalone SVG files: power by strength of the edge, and coverage of intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from research.report.drawing import Canvas, Scale
from tests.truth.study import HOLDERS

Row = dict[str, Any]

POWER: Final = "truth-power.svg"
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
    if len(tables["power"]) > 1:
        svg[POWER] = _standalone(power(tables["power"]), power_caption(tables["power"]))
    if tables["coverage"]:
        rows = [row for row in tables["coverage"] if row["printed"] >= min(LEAST_PRINTED, row["logs"])]
        svg[COVERAGE] = _standalone(coverage(rows), coverage_caption(rows))
    return svg


def power_caption(rows: Sequence[Row]) -> str:
    """Description of the first chart."""
    return (
        f"Share of simulated sweeps with evidence, by true edge times the square root of the bets, {len(rows)} cells. "
        "Dashed: a single test of the true configuration."
    )


def coverage_caption(rows: Sequence[Row]) -> str:
    """Description of the second chart."""
    held = [row["held"] for row in rows]
    return (
        f"Share of 90 % intervals that contain the truth, {len(rows)} kinds and sizes, from {min(held):.1%} to "
        f"{max(held):.1%}. The band is 87 to 93 %."
    )


def strength(row: Row) -> float:
    """Expected t of the true configuration near odds of 2: edge times the root of its bets."""
    return float(row["world"]["edge_frac"] * math.sqrt(row["world"]["bets"]))


def power(rows: Sequence[Row]) -> Canvas:
    """Power by strength of the edge, one line per number of configurations that have it."""
    left, right, top, bottom = 64.0, 530.0, 44.0, 310.0
    canvas = Canvas(720.0, 360.0)
    strengths = [strength(row) for row in rows]
    across = Scale(math.log(min(strengths)), math.log(max(strengths)), left, right)
    up = Scale(0.0, 1.0, bottom, top)
    canvas.text(left, 20, "sweeps with evidence, %", "muted")
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        canvas.line((left, up(share)), (right, up(share)), "grid")
        canvas.text(left - 8, up(share) + 4.5, f"{100 * share:.0f}", "muted", "end")
    for tick in (0.5, 1, 2, 3, 5, 10, 20):
        if min(strengths) <= tick <= max(strengths):
            canvas.text(across(math.log(tick)), bottom + 20, f"{tick:g}", "muted", "middle")
    title = "edge times the square root of the bets: expected t of the true one (log scale)"
    canvas.text((left + right) / 2, bottom + 42, title, "muted", "middle")
    _line(canvas, [(across(math.log(strength(row))), up(row["single"])) for row in rows], "s0")
    canvas.text(right + 12, 60, "a single test", "muted")
    for number, holders in enumerate(HOLDERS, 1):
        cells = [row for row in rows if row["world"]["holders"] == holders]
        points = [(across(math.log(strength(row))), up(row["share"])) for row in cells]
        _line(canvas, points, f"s{number}")
        for x, y in points:
            canvas.dot(x, y, 3.0, f"p{number}")
        canvas.text(right + 12, 60 + 22 * number, f"{holders} of 500 have it", f"t{number}")
    return canvas


def _line(canvas: Canvas, points: Sequence[tuple[float, float]], css: str) -> None:
    """A line through the mean heights of the points with the same x."""
    places = sorted({round(x, 1) for x, _ in points})
    heights = [[y for x, y in points if round(x, 1) == place] for place in places]
    canvas.path(places, [sum(ys) / len(ys) for ys in heights], css)


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
