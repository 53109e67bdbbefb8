"""Distributions: the yields of all configurations tried, and the closing line value of the bets."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.inference.bootstrap import Interval
from research.report.breakdown import mean_interval
from research.report.charts.axes import SOLID_FROM
from research.report.charts.bars import bars, round_bins, x_axis
from research.report.drawing import Canvas, Scale, fits
from research.report.figure import FULL, Figure, Numbers
from research.report.text import LEVEL, count, number, percent, span

Floats = NDArray[np.float64]

#: fewer configurations are drawn as one dot each
DOTS: Final = 30
#: bottom of the bars in px
_BOTTOM: Final = 238.0


def _selected(
    canvas: Canvas, x: Scale, mark: tuple[int, float], place: tuple[float, float], interval: Interval | None
) -> None:
    """The selected configuration (its number and yield) as a line over the bars, with its interval above them."""
    (config, value), (base, bottom) = mark, place
    at, label = x(value), f"#{config}: {percent(value)}"
    if interval is not None:
        canvas.line((x(interval.low), base - 22), (x(interval.high), base - 22), "whisker strong")
        for end in (interval.low, interval.high):
            canvas.line((x(end), base - 28), (x(end), base - 16), "whisker strong")
        if canvas.width >= FULL:
            label += f" ({LEVEL}: {span(interval.low, interval.high)})"
    canvas.line((at, base - 22), (at, bottom), "mark")
    canvas.dot(at, base - 22, 6, "point gain" if value >= 0 else "point loss")
    right = at + fits(label) / 2 > canvas.width
    middle = min(max(at, 58 + fits(label) / 2), canvas.width - 8)
    canvas.text(canvas.width - 8 if right else middle, base - 36, label, "strong halo", "end" if right else "middle")


def tried(results: pl.DataFrame, config: int, interval: Interval | None = None) -> Figure:
    """Yields of all configurations that bet, with one of them and its interval marked.

    Parameters
    ----------
    results : polars.DataFrame
        From `run.results`: config, n_bets, yield.
    config : int
        Number of the configuration to mark.
    interval : Interval, optional
        Interval of its yield.
    """
    question = "How does the selected configuration compare with all that were tried?"
    bet = results.filter((pl.col("n_bets") > 0) & pl.col("yield").is_finite())
    marked = bet.filter(pl.col("config") == config)
    if marked.is_empty():
        return Figure("tried", question, f"Not one of {count(len(results), 'configuration')} placed a bet.", full=True)
    values, marked_yield = bet["yield"].to_numpy(), float(marked["yield"][0])
    above, gains = int((values > marked_yield).sum()), int((values > 0).sum())
    answer = (
        f"{number(gains)} of {count(len(values), 'configuration')} that bet made money; the median yield is "
        f"{percent(float(np.median(values)))}. {number(above) if above else 'Not one'} had a higher yield than "
        f"#{config} with {percent(marked_yield)}."
    )
    ends = [interval.low, interval.high] if interval is not None and interval.known else []
    marks = [0.0, marked_yield, *ends]
    edges = round_bins(values, marks)
    counts = _counts(values, edges)
    many = _counts(bet.filter(pl.col("n_bets") >= SOLID_FROM)["yield"].to_numpy(), edges)
    few = int((counts - many).sum())
    many_values = len(values) >= DOTS
    note = f"Hollow: {count(few, 'configuration')} with fewer than {SOLID_FROM} bets." if few and many_values else ""
    if _cut(values, edges):
        outer = (
            "The outer bars include everything beyond them." if many_values else "The outer dots are beyond the axis."
        )
        note = f"{note} {outer}".strip()

    def draw(width: float, css: str) -> str:
        base, bottom = 70.0, _BOTTOM if many_values else 130.0
        canvas = Canvas(width, bottom + 42)
        x = Scale(float(edges[0]), float(edges[-1]), 58, width - 8)
        if many_values:
            bars(canvas, edges, (counts, many), x, (base, bottom), "configurations")
        else:
            canvas.text(0, 11, "one dot a configuration", "muted")
            for value in values:
                canvas.dot(x.clip(float(value)), bottom - 26, 5, "point " + ("gain" if value >= 0 else "loss"))
        x_axis(canvas, x, bottom, "yield, % of turnover", top=base)
        _selected(canvas, x, (config, marked_yield), (base, bottom), interval if ends else None)
        return canvas.svg(answer, css)

    return Figure(
        "tried", question, answer, draw, _table(edges, counts, "yield", "configurations"), full=True, note=note
    )


def clv_distribution(bets: pl.DataFrame, seed: int = 0) -> Figure:
    """Distribution of the closing line value of the bets: the odds taken against the fair closing odds.

    Parameters
    ----------
    bets : polars.DataFrame
        From `run.bets(config)`: clv, event_id, date. Bets without a closing price are left out.
    seed : int
        Seed of the bootstrap.
    """
    question = "Were the prices better than the closing line?"
    values = bets.filter(pl.col("clv").is_finite().fill_null(False))["clv"].to_numpy() if len(bets) else np.empty(0)
    if not len(values):
        reason = "No bets were placed." if bets.is_empty() else "No bet has a closing price to compare with."
        return Figure("clv", question, reason)
    mean = mean_interval(bets, "clv", seed)
    beat = float((values > 0).mean())
    answer = f"{percent(beat, 0)} of {count(len(values), 'bet')} beat it; the mean CLV is {percent(mean.estimate, 2)}"
    answer += f" ({LEVEL} interval {span(mean.low, mean.high, 2)})" if mean.known else ""
    without = len(bets) - len(values)
    answer += f"; {count(without, 'bet')} without a closing price." if without else "."
    edges = round_bins(values, [0.0, mean.estimate], 36)
    counts = _counts(values, edges)

    def draw(width: float, css: str) -> str:
        canvas = Canvas(width, 300.0)
        x = Scale(float(edges[0]), float(edges[-1]), 58, width - 8)
        bars(canvas, edges, (counts, counts), x, (46.0, 258.0), "bets")
        x_axis(canvas, x, 258.0, "closing line value, %", top=44.0)
        at = x.clip(mean.estimate)
        canvas.line((at, 30), (at, 258), "mark")
        right = at > width * 0.6
        canvas.text(
            at + (-6 if right else 6),
            34,
            f"mean {percent(mean.estimate, 2)}",
            "strong halo",
            "end" if right else "start",
        )
        return canvas.svg(answer, css)

    note = "The outer bars include everything beyond them." if _cut(values, edges) else ""
    return Figure("clv", question, answer, draw, _table(edges, counts, "CLV", "bets"), note=note)


def _cut(values: Floats, edges: Floats) -> bool:
    """Whether values lie beyond the outer bins."""
    return bool((values < edges[0]).any() or (values > edges[-1]).any())


def _counts(values: Floats, edges: Floats) -> NDArray[np.int64]:
    """Number of values in each bin; the outer bins include what lies beyond them."""
    return np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0].astype(np.int64)


def _table(edges: Floats, counts: NDArray[np.int64], value: str, noun: str) -> Numbers:
    rows = tuple(
        (f"{percent(float(a))} to {percent(float(b))}", number(int(c)))
        for a, b, c in zip(edges, edges[1:], counts, strict=False)
    )
    return Numbers((value, noun), rows)
