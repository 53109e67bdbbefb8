"""Bars of a histogram, solid for the part with enough bets, and the axis below them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from research.report.charts.axes import Labels, centred, labelled
from research.report.drawing import Canvas, Scale, ticks
from research.report.text import compacts, number, percent, percents

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


def round_bins(values: Floats, marks: list[float], about: int = 44) -> Floats:
    """Edges of bins at round numbers that cover the middle 98% of the values and all `marks`; zero is an edge."""
    low, high = np.quantile(values, [0.01, 0.99])
    low, high = min(float(low), *marks), max(float(high), *marks)
    if high - low < 1e-9:
        low, high = low - 0.01, high + 0.01
    steps = ticks(low, high, about)
    step = steps[1] - steps[0] if len(steps) > 1 else (high - low) / 4
    first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
    edges: Floats = np.arange(first, last + 1) * step
    return edges


def bars(
    canvas: Canvas,
    edges: Floats,
    counts: tuple[Counts, Counts],
    x: Scale,
    place: tuple[float, float],
    noun: str,
    label: Callable[[float], str] = percent,
) -> None:
    """Bars with what they count.

    Parameters
    ----------
    canvas : Canvas
    edges : float64 (n + 1,)
        Edges of the bins.
    counts : pair of int64 (n,)
        All that is counted, and the part of it with enough bets, which is drawn solid.
    x : Scale
    place : pair of float
        Top and bottom of the bars in px.
    noun : str
        What is counted, in the plural.
    label : callable
        Text of an edge.
    """
    (total, solid), (top, bottom) = counts, place
    most = float(total.max())
    y = Scale(0, most, bottom, top)
    canvas.text(0, 11, noun, "muted")
    whole = [tick for tick in ticks(0, most, 4) if tick == round(tick)]
    for tick, words in zip(whole, compacts(whole), strict=True):
        canvas.line((58, y(tick)), (x.end, y(tick)), "grid" if tick else "zero")
        canvas.text(52, y(tick) + 4.5, words, "muted", "end")
    for left, right, amount, enough in zip(edges[:-1], edges[1:], total, solid, strict=True):
        if not amount:
            continue
        css = "bar gain" if (left + right) / 2 > 0 else "bar loss"
        tip = f"{label(float(left))} to {label(float(right))}: {number(int(amount))} {noun}"
        start, wide = x(float(left)) + 1, x(float(right)) - x(float(left)) - 2
        if enough < amount:
            canvas.rect((start, y(float(amount))), (wide, bottom - y(float(amount))), f"{css} hollow")
        if enough:
            canvas.rect((start, y(float(enough))), (wide, bottom - y(float(enough))), css)
        canvas.rect((start - 1, top), (wide + 2, bottom - top), "hit", tip)


def x_axis(
    canvas: Canvas, x: Scale, bottom: float, words: str, labels: Labels = percents, *, top: float = 20.0
) -> None:
    """Ticks with labels below the bars, the line at zero from `top` down, and the axis name."""
    for tick, label in labelled(x.low, x.high, max(2, int((x.end - x.start) / 76)), labels):
        canvas.line((x(tick), bottom), (x(tick), bottom + 4), "zero")
        at, edge = centred(canvas, x(tick), label)
        canvas.text(at, bottom + 18, label, "muted", edge)
    if x.low < 0 < x.high:
        canvas.line((x(0), top), (x(0), bottom), "zero")
    canvas.text(x.end, bottom + 37, words, "muted", "end")
