"""Expected against realised: yield by deciles of the edge and of the closing line value."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from research.report.breakdown import Group, quantile_groups
from research.report.charts.axes import (
    GROUP_HEADS,
    SOLID_FROM,
    bar_css,
    centred,
    group_cells,
    group_tip,
    labelled,
    whisker,
    y_axis,
    yield_range,
)
from research.report.drawing import Canvas, Scale
from research.report.figure import Figure, Numbers
from research.report.text import LEVEL, count, number, percent


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
    if len(groups) < 2:
        return Figure("edge", question, _too_few(bets, "edge_net_frac", "an expected edge"))
    covered = sum(g.interval.low <= g.position <= g.interval.high for g in groups if g.interval.known)
    known = sum(g.interval.known for g in groups)
    first, last = groups[0], groups[-1]
    answer = (
        "There are too few bets or days for intervals."
        if not known
        else (f"The interval contains the expected edge in {covered} of {count(known, 'group')}.")
    )
    answer += (
        f" The largest edges "
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
    if len(groups) < 2:
        return Figure("clv-yield", question, _too_few(bets, "clv", "a closing price"))
    first, last = groups[0], groups[-1]
    separate = last.interval.known and first.interval.known and last.interval.low > first.interval.high
    answer = (
        f"The bets with the highest CLV (mean {percent(last.position, sign=True)}) have a yield of "
        f"{percent(last.interval.estimate)}, those with the lowest (mean {percent(first.position, sign=True)}) "
        f"{percent(first.interval.estimate)}; the two intervals {'do not overlap' if separate else 'overlap'}."
    )
    return _figure("clv-yield", question, answer, groups, ("closing line value, %", "yield = CLV"))


def _too_few(bets: pl.DataFrame, column: str, what: str) -> str:
    """Why there are no two groups: of the bets that have a value, which are not always all bets."""
    if bets.is_empty():
        return "No bets were placed."
    known = int(bets[column].cast(pl.Float64).is_finite().fill_null(False).sum())
    if not known:
        return f"No bet has {what} to compare with."
    if known >= 2 * SOLID_FROM:
        return f"{count(known, 'bet')} are too equal in this to form groups."
    who = f"{number(known)} of {count(len(bets), 'bet')}" if known < len(bets) else count(known, "bet")
    return f"{who} {'has' if known == 1 else 'have'} {what}: too few for groups ({2 * SOLID_FROM} are needed)."


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
    y_axis(canvas, y, width)
    for tick, label in labelled(x.low, x.high, 5):
        canvas.line((x(tick), height - 44), (x(tick), height - 40), "zero")
        at, edge = centred(canvas, x(tick), label)
        canvas.text(at, height - 26, label, "muted", edge)
    canvas.text(width - 6, height - 7, axis, "muted", "end")
    start, end = max(x.low, low), min(x.high, high)
    if end > start:
        canvas.line((x(start), y(start)), (x(end), y(end)), "reference")
        canvas.text(width, 11, f"dotted: {diagonal}", "muted", "end")
    for group in groups:
        at = x(group.position)
        whisker(canvas, y, at, group)
        canvas.dot(at, y.clip(group.interval.estimate), 5, f"point {bar_css(group)}")
        canvas.rect((at - 10, 18), (20, height - 62), "hit", group_tip(f"mean {percent(group.position)}", group))
    return canvas
