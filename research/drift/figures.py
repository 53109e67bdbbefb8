"""The charts of a drift: money by cause, and both profits as they grew."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from research.drift.drift import Drift, Line
from research.drift.sentences import amount, line_cells
from research.report.charts.axes import labelled
from research.report.drawing import Canvas, Scale, fits
from research.report.figure import Figure, Numbers
from research.report.text import count, numbers

_STEP: Final = 30.0
_HEIGHT: Final = 220.0
#: most points of a line
_POINTS: Final = 400


def by_cause(drift: Drift) -> Figure:
    """What each cause gained or cost."""
    lines = [line for line in drift.lines if line.cost_minor]
    question = "What did each cause cost?"
    if not lines:
        return Figure("causes", question, "No difference moved any money.")
    worst = max(lines, key=lambda line: abs(line.cost_minor))
    effect = "gained" if worst.cost_minor > 0 else "cost"
    answer = f"The largest: {worst.cause.value} {effect} {amount(abs(worst.cost_minor))} {drift.promotion.currency}."

    def draw(width: float, css: str) -> str:
        return _bars(lines, width, drift.promotion.currency).svg(answer, css)

    rows = tuple(line_cells(line) for line in drift.lines)
    heads = ("cause", "decisions", f"gained or cost, {drift.promotion.currency}")
    return Figure("causes", question, answer, draw, Numbers(heads, rows), full=True)


def _bars(lines: list[Line], width: float, currency: str) -> Canvas:
    names = max(fits(line.cause.value) for line in lines) + 10
    texts = [amount(line.cost_minor, sign=True) for line in lines]
    room = max(map(fits, texts)) + 8
    values = [line.cost_minor / 100 for line in lines]
    canvas = Canvas(width, 66.0 + _STEP * len(lines))
    low, high = min(0.0, *values), max(0.0, *values)
    x = Scale(low, high, names + (room if low < 0 else 4), width - (room if high > 0 else 4))
    bottom = 10 + _STEP * len(lines)
    for tick, label in labelled(low, high, max(2, int((x.end - x.start) / 90)), numbers):
        canvas.line((x(tick), 8), (x(tick), bottom), "zero" if tick == 0 else "grid")
        canvas.text(x(tick), bottom + 18, label, "muted", "middle")
    canvas.text(x.end, bottom + 38, f"gained (right) or cost (left), {currency}", "muted", "end")
    for place, (line, value, text) in enumerate(zip(lines, values, texts, strict=True)):
        middle = 10 + _STEP * (place + 0.5)
        left, right = sorted((x(0.0), x(value)))
        canvas.text(names - 10, middle + 4.5, line.cause.value, "", "end")
        canvas.rect((left, middle - 8), (right - left, 16), f"bar {'gain' if value > 0 else 'loss'}")
        canvas.text(right + 6 if value > 0 else left - 6, middle + 4.5, text, "", "start" if value > 0 else "end")
        tip = f"{line.cause.value}: {count(line.decisions, 'decision')}, {text}"
        canvas.rect((0, middle - _STEP / 2), (width, _STEP), "hit", tip)
    return canvas


def over_time(drift: Drift) -> Figure:
    """The sum of all differences as decisions were made."""
    question = "When did it go apart?"
    rows = drift.pairs.filter(pl.col("decision") == 1, pl.col("cost_minor") != 0).sort("decided_ns")
    if rows.is_empty():
        return Figure("time", question, "It never did.")
    days = rows["decided_ns"].to_numpy() / 86_400e9
    total = rows["cost_minor"].cum_sum().to_numpy() / 100
    first = str(rows["decided_ns"].cast(pl.Datetime("ns", "UTC")).dt.date()[0])
    answer = f"The first difference of money is a bet decided on {first}."

    def draw(width: float, css: str) -> str:
        return _steps(days, total, width, drift.promotion.currency).svg(answer, css)

    return Figure("time", question, answer, draw, full=True, note="By the instant of the decision, before commission.")


def _steps(days: np.ndarray, total: np.ndarray, width: float, currency: str) -> Canvas:
    every = max(1, len(days) // _POINTS)
    days, total = np.append(days[::every], days[-1]), np.append(total[::every], total[-1])
    canvas = Canvas(width, _HEIGHT)
    low, high = min(0.0, float(total.min())), max(0.0, float(total.max()))
    y = Scale(low, high, _HEIGHT - 40, 20)
    x = Scale(float(days[0]), max(float(days[-1]), float(days[0]) + 1.0), 64, width - 8)
    canvas.text(0, 11, f"sum of the differences, {currency}", "muted")
    for tick, label in labelled(low, high, 5, numbers):
        canvas.line((60, y(tick)), (x.end, y(tick)), "zero" if tick == 0 else "grid")
        canvas.text(54, y(tick) + 4.5, label, "muted", "end")
    xs = np.repeat([x(float(day)) for day in days], 2)[1:]
    ys = np.repeat([y(float(value)) for value in total], 2)[:-1]
    canvas.path([xs[0], *xs], [y(0.0), *ys], "series s1")
    for end, anchor in ((0, "start"), (-1, "end")):
        label = str(np.datetime64(int(days[end]), "D"))
        canvas.text(x(float(days[end])), _HEIGHT - 18, label, "muted", anchor)
    return canvas
