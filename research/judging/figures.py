"""The charts of a judgement: how far each forecast is from the close, and what weight it gets beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from research.judging.blocks import FEWEST, Interval
from research.judging.sentences import spread
from research.judging.table import Row
from research.report.charts.axes import labelled
from research.report.drawing import Canvas, Scale, fits
from research.report.figure import Figure, Numbers
from research.report.text import LEVEL, listing, number, numbers

__all__ = ["distances", "weights"]

_STEP: Final = 30.0
_TOO_FEW: Final = f"Fewer than {FEWEST} weeks are too few for intervals."


def distances(rows: Sequence[Row]) -> Figure:
    """Mean log loss of each forecast above that of the closing market."""
    question = "How far is each forecast from the closing price?"
    known = [row for row in rows if math.isfinite(row.vs_close.value) and row.vs_close.value != 0.0]
    if not known:
        return Figure("distances", question, "Nothing but the closing price was judged.")
    best = min(known, key=lambda row: row.vs_close.value)
    better = [row.model for row in known if row.vs_close.high < 0.0]
    answer = (
        f"Lower log loss than the close, beyond its interval: {listing(better)}."
        if better
        else _TOO_FEW
        if not any(row.vs_close.known for row in known)
        else f"No forecast has a lower log loss beyond its interval; the nearest is {best.model} "
        f"({spread(best.vs_close, 4)})."
    )
    return _figure("distances", question, answer, known, lambda row: row.vs_close, ("log loss minus the close's", 4))


def weights(rows: Sequence[Row]) -> Figure:
    """Exponent of each forecast in a blend with the closing market."""
    question = "What weight does each forecast get beside the closing price?"
    known = [row for row in rows if math.isfinite(row.pool.weight.value)]
    if not known:
        return Figure("weights", question, "Nothing but the closing price was judged.")
    above = [row.model for row in known if row.adds]
    answer = (
        f"Above zero beyond doubt: {listing(above)}."
        if above
        else _TOO_FEW
        if not any(row.pool.weight.known for row in known)
        else f"None of {number(len(known))} is above zero beyond doubt: the price says what they say."
    )
    return _figure("weights", question, answer, known, lambda row: row.pool.weight, ("weight in the blend", 2))


def _figure(
    name: str,
    question: str,
    answer: str,
    rows: Sequence[Row],
    measure: Callable[[Row], Interval],
    words: tuple[str, int],
) -> Figure:
    axis, digits = words

    def draw(width: float, css: str) -> str:
        return _draw([(row.model, measure(row)) for row in rows], axis, digits, width).svg(answer, css)

    cells = tuple(
        (row.model, *(number(value, digits, sign=True) for value in (found.value, found.low, found.high)))
        for row, found in ((row, measure(row)) for row in rows)
    )
    heads = ("forecast", axis, f"low ({LEVEL})", f"high ({LEVEL})")
    return Figure(name, question, answer, draw, Numbers(heads, cells))


def _draw(rows: Sequence[tuple[str, Interval]], axis: str, digits: int, width: float) -> Canvas:
    names = max(fits(name) for name, _ in rows) + 10
    ends = [0.0, *(end for _, found in rows for end in (found.value, found.low, found.high) if math.isfinite(end))]
    margin = (max(ends) - min(ends)) * 0.06 or 0.01
    canvas = Canvas(width, 66.0 + _STEP * len(rows))
    x = Scale(min(ends) - margin, max(ends) + margin, names, width - 8)
    bottom = 10 + _STEP * len(rows)
    for tick, label in labelled(x.low, x.high, max(2, int((x.end - x.start) / 84)), numbers):
        canvas.line((x(tick), 8), (x(tick), bottom), "zero" if tick == 0 else "grid")
        canvas.text(x(tick), bottom + 18, label, "muted", "middle")
    canvas.text(x.end, bottom + 38, axis, "muted", "end")
    for place, (name, found) in enumerate(rows):
        middle = 10 + _STEP * (place + 0.5)
        canvas.text(names - 10, middle + 4.5, name, "", "end")
        if found.known:
            canvas.line((x(found.low), middle), (x(found.high), middle), "whisker")
            for end in (found.low, found.high):
                canvas.line((x(end), middle - 4), (x(end), middle + 4), "whisker")
        canvas.dot(x(found.value), middle, 5, "point")
        canvas.rect((0, middle - _STEP / 2), (width, _STEP), "hit", f"{name}: {spread(found, digits)}")
    return canvas
