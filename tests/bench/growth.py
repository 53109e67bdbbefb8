"""How the cost of a bet grows with the tape: a self-contained SVG chart for the page of results."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from research.report.drawing import Canvas, Scale

Row = dict[str, Any]

NAME: Final = "benchmark-growth.svg"
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 720.0, 360.0, 64.0, 560.0, 44.0, 310.0
_STYLE: Final = """<style>
text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1d2126; } .muted { fill: #5d646d; }
.grid { stroke: #e3e3de; } .s1, .s2 { fill: none; stroke-width: 2; } .s1 { stroke: #1f6fb2; } .s2 { stroke: #c2410c; }
.p1, .t1 { fill: #1f6fb2; } .p2, .t2 { fill: #c2410c; } .t1, .t2 { font-weight: 600; }
@media (prefers-color-scheme: dark) {
text { fill: #e8e9ea; } .muted { fill: #a3aab2; } .grid { stroke: #33383e; }
.s1 { stroke: #6db3f2; } .s2 { stroke: #fb923c; } .p1, .t1 { fill: #6db3f2; } .p2, .t2 { fill: #fb923c; }
}
</style>"""


def drawable(sweeps: Sequence[Row]) -> bool:
    """Whether there are at least two sizes to draw a line through."""
    return all(len(points) > 1 for _, points in _lines(sweeps))


def words(sweeps: Sequence[Row]) -> str:
    """The message of the chart in one sentence."""
    parts = [
        f"at {passing:.0%} of rows passing {points[0][1]:.1f} ns with {points[0][0]:,} rows and {points[-1][1]:.1f} ns "
        f"with {points[-1][0]:,}"
        for passing, points in _lines(sweeps)
    ]
    count, threads = _largest(sweeps)
    return f"A bet of a sweep of {count:,} configurations costs, on {threads} threads, {'; '.join(parts)}."


def svg(sweeps: Sequence[Row]) -> str:
    """The chart: nanoseconds per bet against rows, both logarithmic, a line for each share of passing rows."""
    lines = _lines(sweeps)
    rows = [at for _, points in lines for at, _ in points]
    costs = [cost for _, points in lines for _, cost in points]
    across = Scale(math.log10(min(rows)), math.log10(max(rows)), _LEFT, _RIGHT)
    up = Scale(math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs))), _BOTTOM, _TOP)
    canvas = Canvas(_WIDTH, _HEIGHT)
    count, threads = _largest(sweeps)
    canvas.text(_LEFT, 20, f"ns per bet, {count:,} configurations, {threads} threads", "muted")
    for power in range(int(up.low), int(up.high) + 1):
        canvas.line((_LEFT, up(power)), (_RIGHT, up(power)), "grid")
        canvas.text(_LEFT - 8, up(power) + 4.5, f"{10.0**power:,g}", "muted", "end")
    for at in sorted(set(rows)):
        canvas.text(across(math.log10(at)), _BOTTOM + 20, f"{at:,}", "muted", "middle")
    canvas.text((_LEFT + _RIGHT) / 2, _BOTTOM + 42, "rows of the tape (logarithmic)", "muted", "middle")
    for number, (passing, points) in enumerate(lines, 1):
        xs, ys = [across(math.log10(at)) for at, _ in points], [up(math.log10(cost)) for _, cost in points]
        canvas.path(xs, ys, f"s{number}")
        for x, y in zip(xs, ys, strict=True):
            canvas.dot(x, y, 3.5, f"p{number}")
        canvas.text(
            _RIGHT + 12, ys[-1] + 4.5 + _aside(lines, number - 1, up), f"{passing:.0%} of rows pass", f"t{number}"
        )
    drawn = canvas.svg(words(sweeps), "")
    return drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace(">", f">{_STYLE}", 1) + "\n"


def _aside(lines: Sequence[tuple[float, list[tuple[int, float]]]], place: int, up: Scale) -> float:
    """Shift of a label in pixels, down is positive, if the ends of two lines are closer than a line of text."""
    ends = [up(math.log10(points[-1][1])) for _, points in lines]
    others = [end for other, end in enumerate(ends) if other != place]
    nearest = min(others, key=lambda end: abs(end - ends[place]), default=math.inf)
    if abs(nearest - ends[place]) >= 16.0:
        return 0.0
    return 8.0 if ends[place] > nearest or (ends[place] == nearest and place) else -8.0


def _largest(sweeps: Sequence[Row]) -> tuple[int, int]:
    done = [row for row in sweeps if row["reason"] is None]
    return max(row["configurations"] for row in done), max(row["threads"] for row in done)


def _lines(sweeps: Sequence[Row]) -> list[tuple[float, list[tuple[int, float]]]]:
    """For each share of passing rows: (rows, ns per bet) of the most configurations on the most threads."""
    done = [row for row in sweeps if row["reason"] is None]
    if not done:
        return [(0.0, [])]
    most = _largest(sweeps)
    selected = [row for row in done if (row["configurations"], row["threads"]) == most]
    return [
        (passing, sorted((row["rows"], row["ns_per_bet"]) for row in selected if row["passing"] == passing))
        for passing in sorted({row["passing"] for row in selected})
    ]
