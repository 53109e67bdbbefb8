"""Regimes over time: as they were known on each morning, and in hindsight."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from research.regimes.measures import changes
from research.regimes.states import Path
from research.report.charts.tracks import dates
from research.report.drawing import Canvas, Scale, fits
from research.report.figure import Figure, Numbers
from research.report.text import count, number, percent

_QUESTION: Final = "When was which regime in force?"
_EPOCH: Final = dt.date(1970, 1, 1)
#: height of a strip and the distance from one to the next, px
_STRIP: Final = 28.0
_STEP: Final = 56.0


def regimes(days: Path, known: Path, hindsight: Path | None = None) -> Figure:
    """Strips of regimes over time.

    Parameters
    ----------
    days : array of int64, (n,)
        Days since 1970-01-01, ascending.
    known : array of int64, (n,)
        Regime that was known after each of them; -1: none yet. `research.regimes.refits.Known.path`.
    hindsight : array of int64, (n,), optional
        Regimes given all days: `research.regimes.refits.Known.hindsight`. For comparison only.
    """
    strips = {"as known": known} | ({} if hindsight is None or not len(hindsight) else {"in hindsight": hindsight})
    since = known >= 0
    if not since.any():
        return Figure("regimes", _QUESTION, "No regime is known yet: there are too few days.", full=True)
    states = np.unique(np.concatenate([strip[strip >= 0] for strip in strips.values()])).tolist()
    answer = _answer(known[since], None if hindsight is None else hindsight[since[: len(hindsight)]])

    def draw(width: float, css: str) -> str:
        return _drawn(days, strips, states, width).svg(answer, css)

    rows = tuple(
        (name, str(_date(first)), str(_date(last)), number(last - first + 1), "unknown" if state < 0 else str(state))
        for name, strip in strips.items()
        for state, first, last in _spells(days, strip)
    )
    note = "A bet rests on what was known; hindsight knows the future and is for comparison only."
    table = Numbers(("regimes", "first day", "last day", "days", "regime"), rows)
    return Figure("regimes", _QUESTION, answer, draw, table, full=True, note=note)


def _answer(known: Path, late: Path | None) -> str:
    states, days = np.unique(known, return_counts=True)
    most, seen = int(days.argmax()), changes(known)
    text = f"Regime {states[most]} was in force on {percent(days[most] / days.sum(), 0)} of the days"
    text += f", and {count(seen, 'change')} of regime {'was' if seen == 1 else 'were'} seen"
    return text + ("." if late is None or not len(late) else f"; hindsight has {number(changes(late))}.")


def _spells(days: Path, path: Path) -> list[tuple[int, int, int]]:
    """Regime, first and last day of each run of days with one regime; it lasts to the day before the next one."""
    starts = np.append(0, np.flatnonzero(np.diff(path)) + 1)
    ends = [*(days[starts[1:]] - 1).tolist(), int(days[-1])]
    return [(int(path[start]), int(days[start]), int(end)) for start, end in zip(starts, ends, strict=True)]


def _date(day: int) -> dt.date:
    return _EPOCH + dt.timedelta(days=day)


def _drawn(days: Path, strips: dict[str, Path], states: list[int], width: float) -> Canvas:
    height = 40 + _STEP * len(strips) + 22
    canvas, scale = Canvas(width, height), Scale(float(days[0]), float(days[-1]) + 1, 0, width)
    at = 0.0
    for state in states:
        canvas.text(at, 12, f"regime {state}", f"t{state % 6 + 1}")
        at += fits(f"regime {state}") + 14
    for place, (name, strip) in enumerate(strips.items()):
        top = 40 + _STEP * place
        canvas.text(0, top - 6, name, "muted")
        for state, first, last in _spells(days, strip):
            css = "track" if state < 0 else f"state s{state % 6 + 1}"
            tip = f"{'unknown' if state < 0 else f'regime {state}'}: {_date(first)} to {_date(last)}"
            canvas.rect((scale(first), top), (scale(last + 1) - scale(first), _STRIP), css, tip)
    for day, label in dates(_date(int(days[0])), scale.high - scale.low, width):
        x = scale(scale.low + day)
        canvas.line((x, 36), (x, height - 22), "boundary")
        if fits(label) / 2 <= x <= width - fits(label) / 2:
            canvas.text(x, height - 6, label, "muted", "middle")
    return canvas
