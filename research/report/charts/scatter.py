"""What the best configuration of one half of the days does in the other half, over all splits of a cross-validation."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.report.charts.axes import Metric, centred, labelled, metric_of, y_axis
from research.report.drawing import Canvas, Scale
from research.report.figure import FULL, Figure, Numbers
from research.report.text import count, number, percent

Floats = NDArray[np.float64]

#: more splits are drawn as cells, darker where they hold more splits
DOTS: Final = 600
#: cells along the axis of a half-width figure; a phone has two thirds of them
CELLS: Final = 36
_QUESTION: Final = "Does the best of one half of the days stay good in the other half?"


def inside_outside(splits: pl.DataFrame, metric: str = "sharpe") -> Figure:
    """In-sample against out-of-sample metric of the configuration that each split selects.

    Parameters
    ----------
    splits : polars.DataFrame
        From `run.splits()`: inside, outside, one row a split; per day.
    metric : str
        The metric that selects in the splits: ``sharpe``, ``growth`` or ``yield``.
    """
    if splits.height < 2:
        return Figure("inside-outside", _QUESTION, "There are too few days or configurations to cross-validate.")
    shown = metric_of(metric)
    inside, outside = splits["inside"].to_numpy() * shown.factor, splits["outside"].to_numpy() * shown.factor
    slope = _slope(inside, outside)
    answer = _answer(inside, outside, slope, shown)
    note = (
        "Each split selects the best configuration of one half of the days and tests it on the other half. "
        "Dotted: as good out of sample as in sample."
    )
    note += f" Solid: least-squares line, slope {number(slope, 2)}." if np.isfinite(slope) else ""
    note += " Darker cells hold more splits." if len(inside) > DOTS else ""

    def draw(width: float, css: str) -> str:
        return _draw(inside, outside, slope, shown, width).svg(answer, css)

    return Figure("inside-outside", _QUESTION, answer, draw, _numbers(inside, outside, shown), note=note)


def _slope(inside: Floats, outside: Floats) -> float:
    """Least-squares slope; NaN where the in-sample metric does not vary."""
    centred = inside - inside.mean()
    total = float(centred @ centred)
    return float(centred @ outside) / total if total > 0.0 else float("nan")


def _answer(inside: Floats, outside: Floats, slope: float, shown: Metric) -> str:
    loss = float(np.mean(outside < 0.0))
    before, after = shown.text(float(inside.mean())), shown.text(float(outside.mean()))
    change = f"falls from {before} in sample to {after} out of sample"
    if outside.mean() >= inside.mean():
        change = f"is {before} in sample and {after} out of sample"
    text = f"The mean {shown.name} of the selected configurations {change}. It is below zero in {percent(loss)} of "
    text += f"{count(len(inside), 'split')} (probability of loss)."
    if not np.isfinite(slope):
        return text
    meaning = "worse" if slope < 0 else "better"
    return (
        f"{text} Degradation slope {number(slope, 2)}: a better result in sample means a {meaning} one out of sample."
    )


def _range(values: Floats) -> tuple[float, float]:
    """Range of an axis: all values and zero, with a margin."""
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    margin = (high - low) * 0.05 or 0.01
    return low - (margin if low < 0 else 0.0), high + margin


def _draw(inside: Floats, outside: Floats, slope: float, shown: Metric, width: float) -> Canvas:
    height = 330.0
    canvas = Canvas(width, height)
    x = Scale(*_range(inside), 64, width - 6)
    y = Scale(*_range(outside), height - 44, 22)
    canvas.text(0, 11, f"out of sample: {shown.axis}", "muted")
    y_axis(canvas, y, x.end, shown.labels)
    for tick, label in labelled(x.low, x.high, 5, shown.labels):
        canvas.line((x(tick), 22), (x(tick), height - 44), "zero" if tick == 0 else "grid")
        at, edge = centred(canvas, x(tick), label)
        canvas.text(at, height - 26, label, "muted", edge)
    canvas.text(x.end, height - 7, f"in sample: {shown.axis}", "muted", "end")
    if len(inside) > DOTS:
        _cells(canvas, inside, outside, (x, y), shown)
    else:
        for across, up in zip(inside, outside, strict=True):
            tip = f"in sample {shown.text(float(across))}, out of sample {shown.text(float(up))}"
            canvas.dot(x(float(across)), y(float(up)), 3, "dot", tip)
    _diagonal(canvas, x, y)
    _line(canvas, inside, outside, slope, (x, y))
    return canvas


def _cells(canvas: Canvas, inside: Floats, outside: Floats, scales: tuple[Scale, Scale], shown: Metric) -> None:
    """The number of splits in each cell, in five shades."""
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
            f"in sample {shown.text(float(edges_x[i]))} to {shown.text(float(edges_x[i + 1]))}, out of sample "
            f"{shown.text(float(edges_y[j]))} to {shown.text(float(edges_y[j + 1]))}: "
            f"{count(int(counts[i, j]), 'split')}"
        )
        canvas.rect((left, top), (right - left, bottom - top), f"cell gain k{shade}", tip)


def _diagonal(canvas: Canvas, x: Scale, y: Scale) -> None:
    """The line on which both metrics are equal."""
    start, end = max(x.low, y.low), min(x.high, y.high)
    if end > start:
        canvas.line((x(start), y(start)), (x(end), y(end)), "reference")


def _line(canvas: Canvas, inside: Floats, outside: Floats, slope: float, scales: tuple[Scale, Scale]) -> None:
    """The least-squares line, over the range of the splits."""
    x, y = scales
    if not np.isfinite(slope):
        return
    low, high = float(inside.min()), float(inside.max())
    ends = [(end, float(outside.mean()) + slope * (end - float(inside.mean()))) for end in (low, high)]
    (x1, y1), (x2, y2) = ends
    canvas.line((x(x1), y.clip(y1)), (x(x2), y.clip(y2)), "mark")


def _numbers(inside: Floats, outside: Floats, shown: Metric) -> Numbers:
    """Deciles of the splits by their in-sample metric."""
    parts = np.array_split(np.argsort(inside, kind="stable"), min(10, len(inside)))
    rows = tuple(
        (
            f"{shown.text(float(inside[part].min()))} to {shown.text(float(inside[part].max()))}",
            number(len(part)),
            shown.text(float(inside[part].mean())),
            shown.text(float(outside[part].mean())),
            percent(float(np.mean(outside[part] < 0.0))),
        )
        for part in parts
    )
    return Numbers(
        (f"in sample: {shown.axis}", "splits", "mean in sample", "mean out of sample", "loss out of sample"), rows
    )
