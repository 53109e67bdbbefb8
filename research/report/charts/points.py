"""Expected against realised: yield by deciles of the edge and of the closing line value."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import polars as pl

from research.report.breakdown import Group, quantile_groups
from research.report.charts.axes import (
    GROUP_HEADS,
    SOLID_FROM,
    bar_css,
    group_cells,
    group_tip,
    percent_tick,
    whisker,
    y_axis,
    yield_range,
)
from research.report.drawing import Canvas, Scale, fits, ticks
from research.report.figure import Figure, Numbers
from research.report.text import LEVEL, count, percent


def edge_against_yield(bets: pl.DataFrame, seed: int = 0) -> Figure:
    """Realised yield by deciles of the edge, net of commission, that the strategy expected when it decided.

    Parameters
    ----------
    bets : polars.DataFrame
        From `run.bets(config)`: edge_net_frac, event_id, stake_minor, pnl_minor, date.
    seed : int
        Seed of the bootstrap.
    """
    groups = quantile_groups(bets, "edge_net_frac", seed)
    question = "Does a larger expected edge earn more?"
    if not groups:
        return Figure("edge", question, _too_few(bets))
    covered = sum(g.interval.low <= g.position <= g.interval.high for g in groups if g.interval.known)
    known = sum(g.interval.known for g in groups)
    first, last = groups[0], groups[-1]
    answer = (
        f"The interval contains the expected edge in {covered} of {count(known, 'group')}. The largest edges "
        f"(mean {percent(last.position)}) have a yield of {percent(last.interval.estimate)}, the smallest "
        f"(mean {percent(first.position)}) {percent(first.interval.estimate)}."
    )
    return _figure("edge", question, answer, groups, ("expected edge, %", "as expected"))


def clv_against_yield(bets: pl.DataFrame, seed: int = 0) -> Figure:
    """Realised yield by deciles of the closing line value; bets without a closing price are left out.

    Parameters
    ----------
    bets : polars.DataFrame
        From `run.bets(config)`: clv, event_id, stake_minor, pnl_minor, date.
    seed : int
        Seed of the bootstrap.
    """
    groups = quantile_groups(bets, "clv", seed)
    question = "Do bets that beat the closing line earn more?"
    if not groups:
        any_value = bets.select(pl.col("clv").is_finite().fill_null(False).any()).item() if len(bets) else False
        reason = _too_few(bets) if any_value or bets.is_empty() else "No bet has a closing price to compare with."
        return Figure("clv-yield", question, reason)
    first, last = groups[0], groups[-1]
    separate = last.interval.known and first.interval.known and last.interval.low > first.interval.high
    answer = (
        f"The bets with the highest CLV (mean {percent(last.position, sign=True)}) have a yield of "
        f"{percent(last.interval.estimate)}, those with the lowest (mean {percent(first.position, sign=True)}) "
        f"{percent(first.interval.estimate)}; the two intervals {'do not overlap' if separate else 'overlap'}."
    )
    return _figure("clv-yield", question, answer, groups, ("closing line value, %", "yield = CLV"))


def _too_few(bets: pl.DataFrame) -> str:
    if bets.is_empty():
        return "No bets were placed."
    return f"{count(len(bets), 'bet')}: too few for groups (at least {2 * SOLID_FROM} are needed)."


def _figure(name: str, question: str, answer: str, groups: Sequence[Group], words: tuple[str, str]) -> Figure:
    axis, diagonal = words

    def draw(width: float, css: str) -> str:
        return _draw(groups, axis, diagonal, width).svg(answer, css)

    rows = tuple((percent(g.position, 2), *group_cells(g)) for g in groups)
    note = f"{count(len(groups), 'group')} of equal size. Whiskers: {LEVEL} interval, events resampled."
    return Figure(name, question, answer, draw, Numbers((f"mean {axis}", *GROUP_HEADS), rows), note=note)


def _draw(groups: Sequence[Group], axis: str, diagonal: str, width: float) -> Canvas:
    height = 300.0
    left, right = min(g.position for g in groups), max(g.position for g in groups)
    margin = (right - left) * 0.06 or 0.01
    low, high = yield_range(groups, extra=(left, right))
    canvas = Canvas(width, height)
    x = Scale(left - margin, right + margin, 64, width - 6)
    y = Scale(low, high, height - 44, 22)
    canvas.text(0, 11, "yield, % of turnover", "muted")
    y_axis(canvas, y, width, lambda value: percent_tick(value, high - low))
    for tick in ticks(x.low, x.high, 5):
        canvas.line((x(tick), height - 44), (x(tick), height - 40), "zero")
        canvas.text(x(tick), height - 26, percent_tick(tick, right - left), "muted", "middle")
    canvas.text(width - 6, height - 7, axis, "muted", "end")
    start, end = max(x.low, low), min(x.high, high)
    if end > start:
        canvas.line((x(start), y(start)), (x(end), y(end)), "reference")
    for group in groups:
        at = x(group.position)
        whisker(canvas, y, at, group)
        canvas.dot(at, y.clip(group.interval.estimate), 5, f"point {bar_css(group)}")
        canvas.rect((at - 10, 18), (20, height - 62), "hit", group_tip(f"mean {percent(group.position)}", group))
    if end > start:
        at = _clear_place([x(g.position) for g in groups], x(start), x(end), fits(diagonal))
        share = (at - x(start)) / (x(end) - x(start))
        canvas.text(at, y(start) + share * (y(end) - y(start)) - 8, diagonal, "muted halo", "middle")
    return canvas


def _clear_place(points: Sequence[float], start: float, end: float, width: float) -> float:
    """Where a label of this width is clear of the points: the middle of the widest gap, or else the right end."""
    inside = sorted({start, end, *(point for point in points if start < point < end)})
    gap, middle = max((right - left, (left + right) / 2) for left, right in pairwise(inside))
    return middle if gap >= width + 16 else end - width / 2
