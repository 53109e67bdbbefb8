"""Equity over days with a bootstrap fan behind it, and drawdown below it on the same time axis."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.report.bankroll import balance, drawdown, point_ends
from research.report.drawing import Canvas, LogScale, Scale, fits, log_ticks, ticks
from research.report.figure import PHONE, Numbers
from research.report.text import LEVEL, compacts, decades, money, number, percent, percents
from research.verdict.ruin import LEFT

Floats = NDArray[np.float64]

#: height of a label in px on a phone, where labels are listed above the lines instead of at their ends
_LABEL_STEP: Final = 18
#: factor between the opening and the highest or lowest money from which on the scale is logarithmic
DECADE: Final = 10.0


@dataclass(frozen=True)
class Track:
    """One line.

    Attributes
    ----------
    label : str
    day : float64 (points,)
        Days since the start of the time axis.
    money : float64 (points,)
        Equity at the end of each point's days, minor units.
    drawdown : float64 (points,)
        Deepest drawdown in each point's days, as a fraction of the peak.
    """

    label: str
    day: Floats
    money: Floats
    drawdown: Floats


@dataclass(frozen=True)
class Boundary:
    """Start of a fold: days since the start of the time axis, and the configuration selected there."""

    day: float
    label: str


@dataclass(frozen=True)
class Lines:
    """What is drawn on one time axis.

    Attributes
    ----------
    tracks : sequence of Track
        At most six; the first is the one with the fan.
    start : date
        Start of the time axis.
    bands : (5, points) float64 or None
        Quantiles of the fan at the points of the first track, minor units.
    boundaries : sequence of Boundary
        Starts of the folds.
    solid : bool
        Solid lines for out of sample; else dashed, for in sample.
    """

    tracks: Sequence[Track]
    start: dt.date
    bands: Floats | None = None
    boundaries: Sequence[Boundary] = ()
    solid: bool = False

    @property
    def days(self) -> float:
        """Length of the time axis in days."""
        return max(float(track.day[-1]) for track in self.tracks) or 1.0

    @property
    def css(self) -> str:
        """Style class of the lines: dashed in sample."""
        return "" if self.solid else " dashed"

    def scale(self, bottom: float, top: float) -> Scale:
        """The scale of money, 1 = 100 minor units: logarithmic where the money spans a factor of `DECADE` or more.

        A path that ends with next to nothing keeps a linear scale, on which zero has a place.
        """
        values = [track.money for track in self.tracks] + ([] if self.bands is None else [self.bands])
        low, high = min(float(part.min()) for part in values) / 100, max(float(part.max()) for part in values) / 100
        opening, least = self.opening, min(float(track.money.min()) for track in self.tracks) / 100
        if least > LEFT * opening > 0.0 and (high >= DECADE * opening or opening >= DECADE * least):
            return LogScale(max(low, 0.5 * least, LEFT * opening) / 1.1, high * 1.1, bottom, top)
        margin = (high - low) * 0.04 or 1.0
        return Scale(low - margin, high + margin, bottom, top)

    @property
    def opening(self) -> float:
        """Opening money of the first track, 1 = 100 minor units."""
        return float(self.tracks[0].money[0]) / 100

    @property
    def logarithmic(self) -> bool:
        """Whether the scale of money is logarithmic."""
        return isinstance(self.scale(1.0, 0.0), LogScale)

    @property
    def note(self) -> str:
        """What the drawing says about its scale and its units."""
        scale = self.scale(1.0, 0.0)
        if not isinstance(scale, LogScale):
            return "Money: 1 = 100 minor units."
        words = "Money: 1 = 100 minor units. Logarithmic scale: equal distances are equal factors."
        least = math.inf if self.bands is None else float(self.bands.min())
        return words + (
            f" The bands reach down to {money(least)}, below the drawing." if least < 100 * scale.low else ""
        )


def track(daily: pl.DataFrame, label: str, start: dt.date) -> Track:
    """The line of a frame of days (date, pnl_minor, equity_start_minor) that is not empty."""
    equity, fall, ends = balance(daily), drawdown(daily), point_ends(len(daily))
    begins = np.concatenate([[0], ends[:-1]])
    deepest = [float(fall[a + 1 : b + 1].max()) for a, b in zip(begins, ends, strict=True)]
    offset = (daily["date"][0] - start).days
    day = np.concatenate([[0], ends]).astype(np.float64) + offset
    return Track(label, day, equity[np.concatenate([[0], ends])], np.concatenate([[0.0], deepest]))


def dates(start: dt.date, days: float, width: float) -> list[tuple[float, str]]:
    """Labels of the time axis with their day: years, months or days, as many as fit."""
    most = max(2, int((width - 70) / 74))
    if days > 365 * 1.6:
        years = range(start.year + 1, (start + dt.timedelta(days=days)).year + 1)
        step = -(-len(years) // most) or 1
        return [(float((dt.date(y, 1, 1) - start).days), str(y)) for y in years][::step]
    if days > 62:
        months, first = [], (start.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        while (first - start).days <= days:
            months.append((float((first - start).days), first.strftime("%Y-%m")))
            first = (first + dt.timedelta(days=32)).replace(day=1)
        return months[:: -(-len(months) // most) or 1]
    step = max(1, -(-int(days) // most))
    return [(float(d), (start + dt.timedelta(days=d)).strftime("%m-%d")) for d in range(0, int(days) + 1, step)]


def draw(lines: Lines, width: float) -> Canvas:
    """Equity with its fan and the fold boundaries above, drawdown below; nothing is drawn between the two."""
    upper, lower = (300.0, 100.0) if width > PHONE else (230.0, 84.0)
    listed = _listed(lines, width)
    top = (34.0 if lines.boundaries else 20.0) + _LABEL_STEP * len(listed)
    upper += _LABEL_STEP * len(listed)
    canvas = Canvas(width, upper + lower + 56)
    labels = max((fits(t.label) for t in lines.tracks), default=0.0) + 10 if width > PHONE else 6.0
    x, y = Scale(0, lines.days, 64, width - labels), lines.scale(upper, top)
    named, halves = dates(lines.start, lines.days, width), ((top, upper), (upper + 34, upper + lower + 30))
    for day, _ in named:
        for start, end in halves:
            canvas.line((x(day), start), (x(day), end), "grid")
    _money_axis(canvas, lines, x, y)
    if lines.bands is not None:
        main_x = [x(float(day)) for day in lines.tracks[0].day]
        for outer, inner, css in ((0, 4, "fan90"), (1, 3, "fan50")):
            canvas.band(main_x, [y(v / 100) for v in lines.bands[outer]], [y(v / 100) for v in lines.bands[inner]], css)
    _boundaries(canvas, lines.boundaries, x, ((20.0, upper), halves[1]))
    for row, labels_of_row in enumerate(listed):
        for at, place in labels_of_row:
            canvas.text(at, 29 + _LABEL_STEP * row, lines.tracks[place].label, f"t{place + 1}")
    _equity(canvas, lines, x, y)
    _drawdown(canvas, lines, x, (upper + 34, lower))
    for day, label in named:
        anchor = "end" if x(day) > x.end - 16 and width <= PHONE else "middle"
        canvas.text(x(day), upper + lower + 50, label, "muted", anchor)
    _hits(canvas, lines, x)
    return canvas


def _money_axis(canvas: Canvas, lines: Lines, x: Scale, y: Scale) -> None:
    """The axis of money, and the line of the opening bankroll."""
    canvas.text(0, 11, "equity, money" + (", log scale" if lines.logarithmic else ""), "muted")
    values = (log_ticks if lines.logarithmic else ticks)(y.low, y.high, 6)
    labels = (decades if lines.logarithmic else compacts)(values)
    for tick, label in zip(values, labels, strict=True):
        canvas.line((58, y(tick)), (x.end, y(tick)), "grid")
        canvas.text(52, y(tick) + 4.5, label, "muted", "end")
    canvas.line((58, y(lines.opening)), (x.end, y(lines.opening)), "zero")


def _listed(lines: Lines, width: float) -> list[list[tuple[float, int]]]:
    """Rows of labels above the lines on a phone, each with its place; a line alone needs no label."""
    if width > PHONE or len(lines.tracks) < 2:
        return []
    rows: list[list[tuple[float, int]]] = [[]]
    at = 64.0
    for place, line in enumerate(lines.tracks):
        if rows[-1] and at + fits(line.label) > width:
            rows.append([])
            at = 64.0
        rows[-1].append((at, place))
        at += fits(line.label) + 14
    return rows


def _boundaries(
    canvas: Canvas, boundaries: Sequence[Boundary], x: Scale, halves: Sequence[tuple[float, float]]
) -> None:
    """Thin vertical lines with the selected configuration; a label that would touch the previous one is left out."""
    free = 0.0
    for boundary in boundaries:
        at = x(boundary.day)
        for start, end in halves:
            canvas.line((at, start), (at, end), "boundary")
        if at + 4 >= free and at + 4 + fits(boundary.label) <= canvas.width:
            canvas.text(at + 4, 29, boundary.label, "muted halo")
            free = at + 12 + fits(boundary.label)


def _equity(canvas: Canvas, lines: Lines, x: Scale, y: Scale) -> None:
    """All lines, the first on top, each with its label at its end; on a phone the labels are above the lines."""
    heights = _spread([y(float(t.money[-1]) / 100) for t in lines.tracks])
    for place in range(len(lines.tracks) - 1, -1, -1):
        line = lines.tracks[place]
        css = f"series s{place + 1}{lines.css}"
        canvas.path([x(float(day)) for day in line.day], [y(float(v) / 100) for v in line.money], css)
        if canvas.width > PHONE:
            canvas.text(x.end + 6, heights[place] + 4.5, line.label, f"t{place + 1} halo")


def _drawdown(canvas: Canvas, lines: Lines, x: Scale, place: tuple[float, float]) -> None:
    """The drawdown of all lines, from zero downwards."""
    top, height = place
    deepest = max(0.01, *(float(t.drawdown.max()) for t in lines.tracks))
    y = Scale(0, deepest, top, top + height - 8)
    canvas.text(0, top - 12, "drawdown, % of the peak", "muted")
    depths = ticks(0, deepest, 3)
    for tick, label in zip(depths, percents([-depth for depth in depths]), strict=True):
        canvas.line((58, y(tick)), (x.end, y(tick)), "zero" if tick == 0 else "grid")
        canvas.text(52, y(tick) + 4.5, label, "muted", "end")
    xs = [x(float(day)) for day in lines.tracks[0].day]
    canvas.band(xs, [y(0)] * len(xs), [y(float(v)) for v in lines.tracks[0].drawdown], "under")
    for index, line in enumerate(lines.tracks, start=1):
        xs = [x(float(day)) for day in line.day]
        canvas.path(xs, [y(float(v)) for v in line.drawdown], f"series s{index} thin{lines.css}")


def _spread(heights: list[float]) -> list[float]:
    """Heights of the labels, spread where they would overlap."""
    placed = list(heights)
    order = sorted(range(len(heights)), key=lambda k: heights[k])
    for before, after in pairwise(order):
        placed[after] = max(placed[after], placed[before] + 16)
    return placed


def _hits(canvas: Canvas, lines: Lines, x: Scale) -> None:
    """At most 80 places where hovering shows the numbers of the first line on a day."""
    line = lines.tracks[0]
    step = max(1, len(line.day) // 80)
    for k in range(step, len(line.day), step):
        left, right = x(float(line.day[k - step])), x(float(line.day[k]))
        date = lines.start + dt.timedelta(days=float(line.day[k]) - 1)
        tip = f"{date.isoformat()}: {money(float(line.money[k]))}, drawdown {percent(float(line.drawdown[k]))}"
        if lines.bands is not None:
            ends = money(float(lines.bands[0, k])), money(float(lines.bands[4, k]))
            tip += f", {LEVEL} of resamples {ends[0]} to {ends[1]}"
        canvas.rect((left, 20), (right - left, canvas.height - 56), "hit", tip)


def by_month(daily: pl.DataFrame) -> Numbers:
    """The table: one row a month, or one a year with more than sixty months."""
    frame = daily.with_columns(pl.Series("balance", balance(daily)[1:]), pl.Series("fall", drawdown(daily)[1:]))
    months = frame.select(pl.col("date").dt.truncate("1mo").n_unique()).item()
    form = "%Y-%m" if months <= 60 else "%Y"
    table = frame.group_by(pl.col("date").dt.strftime(form).alias("span"), maintain_order=True).agg(
        pl.col("n_bets").sum(), pl.col("pnl_minor").sum(), pl.col("balance").last(), pl.col("fall").max()
    )
    rows = tuple(
        (
            str(r["span"]),
            number(r["n_bets"]),
            money(r["pnl_minor"], sign=True),
            money(r["balance"]),
            percent(r["fall"]),
        )
        for r in table.iter_rows(named=True)
    )
    return Numbers(("period", "bets", "P&L", "equity at the end", "maximum drawdown"), rows)
