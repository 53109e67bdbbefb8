"""Differences of pairs as dots with their intervals, a row a pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from research.inference.bootstrap import Interval
from research.inference.differences import PairedRatios
from research.report.charts.axes import LEVEL_WORDS
from research.report.drawing import Canvas, Scale, fits, ticks
from research.report.figure import Figure, Numbers
from research.report.text import count, listing, number, percent, span

_STEP: Final = 30.0
_HEADS: Final = {"yield": "yield, % of turnover", "clv": "closing line value, %", "pnl": "P&L an event, % of bankroll"}
_QUESTIONS: Final = {
    "yield": "Who earns more of each stake on the same events?",
    "clv": "Who gets the better prices on the same events?",
    "pnl": "Who makes more of the bankroll on the same events?",
}
_DIGITS: Final = {"yield": 2, "clv": 2, "pnl": 4}


def differences(pairs: Mapping[str, PairedRatios], measure: str = "yield", *, note: str = "") -> Figure:
    """The difference of each pair over its common events, with its paired interval.

    Parameters
    ----------
    pairs : mapping of str to Paired
        By name: ``A − B``.
    measure : str
        ``yield``, ``clv``, or ``pnl`` (P&L an event over the opening bankroll).
    note : str
        Small print.
    """
    name, question, digits = f"pairs-{measure}", _QUESTIONS[measure], _DIGITS[measure]
    known = {pair: found for pair, found in pairs.items() if np.isfinite(found.difference.estimate)}
    if not known:
        return Figure(name, question, "No two of them have such bets on a common event.")
    answer = _answer(known, digits)

    def draw(width: float, css: str) -> str:
        return _draw(known, measure, width).svg(answer, css)

    heads = ("pair", "first", "second", "difference", f"low ({LEVEL_WORDS})", f"high ({LEVEL_WORDS})")
    rows = tuple(
        (
            pair,
            percent(found.first, digits),
            percent(found.second, digits),
            percent(found.difference.estimate, digits, sign=True),
            percent(found.difference.low, digits, sign=True),
            percent(found.difference.high, digits, sign=True),
            number(found.common),
            number(found.first_only),
            number(found.second_only),
        )
        for pair, found in pairs.items()
    )
    numbers = Numbers((*heads, "common events", "events of first alone", "of second alone"), rows)
    return Figure(name, question, answer, draw, numbers, note=note)


def _answer(known: Mapping[str, PairedRatios], digits: int) -> str:
    if len(known) == 1:
        pair, found = next(iter(known.items()))
        one = found.difference
        text = f"{pair} is {percent(one.estimate, digits, sign=True)} on {count(found.common, 'common event')}"
        if not one.known:
            return f"{text}, with no interval."
        zero = "holds zero" if one.low <= 0.0 <= one.high else "excludes zero"
        return f"{text}; the {LEVEL_WORDS} interval, {span(one.low, one.high, digits)}, {zero}."
    intervals = sum(found.difference.known for found in known.values())
    clear = [pair for pair, found in known.items() if found.difference.low > 0 or found.difference.high < 0]
    if not clear:
        return f"None of {count(intervals, 'interval')} excludes zero."
    what = "excludes" if len(clear) == 1 else "exclude"
    return f"{number(len(clear))} of {count(intervals, 'interval')} {what} zero: {listing(clear)}."


def _draw(known: Mapping[str, PairedRatios], measure: str, width: float) -> Canvas:
    names = max(fits(pair) for pair in known) + 10
    counts = max(fits("events"), *(fits(number(found.common)) for found in known.values())) + 12
    low, high = _reach([found.difference for found in known.values()])
    canvas = Canvas(width, 66.0 + _STEP * len(known))
    x = Scale(low, high, names, width - counts)
    bottom = 20 + _STEP * len(known)
    canvas.text(width, 11, "events", "muted", "end")
    marks = ticks(x.low, x.high, max(2, int((x.end - x.start) / 84)))
    for tick, label in zip(marks, _labels(marks), strict=True):
        canvas.line((x(tick), 18), (x(tick), bottom), "zero" if tick == 0 else "grid")
        canvas.text(x(tick), bottom + 18, label, "muted", "middle")
    canvas.text(x.end, bottom + 38, f"difference in {_HEADS[measure]}", "muted", "end")
    for place, (pair, found) in enumerate(known.items()):
        one, middle = found.difference, 20 + _STEP * (place + 0.5)
        canvas.text(names - 10, middle + 4.5, pair, "", "end")
        if one.known:
            canvas.line((x(one.low), middle), (x(one.high), middle), "whisker")
            for end in (one.low, one.high):
                canvas.line((x(end), middle - 4), (x(end), middle + 4), "whisker")
        css = "gain" if one.estimate >= 0 else "loss"
        at = x.clip(one.estimate)
        if not low <= one.estimate <= high:
            words, right = percent(one.estimate, sign=True), one.estimate > high
            canvas.text(at + (-10 if right else 10), middle + 4.5, words, "halo", "end" if right else "start")
        canvas.dot(at, middle, 5, f"point {css}{'' if one.known else ' hollow'}")
        canvas.text(width, middle + 4.5, number(found.common), "muted", "end")
        tip = f"{pair}: {percent(one.estimate, 3, sign=True)}"
        tip += f" ({LEVEL_WORDS} {span(one.low, one.high, 3)})" if one.known else ""
        canvas.rect((0, middle - _STEP / 2), (width, _STEP), "hit", f"{tip}, {count(found.common, 'common event')}")
    return canvas


def _reach(found: Sequence[Interval]) -> tuple[float, float]:
    """Range of the axis: zero and all intervals; estimates without one only where there is no interval at all."""
    values = [0.0]
    for one in found:
        values += [one.low, one.high] if one.known else []
    if len(values) == 1:
        values += [one.estimate for one in found]
    room = (max(values) - min(values)) * 0.08 or 0.01
    return min(values) - room, max(values) + room


def _labels(values: Sequence[float]) -> list[str]:
    """Labels of ticks in per cent, all with the digits that the finest of them needs."""
    digits = next(d for d in range(7) if d == 6 or all(abs(round(v * 100, d) - v * 100) < 1e-9 for v in values))
    return [percent(value, digits) for value in values]
