"""Axes that the charts share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from research.inference.bootstrap import FEWEST_BETS
from research.report.breakdown import Group
from research.report.drawing import Canvas, Scale, fits, ticks
from research.report.text import LEVEL, count, number, numbers, percent, percents, span

#: groups with fewer bets are drawn hollow
SOLID_FROM: Final = FEWEST_BETS


#: labels of the ticks of one axis
Labels = Callable[[Sequence[float]], list[str]]


def labelled(low: float, high: float, about: int, labels: Labels = percents) -> list[tuple[float, str]]:
    """Round numbers from `low` to `high`, roughly `about` of them, each with a label that shows it exactly."""
    values = next((found for more in range(3) if len(found := ticks(low, high, about + more)) > 1), [])
    values = values or ticks(low, high, about)
    return list(zip(values, labels(values), strict=True))


def y_axis(canvas: Canvas, scale: Scale, right: float, labels: Labels = percents, *, about: int = 5) -> None:
    """Horizontal hairlines with labels on the left; the zero line is stronger."""
    for tick, label in labelled(scale.low, scale.high, about, labels):
        css = "zero" if tick == 0 else "grid"
        canvas.line((58, scale(tick)), (right, scale(tick)), css)
        canvas.text(52, scale(tick) + 4.5, label, "muted", "end")


def centred(canvas: Canvas, at: float, label: str) -> tuple[float, str]:
    """Where a label below a tick stands: its middle at the tick, or its end at the edge of the canvas."""
    half = fits(label) / 2
    if at + half > canvas.width:
        return canvas.width, "end"
    return (0.0, "start") if at < half else (at, "middle")


def yield_range(groups: Sequence[Group], extra: Sequence[float] = ()) -> tuple[float, float]:
    """Range of a yield axis: all estimates, and the intervals of the groups with enough bets."""
    known = [group for group in groups if group.interval.known]
    values = [0.0, *extra]
    for group in [group for group in known if group.n_bets >= SOLID_FROM] or known:
        values += [group.interval.low, group.interval.high]
    reach = max(max(map(abs, values)) * 3, 1.0)
    values += [min(max(g.interval.estimate, -reach), reach) for g in groups if np.isfinite(g.interval.estimate)]
    low, high = min(values), max(values)
    margin = (high - low) * 0.06 or 0.01
    return low - (margin if low < 0 else 0), high + (margin if high > 0 else 0)


def whisker(canvas: Canvas, scale: Scale, at: float, group: Group, *, upright: bool = True) -> None:
    """The interval of a group; an end beyond the axis has no cap."""
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
    """Style class of a group's bar or dot: gain or loss, and hollow below `SOLID_FROM` bets."""
    sign = "gain" if group.interval.estimate >= 0 else "loss"
    return sign if group.n_bets >= SOLID_FROM else f"{sign} hollow"


def group_tip(name: str, group: Group) -> str:
    """Text shown when hovering over a group."""
    text = f"{name}: yield {percent(group.interval.estimate, 1)}"
    if group.interval.known:
        text += f" ({LEVEL} {span(group.interval.low, group.interval.high)})"
    return f"{text}, {count(group.n_bets, 'bet')} on {count(group.n_events, 'event')}"


def group_cells(group: Group) -> tuple[str, ...]:
    """Cells of the table behind a chart of groups."""
    interval = group.interval
    return (
        number(group.n_bets),
        number(group.n_events),
        percent(interval.estimate, 1),
        percent(interval.low, 1),
        percent(interval.high, 1),
    )


GROUP_HEADS: Final = ("bets", "events", "yield", f"low ({LEVEL})", f"high ({LEVEL})")

#: calendar days of a year, to show daily ratios per year
YEAR_DAYS: Final = 365.25


@dataclass(frozen=True)
class Metric:
    """How a metric of validation is shown.

    Attributes
    ----------
    axis : str
        Name of its axis, with the unit.
    name : str
        Its name in a sentence.
    factor : float
        From the stored value, per day, to the value that is shown.
    digits : int
        Decimal places.
    percent : bool
        Whether it is shown as a percentage.
    """

    axis: str
    name: str
    factor: float = 1.0
    digits: int = 2
    percent: bool = False

    def text(self, value: float) -> str:
        """A value, already multiplied by the factor, with its unit."""
        return percent(value, self.digits) if self.percent else number(value, self.digits)

    def labels(self, values: Sequence[float]) -> list[str]:
        """Labels of its axis."""
        return percents(values) if self.percent else numbers(values)


_METRICS: Final = {
    "sharpe": Metric("Sharpe ratio per year", "Sharpe ratio", math.sqrt(YEAR_DAYS)),
    "growth": Metric("mean daily return, % of equity", "mean daily return", digits=3, percent=True),
    "yield": Metric("yield, % of turnover", "yield", percent=True),
}


def metric_of(name: str) -> Metric:
    """How ``sharpe``, ``growth`` or ``yield`` is shown; any other name is shown as it is, as a plain number."""
    return _METRICS.get(name, Metric(name, name, digits=3))
