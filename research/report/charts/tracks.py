"""Lines of money over days, with their fan behind them and their drawdowns under them on the same time axis."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.inference.bootstrap import fan, generator
from research.report.drawing import Canvas, Scale, fits, ticks
from research.report.figure import PHONE, Numbers
from research.report.text import compact, count, money, percent

Floats = NDArray[np.float64]

#: points of a line at most: a longer one is thinned, its drawdown by the deepest of each bin
POINTS: Final = 240
#: rows of text under the equity on a phone, where labels do not stand at the ends of their lines
_LABEL_STEP: Final = 18


@dataclass(frozen=True)
class Track:
    """One line: x in days since the first date; money at the end of each point's days; deepest drawdown in them."""

    label: str
    day: Floats
    money: Floats
    drawdown: Floats


@dataclass(frozen=True)
class Border:
    """Where a fold begins: days since the first date, and what was chosen there."""

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
        Where the time axis begins.
    bands : (5, points) float64 or None
        Quantiles of the fan at the points of the first track, minor units.
    borders : sequence of Border
    solid : bool
        Out of sample is solid, in sample dashed.
    """

    tracks: Sequence[Track]
    start: dt.date
    bands: Floats | None = None
    borders: Sequence[Border] = ()
    solid: bool = False

    @property
    def days(self) -> float:
        """Length of the time axis."""
        return max(float(track.day[-1]) for track in self.tracks) or 1.0

    @property
    def css(self) -> str:
        """Style class that tells in from out of sample."""
        return "" if self.solid else " dashed"

    def reach(self) -> tuple[float, float]:
        """Lowest and highest money, minor units, with some room."""
        values = [track.money for track in self.tracks] + ([] if self.bands is None else [self.bands])
        low, high = min(float(one.min()) for one in values), max(float(one.max()) for one in values)
        room = (high - low) * 0.04 or 1.0
        return low - room, high + room


def balance(daily: pl.DataFrame) -> Floats:
    """Equity before the first day and at the end of each; (d + 1,)."""
    first = float(daily["equity_start_minor"][0])
    profit = daily["pnl_minor"].cast(pl.Float64).fill_null(0.0).to_numpy()
    return np.concatenate([[first], first + np.cumsum(profit)])


def drawdown(daily: pl.DataFrame) -> Floats:
    """Share of the peak so far that is lost, before the first day and at the end of each; (d + 1,)."""
    held = balance(daily)
    peak = np.maximum.accumulate(held)
    return np.where(peak > 0, (peak - held) / np.where(peak > 0, peak, 1.0), 0.0)


def _ends(days: int) -> NDArray[np.int64]:
    """Last day (counted from 1) of each drawn point after the start."""
    points = min(days, POINTS)
    return np.ceil(np.arange(1, points + 1) * days / points - 1e-9).astype(np.int64)


def track(daily: pl.DataFrame, label: str, start: dt.date) -> Track:
    """The line of a frame of days (date, pnl_minor, equity_start_minor), not empty."""
    held, fall, ends = balance(daily), drawdown(daily), _ends(len(daily))
    begins = np.concatenate([[0], ends[:-1]])
    deepest = [float(fall[a + 1 : b + 1].max()) for a, b in zip(begins, ends, strict=True)]
    offset = (daily["date"][0] - start).days
    day = np.concatenate([[0], ends]).astype(np.float64) + offset
    return Track(label, day, held[np.concatenate([[0], ends])], np.concatenate([[0.0], deepest]))


def bands(daily: pl.DataFrame, seed: int, purpose: str = "fan") -> Floats:
    """Quantiles of the money of resampled days at the points of the track of the same frame; (5, points)."""
    profit = daily["pnl_minor"].cast(pl.Float64).fill_null(0.0).to_numpy()
    ends = _ends(len(daily))
    point = np.searchsorted(ends, np.arange(1, len(daily) + 1))
    quantiles = fan(profit, point, len(ends), generator(seed, purpose))
    return np.concatenate([np.zeros((5, 1)), quantiles], axis=1) + float(daily["equity_start_minor"][0])


def dates(start: dt.date, days: float, width: float) -> list[tuple[float, str]]:
    """Labels of the time axis: years, months or days, as many as fit."""
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


def draw(of: Lines, width: float) -> Canvas:
    """Equity with its fan and its borders above, drawdown below."""
    upper, lower = (300.0, 100.0) if width > PHONE else (230.0, 84.0)
    canvas = Canvas(width, upper + lower + 56)
    low, high = of.reach()
    labels = max((fits(t.label) for t in of.tracks), default=0.0) + 10 if width > PHONE else 6.0
    x = Scale(0, of.days, 64, width - labels)
    y = Scale(low / 100, high / 100, upper, 34 if of.borders else 20)
    canvas.text(0, 11, "equity, money", "muted")
    for tick in ticks(y.low, y.high, 6):
        canvas.line((58, y(tick)), (x.end, y(tick)), "grid")
        canvas.text(52, y(tick) + 4.5, compact(tick), "muted", "end")
    opening = of.tracks[0].money[0] / 100
    canvas.line((58, y(opening)), (x.end, y(opening)), "zero")
    named = dates(of.start, of.days, width)
    for day, _ in named:
        canvas.line((x(day), y.end), (x(day), upper + lower + 30), "grid")
    if of.bands is not None:
        main_x = [x(float(day)) for day in of.tracks[0].day]
        for outer, inner, css in ((0, 4, "fan90"), (1, 3, "fan50")):
            canvas.band(main_x, [y(v / 100) for v in of.bands[outer]], [y(v / 100) for v in of.bands[inner]], css)
    _borders(canvas, of.borders, x, upper + lower + 30)
    _lines(canvas, of, x, y)
    _hang(canvas, of, x, (upper + 34, lower))
    for day, words in named:
        anchor = "end" if x(day) > x.end - 16 and width <= PHONE else "middle"
        canvas.text(x(day), upper + lower + 50, words, "muted", anchor)
    _hits(canvas, of, x)
    return canvas


def _borders(canvas: Canvas, borders: Sequence[Border], x: Scale, bottom: float) -> None:
    """Thin vertical lines with what was chosen; a label that would touch the one before it is left out."""
    free = 0.0
    for border in borders:
        at = x(border.day)
        canvas.line((at, 20), (at, bottom), "border")
        if at + 4 >= free and at + 4 + fits(border.label) <= canvas.width:
            canvas.text(at + 4, 29, border.label, "muted halo")
            free = at + 12 + fits(border.label)


def _lines(canvas: Canvas, of: Lines, x: Scale, y: Scale) -> None:
    """All lines, the first on top, each with its label at its end, or in a list at the left on a phone."""
    heights = _apart([y(float(t.money[-1]) / 100) for t in of.tracks])
    for place in range(len(of.tracks) - 1, -1, -1):
        one = of.tracks[place]
        css = f"series s{place + 1}{of.css}"
        canvas.path([x(float(day)) for day in one.day], [y(float(v) / 100) for v in one.money], css)
        if canvas.width > PHONE:
            canvas.text(x.end + 6, heights[place] + 4.5, one.label, f"t{place + 1} halo")
        else:
            canvas.text(68, y.end + 16 + _LABEL_STEP * place, one.label, f"t{place + 1} halo")


def _hang(canvas: Canvas, of: Lines, x: Scale, place: tuple[float, float]) -> None:
    """The drawdown of all tracks, from zero downwards."""
    top, height = place
    deepest = max(0.01, *(float(t.drawdown.max()) for t in of.tracks))
    y = Scale(0, deepest, top, top + height - 8)
    canvas.text(0, top - 12, "drawdown, % of the peak", "muted")
    for tick in ticks(0, deepest, 3):
        canvas.line((58, y(tick)), (x.end, y(tick)), "zero" if tick == 0 else "grid")
        canvas.text(52, y(tick) + 4.5, percent(-tick, 0 if deepest > 0.03 else 1), "muted", "end")
    xs = [x(float(day)) for day in of.tracks[0].day]
    canvas.band(xs, [y(0)] * len(xs), [y(float(v)) for v in of.tracks[0].drawdown], "under")
    for number, one in enumerate(of.tracks, start=1):
        xs = [x(float(day)) for day in one.day]
        canvas.path(xs, [y(float(v)) for v in one.drawdown], f"series s{number} thin{of.css}")


def _apart(heights: list[float]) -> list[float]:
    """Heights of direct labels, moved apart where they would overlap."""
    placed = list(heights)
    order = sorted(range(len(heights)), key=lambda k: heights[k])
    for before, after in pairwise(order):
        placed[after] = max(placed[after], placed[before] + 16)
    return placed


def _hits(canvas: Canvas, of: Lines, x: Scale) -> None:
    """Where hovering shows the numbers of a day of the first track: at most 80 places."""
    one = of.tracks[0]
    step = max(1, len(one.day) // 80)
    for k in range(step, len(one.day), step):
        left, right = x(float(one.day[k - step])), x(float(one.day[k]))
        date = of.start + dt.timedelta(days=float(one.day[k]) - 1)
        tip = f"{date.isoformat()}: {money(float(one.money[k]))}, drawdown {percent(float(one.drawdown[k]))}"
        if of.bands is not None:
            ends = money(float(of.bands[0, k])), money(float(of.bands[4, k]))
            tip += f", 90 % of resamplings {ends[0]} to {ends[1]}"
        canvas.rect((left, 20), (right - left, canvas.height - 56), "hit", tip)


def by_month(daily: pl.DataFrame) -> Numbers:
    """The table: one row a month, or a year where there are more than sixty months."""
    frame = daily.with_columns(pl.Series("balance", balance(daily)[1:]), pl.Series("fall", drawdown(daily)[1:]))
    months = frame.select(pl.col("date").dt.truncate("1mo").n_unique()).item()
    form = "%Y-%m" if months <= 60 else "%Y"
    table = frame.group_by(pl.col("date").dt.strftime(form).alias("span"), maintain_order=True).agg(
        pl.col("n_bets").sum(), pl.col("pnl_minor").sum(), pl.col("balance").last(), pl.col("fall").max()
    )
    rows = tuple(
        (
            str(r["span"]),
            count(r["n_bets"], "bet"),
            money(r["pnl_minor"], sign=True),
            money(r["balance"]),
            percent(r["fall"]),
        )
        for r in table.iter_rows(named=True)
    )
    return Numbers(("until the end of", "bets", "P&L", "equity", "deepest drawdown"), rows)
