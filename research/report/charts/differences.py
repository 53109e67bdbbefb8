"""Differences between pairs of runs as dots with their intervals, one row a pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from research.inference.bootstrap import Interval
from research.inference.differences import PairedRatios
from research.report.charts.axes import labelled
from research.report.drawing import Canvas, Scale, fits
from research.report.figure import Figure, Numbers
from research.report.text import LEVEL, count, listing, number, percent, span

_STEP: Final = 30.0
_HEADS: Final = {"yield": "yield, % of turnover", "clv": "closing line value, %", "pnl": "P&L per event, % of bankroll"}
_QUESTIONS: Final = {
    "yield": "Which run has the higher yield on the same events?",
    "clv": "Which run gets the better prices on the same events?",
    "pnl": "Which run earns more of its bankroll on the same events?",
}
_DIGITS: Final = {"yield": 2, "clv": 2, "pnl": 4}


def differences(pairs: Mapping[str, PairedRatios], measure: str = "yield", *, note: str = "") -> Figure:
    """The difference of each pair over its common events, with the paired interval.

    Parameters
    ----------
    pairs : mapping of str to PairedRatios
        Ratios by the name of the pair: ``A − B``.
    measure : str
        ``yield``, ``clv``, or ``pnl`` (P&L per event over the opening bankroll).
    note : str
        Small print.
    """
    name, question, digits = f"pairs-{measure}", _QUESTIONS[measure], _DIGITS[measure]
    known = {pair: ratios for pair, ratios in pairs.items() if np.isfinite(ratios.difference.estimate)}
    if not known:
        return Figure(name, question, "No two of these runs have such bets on the same event.")
    answer = _answer(known, digits)

    def draw(width: float, css: str) -> str:
        return _draw(known, measure, width).svg(answer, css)

    heads = ("pair", "first", "second", "difference", f"low ({LEVEL})", f"high ({LEVEL})")
    rows = tuple(
        (
            pair,
            percent(ratios.first, digits),
            percent(ratios.second, digits),
            percent(ratios.difference.estimate, digits, sign=True),
            percent(ratios.difference.low, digits, sign=True),
            percent(ratios.difference.high, digits, sign=True),
            number(ratios.common),
            number(ratios.first_only),
            number(ratios.second_only),
        )
        for pair, ratios in pairs.items()
    )
    numbers = Numbers((*heads, "common events", "events of the first only", "events of the second only"), rows)
    return Figure(name, question, answer, draw, numbers, note=note)


def _answer(known: Mapping[str, PairedRatios], digits: int) -> str:
    if len(known) == 1:
        pair, ratios = next(iter(known.items()))
        difference = ratios.difference
        text = f"{pair} is {percent(difference.estimate, digits, sign=True)} on {count(ratios.common, 'common event')}"
        if not difference.known:
            return f"{text}, with no interval."
        verb = "contains" if difference.low <= 0.0 <= difference.high else "excludes"
        return f"{text}; the {LEVEL} interval {span(difference.low, difference.high, digits)} {verb} zero."
    intervals = sum(ratios.difference.known for ratios in known.values())
    clear = [pair for pair, ratios in known.items() if ratios.difference.low > 0 or ratios.difference.high < 0]
    if not clear:
        return "No interval excludes zero." if intervals else "There are too few common events for an interval."
    verb = "excludes" if len(clear) == 1 else "exclude"
    return f"{number(len(clear))} of {count(intervals, 'interval')} {verb} zero: {listing(clear)}."


def _draw(known: Mapping[str, PairedRatios], measure: str, width: float) -> Canvas:
    names = max(fits(pair) for pair in known) + 10
    counts = max(fits("events"), *(fits(number(ratios.common)) for ratios in known.values())) + 12
    low, high = _range([ratios.difference for ratios in known.values()])
    canvas = Canvas(width, 66.0 + _STEP * len(known))
    x = Scale(low, high, names, width - counts)
    bottom = 20 + _STEP * len(known)
    canvas.text(width, 11, "events", "muted", "end")
    for tick, label in labelled(x.low, x.high, max(2, int((x.end - x.start) / 84))):
        canvas.line((x(tick), 18), (x(tick), bottom), "zero" if tick == 0 else "grid")
        canvas.text(x(tick), bottom + 18, label, "muted", "middle")
    canvas.text(x.end, bottom + 38, f"difference in {_HEADS[measure]}", "muted", "end")
    for place, (pair, ratios) in enumerate(known.items()):
        difference, middle = ratios.difference, 20 + _STEP * (place + 0.5)
        canvas.text(names - 10, middle + 4.5, pair, "", "end")
        if difference.known:
            canvas.line((x(difference.low), middle), (x(difference.high), middle), "whisker")
            for end in (difference.low, difference.high):
                canvas.line((x(end), middle - 4), (x(end), middle + 4), "whisker")
        css = "gain" if difference.estimate >= 0 else "loss"
        at = x.clip(difference.estimate)
        if not low <= difference.estimate <= high:
            label, right = percent(difference.estimate, sign=True), difference.estimate > high
            canvas.text(at + (-10 if right else 10), middle + 4.5, label, "halo", "end" if right else "start")
        canvas.dot(at, middle, 5, f"point {css}{'' if difference.known else ' hollow'}")
        canvas.text(width, middle + 4.5, number(ratios.common), "muted", "end")
        tip = f"{pair}: {percent(difference.estimate, 3, sign=True)}"
        tip += f" ({LEVEL} {span(difference.low, difference.high, 3)})" if difference.known else ""
        canvas.rect((0, middle - _STEP / 2), (width, _STEP), "hit", f"{tip}, {count(ratios.common, 'common event')}")
    return canvas


def _range(intervals: Sequence[Interval]) -> tuple[float, float]:
    """Range of the axis: zero and all intervals; estimates without interval only where there is no interval at all."""
    values = [0.0]
    for interval in intervals:
        values += [interval.low, interval.high] if interval.known else []
    if len(values) == 1:
        values += [interval.estimate for interval in intervals]
    margin = (max(values) - min(values)) * 0.08 or 0.01
    return min(values) - margin, max(values) + margin
