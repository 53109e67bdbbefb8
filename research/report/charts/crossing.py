"""The backtest paths of a cross-validation: complete histories, tested only on days that did not select them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from research.report.charts.axes import Metric, centred, labelled, metric_of
from research.report.drawing import Canvas, Scale
from research.report.figure import Figure, Numbers
from research.report.text import NOTHING, count, number

_QUESTION: Final = "How much do the backtest paths of the cross-validation vary?"
#: columns in which paths of nearly equal metric are stacked
_COLUMNS: Final = 48
_STEP: Final = 11.0


def crossing(metrics: Sequence[float | None], bets: Sequence[int], splits: int, metric: str = "sharpe") -> Figure:
    """One dot for each path, at the value of the metric that selects.

    Parameters
    ----------
    metrics : sequence of float or None
        Metric of each path; None where it has no value.
    bets : sequence of int
        Bets of each path.
    splits : int
        Number of splits that the paths were assembled from.
    metric : str
        ``sharpe``, ``growth`` or ``yield``.
    """
    shown = metric_of(metric)
    known = [(shown.factor * value, n) for value, n in zip(metrics, bets, strict=True) if value is not None]
    if not known:
        reason = f"Not one of {count(len(metrics), 'path')} has a {shown.name}: no configuration qualified."
        return Figure("crossing", _QUESTION, reason if metrics else "Nothing was cross-validated.")
    values = np.array([value for value, _ in known])
    above = int((values > 0).sum())
    answer = (
        f"{number(above)} of {count(len(values), 'path')} from {count(splits, 'split')} end with a {shown.name} above "
        f"zero. The range is {shown.text(float(values.min()))} to {shown.text(float(values.max()))}, with a median of "
        f"{shown.text(float(np.median(values)))}."
    )
    empty = len(metrics) - len(values)
    answer += f" {count(empty, 'path')} placed no bets." if empty else ""

    def draw(width: float, css: str) -> str:
        return _draw(known, shown, width).svg(answer, css)

    rows = tuple(
        (str(place), number(n), shown.text(value * shown.factor) if value is not None else NOTHING)
        for place, (value, n) in enumerate(zip(metrics, bets, strict=True), start=1)
    )
    note = "The paths share days and bets. They are not independent, so their spread is not a confidence interval."
    return Figure("crossing", _QUESTION, answer, draw, Numbers(("path", "bets", shown.axis), rows), note=note)


def _draw(known: Sequence[tuple[float, int]], shown: Metric, width: float) -> Canvas:
    values = [value for value, _ in known]
    low, high = min(0.0, *values), max(0.0, *values)
    margin = (high - low) * 0.06 or 0.01
    x = Scale(low - margin, high + margin, 14, width - 14)
    columns = [int((x(value) - x.start) / (x.end - x.start) * _COLUMNS) for value in values]
    tallest = max(columns.count(column) for column in set(columns))
    base = max(70.0, 20 + _STEP * tallest)
    canvas = Canvas(width, base + 44)
    for tick, label in labelled(x.low, x.high, max(2, int(width / 90)), shown.labels):
        canvas.line((x(tick), 20), (x(tick), base), "zero" if tick == 0 else "grid")
        at, edge = centred(canvas, x(tick), label)
        canvas.text(at, base + 18, label, "muted", edge)
    canvas.line((x.start, base), (x.end, base), "zero")
    canvas.text(x.end, base + 37, f"{shown.axis}, one dot per path", "muted", "end")
    stacked: dict[int, int] = {}
    for (value, n), column in zip(known, columns, strict=True):
        height = stacked.get(column, 0)
        stacked[column] = height + 1
        css = "point gain" if value >= 0 else "point loss"
        tip = f"path: {shown.axis} {shown.text(value)}, {count(n, 'bet')}"
        canvas.dot(x(value), base - 8 - _STEP * height, 5, css, tip)
    middle = float(np.median(values))
    canvas.line((x(middle), 10), (x(middle), base), "mark")
    right = x(middle) < width / 2
    label = f"median {shown.text(middle)}"
    canvas.text(x(middle) + (6 if right else -6), 12, label, "strong halo", "start" if right else "end")
    return canvas
