"""The backtest paths of a cross-validation, each a history that was never chosen on the days it is tested on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from research.report.charts.axes import Metric, metric_of
from research.report.drawing import Canvas, Scale, ticks
from research.report.figure import Figure, Numbers
from research.report.text import count, number

_QUESTION: Final = "How far do the backtest paths of the cross-validation lie apart?"
#: columns that paths of nearly equal metric are stacked in
_COLUMNS: Final = 48
_STEP: Final = 11.0


def crossing(metrics: Sequence[float | None], bets: Sequence[int], splits: int, metric: str = "sharpe") -> Figure:
    """One dot a path over the metric that chooses.

    Parameters
    ----------
    metrics : sequence of float or None
        Metric of each path; None: it has no value.
    bets : sequence of int
        Bets of each path.
    splits : int
        Number of splits that the paths are made of.
    metric : str
        ``sharpe``, ``growth`` or ``yield``.
    """
    form = metric_of(metric)
    known = [(form.factor * value, n) for value, n in zip(metrics, bets, strict=True) if value is not None]
    if not known:
        lack = f"None of {count(len(metrics), 'path')} has a {form.word}: no configuration qualified."
        return Figure("crossing", _QUESTION, lack if metrics else "Nothing was cross-validated.")
    values = np.array([value for value, _ in known])
    above = int((values > 0).sum())
    answer = (
        f"{number(above)} of {count(len(values), 'path')} from {count(splits, 'split')} end with a {form.word} above "
        f"zero; they reach from {form.told(float(values.min()))} to {form.told(float(values.max()))}, the median is "
        f"{form.told(float(np.median(values)))}."
    )
    lacking = len(metrics) - len(values)
    answer += f" {count(lacking, 'path')} placed no bet." if lacking else ""

    def draw(width: float, css: str) -> str:
        return _draw(known, form, width).svg(answer, css)

    rows = tuple(
        (str(place), number(n), form.told(value * form.factor) if value is not None else "–")
        for place, (value, n) in enumerate(zip(metrics, bets, strict=True), start=1)
    )
    note = "The paths share days and bets: they are not independent, so their spread is no interval."
    return Figure("crossing", _QUESTION, answer, draw, Numbers(("path", "bets", form.axis), rows), note=note)


def _draw(known: Sequence[tuple[float, int]], form: Metric, width: float) -> Canvas:
    values = [value for value, _ in known]
    low, high = min(0.0, *values), max(0.0, *values)
    room = (high - low) * 0.06 or 0.01
    x = Scale(low - room, high + room, 14, width - 14)
    place = [int((x(value) - x.start) / (x.end - x.start) * _COLUMNS) for value in values]
    tallest = max(place.count(one) for one in set(place))
    base = max(70.0, 20 + _STEP * tallest)
    canvas = Canvas(width, base + 44)
    for tick in ticks(x.low, x.high, max(2, int(width / 90))):
        canvas.line((x(tick), 10), (x(tick), base), "zero" if tick == 0 else "grid")
        canvas.text(x(tick), base + 18, form.tick(tick, x.high - x.low), "muted", "middle")
    canvas.line((x.start, base), (x.end, base), "zero")
    canvas.text(x.end, base + 37, f"{form.axis}, one dot a path", "muted", "end")
    stacked: dict[int, int] = {}
    for (value, n), column in zip(known, place, strict=True):
        height = stacked.get(column, 0)
        stacked[column] = height + 1
        css = "point gain" if value >= 0 else "point loss"
        tip = f"path: {form.axis} {form.told(value)}, {count(n, 'bet')}"
        canvas.dot(x(value), base - 8 - _STEP * height, 5, css, tip)
    middle = float(np.median(values))
    canvas.line((x(middle), 10), (x(middle), base), "mark")
    canvas.text(x(middle) + (6 if x(middle) < width / 2 else -6), 12, f"median {form.told(middle)}", "strong halo",
                "start" if x(middle) < width / 2 else "end")  # fmt: skip
    return canvas
