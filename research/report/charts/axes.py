"""Axes that the charts share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from research.inference.bootstrap import FEWEST_BETS
from research.report.breakdown import Group
from research.report.drawing import Canvas, Scale, ticks
from research.report.text import number, percent, span

#: a group with fewer bets is drawn hollow
SOLID_FROM: Final = FEWEST_BETS
LEVEL_WORDS: Final = f"90{chr(0x202F)}%"


def percent_tick(value: float, spread: float) -> str:
    """A label of an axis in per cent, with as many digits as the spread asks for."""
    return percent(value, 0 if spread >= 0.045 else 1 if spread >= 0.0045 else 2)


def y_axis(canvas: Canvas, scale: Scale, right: float, label: Callable[[float], str], *, about: int = 5) -> None:
    """Hairlines across with labels at the left; the zero line is stronger."""
    for tick in ticks(scale.low, scale.high, about):
        css = "zero" if tick == 0 else "grid"
        canvas.line((58, scale(tick)), (right, scale(tick)), css)
        canvas.text(52, scale(tick) + 4.5, label(tick), "muted", "end")


def yield_range(groups: Sequence[Group], extra: Sequence[float] = ()) -> tuple[float, float]:
    """Range of a yield axis: all estimates, and the intervals of the groups with enough bets."""
    sure = [g for g in groups if g.n_bets >= SOLID_FROM and g.interval.known] or [g for g in groups if g.interval.known]
    values = [0.0, *extra]
    for group in sure:
        values += [group.interval.low, group.interval.high]
    reach = max(max(map(abs, values)) * 3, 1.0)
    values += [min(max(g.interval.estimate, -reach), reach) for g in groups if np.isfinite(g.interval.estimate)]
    low, high = min(values), max(values)
    room = (high - low) * 0.06 or 0.01
    return low - (room if low < 0 else 0), high + (room if high > 0 else 0)


def whisker(canvas: Canvas, scale: Scale, at: float, group: Group, *, upright: bool = True) -> None:
    """The interval of a group; an end outside the axis is open."""
    if not group.interval.known:
        return
    low, high = scale.clip(group.interval.low), scale.clip(group.interval.high)
    ends = [
        (pixel, scale.low <= value <= scale.high)
        for pixel, value in ((low, group.interval.low), (high, group.interval.high))
    ]

    def point(along: float, across: float) -> tuple[float, float]:
        return (at + across, along) if upright else (along, at + across)

    canvas.line(point(low, 0), point(high, 0), "whisker")
    for pixel, inside in ends:
        if inside:
            canvas.line(point(pixel, -4), point(pixel, 4), "whisker")


def bar_css(group: Group) -> str:
    """Style class of a group's bar or dot: sign, and hollow under `SOLID_FROM` bets."""
    sign = "gain" if group.interval.estimate >= 0 else "loss"
    return sign if group.n_bets >= SOLID_FROM else f"{sign} hollow"


def group_tip(name: str, group: Group) -> str:
    """What hovering over a group shows."""
    text = f"{name}: yield {percent(group.interval.estimate, 1)}"
    if group.interval.known:
        text += f" ({LEVEL_WORDS} {span(group.interval.low, group.interval.high)})"
    return f"{text}, {number(group.n_bets)} bets on {number(group.n_events)} events"


def group_cells(group: Group) -> tuple[str, ...]:
    """Cells of the table behind a chart of groups."""
    found = group.interval
    return (
        number(group.n_bets),
        number(group.n_events),
        percent(found.estimate, 1),
        percent(found.low, 1),
        percent(found.high, 1),
    )


GROUP_HEADS: Final = ("bets", "events", "yield", f"low ({LEVEL_WORDS})", f"high ({LEVEL_WORDS})")

#: calendar days of a year: ratios per day are shown per year, and only shown
YEAR_DAYS: Final = 365.25


@dataclass(frozen=True)
class Metric:
    """Name of the axis with its unit; the factor from the value per day to the one shown; its digits and form."""

    axis: str
    word: str
    factor: float = 1.0
    digits: int = 2
    percent: bool = False

    def told(self, value: float) -> str:
        """A value (already multiplied by the factor) with its unit."""
        return percent(value, self.digits) if self.percent else number(value, self.digits)

    def tick(self, value: float, spread: float) -> str:
        """A label of the axis, with as many digits as the spread asks for."""
        size = spread * (100 if self.percent else 1)
        digits = 0 if size >= 4.5 else 1 if size >= 0.45 else 2 if size >= 0.045 else 3
        return percent(value, digits) if self.percent else number(value, digits)


_FORMS: Final = {
    "sharpe": Metric("Sharpe ratio a year", "Sharpe ratio", math.sqrt(YEAR_DAYS)),
    "growth": Metric("mean daily return, % of equity", "mean daily return", digits=3, percent=True),
    "yield": Metric("yield, % of turnover", "yield", percent=True),
}


def metric_of(name: str) -> Metric:
    """The form of ``sharpe``, ``growth`` or ``yield``; another name is written as it is, a plain number."""
    return _FORMS.get(name, Metric(name, name, digits=3))
