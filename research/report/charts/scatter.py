"""What the best of one half of the days does in the other half, over all splits of a cross-validation."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.report.charts.axes import Metric, metric_of
from research.report.drawing import Canvas, Scale, fits, ticks
from research.report.figure import FULL, Figure, Numbers
from research.report.text import count, number, percent

Floats = NDArray[np.float64]

#: more splits are drawn as cells that are the darker the more of them they hold
DOTS: Final = 600
#: cells along the axis of half a page; a phone has two thirds
CELLS: Final = 36
_QUESTION: Final = "Does the best of one half of the days stay good in the other half?"


def inside_outside(splits: pl.DataFrame, metric: str = "sharpe") -> Figure:
    """In-sample against out-of-sample metric of the configuration that each split chooses.

    Parameters
    ----------
    splits : polars.DataFrame
        `run.splits()`: inside, outside, one row a split; per day.
    metric : str
        What chose in the splits: ``sharpe``, ``growth`` or ``yield``.
    """
    if splits.height < 2:
        return Figure("inside-outside", _QUESTION, "There are too few days or configurations to cross-validate.")
    form = metric_of(metric)
    inside, outside = splits["inside"].to_numpy() * form.factor, splits["outside"].to_numpy() * form.factor
    slope = _slope(inside, outside)
    answer = _answer(inside, outside, slope, form)
    note = (
        "Each split chooses the best configuration of one half of the days and looks at it in the other half. "
        "Dotted: as good outside as inside. Solid: the straight line through the splits."
    )
    note += " The darker a cell, the more splits it holds." if len(inside) > DOTS else ""

    def draw(width: float, css: str) -> str:
        return _draw(inside, outside, slope, form, width).svg(answer, css)

    return Figure("inside-outside", _QUESTION, answer, draw, _numbers(inside, outside, form), note=note)


def _slope(inside: Floats, outside: Floats) -> float:
    """Least squares slope; NaN where the metric in sample does not vary."""
    apart = inside - inside.mean()
    total = float(apart @ apart)
    return float(apart @ outside) / total if total > 0.0 else float("nan")


def _answer(inside: Floats, outside: Floats, slope: float, form: Metric) -> str:
    loss = float(np.mean(outside < 0.0))
    text = (
        f"The {form.word} of the chosen one falls from {form.told(float(inside.mean()))} to "
        f"{form.told(float(outside.mean()))} on average"
        if outside.mean() < inside.mean()
        else f"The {form.word} of the chosen one is {form.told(float(inside.mean()))} inside and "
        f"{form.told(float(outside.mean()))} outside on average"
    )
    text += f"; it is below zero in {percent(loss)} of {count(len(inside), 'split')} (probability of loss)"
    if not np.isfinite(slope):
        return f"{text}."
    what = "the better it looks inside, the worse it is outside" if slope < 0 else "what looks better inside is better"
    return f"{text}. Degradation slope {number(slope, 2)}: {what}{'' if slope < 0 else ' outside'}."


def _reach(values: Floats) -> tuple[float, float]:
    """Range of an axis: all values and zero, with some room."""
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    room = (high - low) * 0.05 or 0.01
    return low - (room if low < 0 else 0.0), high + room


def _draw(inside: Floats, outside: Floats, slope: float, form: Metric, width: float) -> Canvas:
    height = 330.0
    canvas = Canvas(width, height)
    x = Scale(*_reach(inside), 64, width - 6)
    y = Scale(*_reach(outside), height - 44, 22)
    canvas.text(0, 11, f"out of sample: {form.axis}", "muted")
    for tick in ticks(y.low, y.high, 5):
        canvas.line((58, y(tick)), (x.end, y(tick)), "zero" if tick == 0 else "grid")
        canvas.text(52, y(tick) + 4.5, form.tick(tick, y.high - y.low), "muted", "end")
    for tick in ticks(x.low, x.high, 5):
        canvas.line((x(tick), 22), (x(tick), height - 44), "zero" if tick == 0 else "grid")
        canvas.text(x(tick), height - 26, form.tick(tick, x.high - x.low), "muted", "middle")
    canvas.text(x.end, height - 7, f"in sample: {form.axis}", "muted", "end")
    if len(inside) > DOTS:
        _cells(canvas, inside, outside, (x, y), form)
    else:
        for one, other in zip(inside, outside, strict=True):
            tip = f"inside {form.told(float(one))}, outside {form.told(float(other))}"
            canvas.dot(x(float(one)), y(float(other)), 3, "dot", tip)
    _diagonal(canvas, x, y)
    _line(canvas, inside, outside, slope, (x, y))
    return canvas


def _cells(canvas: Canvas, inside: Floats, outside: Floats, scales: tuple[Scale, Scale], form: Metric) -> None:
    """How many splits fall into each cell, in five shades."""
    x, y = scales
    across = CELLS if canvas.width < FULL and canvas.width > 400 else CELLS * 2 // 3
    edges_x = np.linspace(x.low, x.high, across + 1)
    edges_y = np.linspace(y.low, y.high, across * 2 // 3 + 1)
    counts, _, _ = np.histogram2d(inside, outside, bins=[edges_x, edges_y])
    most = counts.max()
    for i, j in np.argwhere(counts > 0):
        shade = int(np.ceil(np.sqrt(counts[i, j] / most) * 5 - 1e-9))
        left, right = x(float(edges_x[i])), x(float(edges_x[i + 1]))
        bottom, top = y(float(edges_y[j])), y(float(edges_y[j + 1]))
        tip = (
            f"inside {form.told(float(edges_x[i]))} to {form.told(float(edges_x[i + 1]))}, outside "
            f"{form.told(float(edges_y[j]))} to {form.told(float(edges_y[j + 1]))}: "
            f"{count(int(counts[i, j]), 'split')}"
        )
        canvas.rect((left, top), (right - left, bottom - top), f"cell gain k{shade}", tip)


def _diagonal(canvas: Canvas, x: Scale, y: Scale) -> None:
    start, end = max(x.low, y.low), min(x.high, y.high)
    if end > start:
        canvas.line((x(start), y(start)), (x(end), y(end)), "reference")
        words = "as inside"
        canvas.text(min(x(end), x.end - fits(words)) + 2, max(y(end) + 4, 34), words, "muted halo")


def _line(canvas: Canvas, inside: Floats, outside: Floats, slope: float, scales: tuple[Scale, Scale]) -> None:
    """The straight line through the splits, over their range."""
    x, y = scales
    if not np.isfinite(slope):
        return
    low, high = float(inside.min()), float(inside.max())
    ends = [(one, float(outside.mean()) + slope * (one - float(inside.mean()))) for one in (low, high)]
    (x1, y1), (x2, y2) = ends
    canvas.line((x(x1), y.clip(y1)), (x(x2), y.clip(y2)), "mark")
    canvas.text(x(x2), y.clip(y2) - 8, f"slope {number(slope, 2)}", "strong halo", "end")


def _numbers(inside: Floats, outside: Floats, form: Metric) -> Numbers:
    """Tenths of the splits by what they showed inside."""
    parts = np.array_split(np.argsort(inside, kind="stable"), min(10, len(inside)))
    rows = tuple(
        (
            f"{form.told(float(inside[part].min()))} to {form.told(float(inside[part].max()))}",
            number(len(part)),
            form.told(float(inside[part].mean())),
            form.told(float(outside[part].mean())),
            percent(float(np.mean(outside[part] < 0.0))),
        )
        for part in parts
    )
    return Numbers((f"in sample: {form.axis}", "splits", "mean inside", "mean outside", "loss outside"), rows)
