"""Equity with its fan, and the drawdown that hangs under it on the same time axis."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.luck.bootstrap import fan, generator
from research.report.drawing import Canvas, Scale, fits, ticks
from research.report.figure import PHONE, Figure, Numbers
from research.report.words import compact, count, money, percent

Floats = NDArray[np.float64]

#: points of a line at most: a longer one is thinned, its drawdown by the deepest of each bin
POINTS: Final = 240
_QUESTION: Final = "Does the money grow, and how else could it have gone?"


@dataclass(frozen=True)
class _Track:
    """One line: x in days since the first date; money at the end of each point's days; deepest drawdown in them."""

    label: str
    day: Floats
    money: Floats
    drawdown: Floats


def equity(
    daily: pl.DataFrame,
    others: Mapping[str, pl.DataFrame] | None = None,
    *,
    label: str = "",
    seed: int = 0,
    zone: str = "UTC",
) -> Figure:
    """Equity and drawdown of a configuration, dashed because it is in sample.

    Parameters
    ----------
    daily : polars.DataFrame
        `run.daily(config)`: date, pnl_minor (after commission), equity_start_minor, n_bets.
    others : mapping of str to polars.DataFrame, optional
        Further configurations by label; at most two are drawn.
    label : str
        Direct label of the line.
    seed : int
        Seed of the fan: 1,000 resamplings of the days, 50 and 90 % of them.
    zone : str
        Where days roll; stands at the axis.
    """
    if daily.is_empty() or not daily["n_bets"].sum():
        return Figure("equity", _QUESTION, "No bet was placed: the bankroll stayed as it was.", full=True)
    start = daily["date"][0]
    tracks = [_track(daily, label, start)]
    tracks += [_track(frame, name, start) for name, frame in list((others or {}).items())[:2] if not frame.is_empty()]
    quantiles = _fan(daily, len(tracks[0].day) - 1, seed)
    opening, closing = tracks[0].money[0], tracks[0].money[-1]
    deepest = float(_drawdown(daily).max())
    low, high = float(quantiles[0, -1] + opening), float(quantiles[4, -1] + opening)
    answer = (
        f"From {money(opening)} to {money(closing)} in {count(len(daily), 'day')}; nine in ten resamplings of its days "
        f"end between {money(low)} and {money(high)}. Largest fall from a peak at the end of a day: {percent(deepest)}."
    )
    note = (
        "Dashed: in sample. Bands: 50 and 90 % of 1,000 resamplings of the days with their stakes. "
        f"Money: 1 = 100 minor units. Days roll in {zone}."
    )

    def draw(width: float, css: str) -> str:
        return _draw(tracks, quantiles + opening, start, width).svg(answer, css)

    return Figure("equity", _QUESTION, answer, draw, _numbers(daily), full=True, note=note)


def _balance(daily: pl.DataFrame) -> Floats:
    """Equity before the first day and at the end of each; (d + 1,)."""
    first = float(daily["equity_start_minor"][0])
    profit = daily["pnl_minor"].cast(pl.Float64).fill_null(0.0).to_numpy()
    return np.concatenate([[first], first + np.cumsum(profit)])


def _drawdown(daily: pl.DataFrame) -> Floats:
    balance = _balance(daily)
    peak = np.maximum.accumulate(balance)
    return np.where(peak > 0, (peak - balance) / np.where(peak > 0, peak, 1.0), 0.0)


def _ends(days: int) -> NDArray[np.int64]:
    """Last day (counted from 1) of each drawn point after the start."""
    points = min(days, POINTS)
    return np.ceil(np.arange(1, points + 1) * days / points - 1e-9).astype(np.int64)


def _track(daily: pl.DataFrame, label: str, start: dt.date) -> _Track:
    balance, fall, ends = _balance(daily), _drawdown(daily), _ends(len(daily))
    begins = np.concatenate([[0], ends[:-1]])
    deepest = [float(fall[a + 1 : b + 1].max()) for a, b in zip(begins, ends, strict=True)]
    offset = (daily["date"][0] - start).days
    day = np.concatenate([[0], ends]).astype(np.float64) + offset
    return _Track(label, day, balance[np.concatenate([[0], ends])], np.concatenate([[0.0], deepest]))


def _fan(daily: pl.DataFrame, points: int, seed: int) -> Floats:
    profit = daily["pnl_minor"].cast(pl.Float64).fill_null(0.0).to_numpy()
    point = np.searchsorted(_ends(len(daily)), np.arange(1, len(daily) + 1))
    quantiles = fan(profit, point, points, generator(seed, "fan"))
    return np.concatenate([np.zeros((5, 1)), quantiles], axis=1)


def _dates(start: dt.date, days: float, width: float) -> list[tuple[float, str]]:
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


def _draw(tracks: list[_Track], bands: Floats, start: dt.date, width: float) -> Canvas:
    upper, lower = (300.0, 100.0) if width > PHONE else (230.0, 84.0)
    canvas = Canvas(width, upper + lower + 56)
    low = min(float(bands[0].min()), *(float(t.money.min()) for t in tracks))
    high = max(float(bands[4].max()), *(float(t.money.max()) for t in tracks))
    room = (high - low) * 0.04 or 1.0
    labels = max((fits(t.label) for t in tracks), default=0.0) + 10 if width > PHONE else 6.0
    days = max(float(t.day[-1]) for t in tracks) or 1.0
    x = Scale(0, days, 64, width - labels)
    y = Scale((low - room) / 100, (high + room) / 100, upper, 20)
    canvas.text(0, 11, "equity, money", "muted")
    for tick in ticks(y.low, y.high, 6):
        canvas.line((58, y(tick)), (width - labels, y(tick)), "grid")
        canvas.text(52, y(tick) + 4.5, compact(tick), "muted", "end")
    opening = tracks[0].money[0] / 100
    canvas.line((58, y(opening)), (width - labels, y(opening)), "zero")
    for day, _ in _dates(start, days, width):
        canvas.line((x(day), 20), (x(day), upper + lower + 30), "grid")
    main_x = [x(float(day)) for day in tracks[0].day]
    for outer, inner, css in ((0, 4, "fan90"), (1, 3, "fan50")):
        canvas.band(main_x, [y(v / 100) for v in bands[outer]], [y(v / 100) for v in bands[inner]], css)
    heights = _labels([y(float(t.money[-1]) / 100) for t in tracks])
    for place in range(len(tracks) - 1, -1, -1):
        track = tracks[place]
        xs = [x(float(day)) for day in track.day]
        canvas.path(xs, [y(float(v) / 100) for v in track.money], f"series s{place + 1} dashed")
        at_x, anchor = (x.end + 6, "start") if width > PHONE else (x.end - 2, "end")
        at_y = heights[place] + 4.5 if width > PHONE else 36.0 + 18 * place
        canvas.text(
            at_x if width > PHONE else 68, at_y, track.label, f"t{place + 1} halo", anchor if width > PHONE else "start"
        )
    _hang(canvas, tracks, x, (upper + 34, lower), width - labels)
    for day, words in _dates(start, days, width):
        anchor = "end" if x(day) > x.end - 16 and width <= PHONE else "middle"
        canvas.text(x(day), upper + lower + 50, words, "muted", anchor)
    _hits(canvas, tracks[0], bands, start, x)
    return canvas


def _hang(canvas: Canvas, tracks: list[_Track], x: Scale, place: tuple[float, float], right: float) -> None:
    """The drawdown of all tracks, from zero downwards."""
    top, height = place
    deepest = max(0.01, *(float(t.drawdown.max()) for t in tracks))
    y = Scale(0, deepest, top, top + height - 8)
    canvas.text(0, top - 12, "drawdown, % of the peak", "muted")
    for tick in ticks(0, deepest, 3):
        canvas.line((58, y(tick)), (right, y(tick)), "zero" if tick == 0 else "grid")
        canvas.text(52, y(tick) + 4.5, percent(-tick, 0 if deepest > 0.03 else 1), "muted", "end")
    xs = [x(float(day)) for day in tracks[0].day]
    canvas.band(xs, [y(0)] * len(xs), [y(float(v)) for v in tracks[0].drawdown], "under")
    for number, track in enumerate(tracks, start=1):
        xs = [x(float(day)) for day in track.day]
        canvas.path(xs, [y(float(v)) for v in track.drawdown], f"series s{number} thin dashed")


def _labels(heights: list[float]) -> list[float]:
    """Heights of direct labels, moved apart where they would overlap."""
    placed = list(heights)
    order = sorted(range(len(heights)), key=lambda k: heights[k])
    for before, after in pairwise(order):
        placed[after] = max(placed[after], placed[before] + 16)
    return placed


def _hits(canvas: Canvas, track: _Track, bands: Floats, start: dt.date, x: Scale) -> None:
    """Where hovering shows the numbers of a day: at most 80 places."""
    step = max(1, len(track.day) // 80)
    for k in range(step, len(track.day), step):
        left, right = x(float(track.day[k - step])), x(float(track.day[k]))
        date = start + dt.timedelta(days=float(track.day[k]) - 1)
        tip = (
            f"{date.isoformat()}: {money(float(track.money[k]))}, 90 % of resamplings {money(float(bands[0, k]))} to "
            f"{money(float(bands[4, k]))}, drawdown {percent(float(track.drawdown[k]))}"
        )
        canvas.rect((left, 20), (right - left, canvas.height - 56), "hit", tip)


def _numbers(daily: pl.DataFrame) -> Numbers:
    """The table: one row a month, or a year where there are more than sixty months."""
    balance, fall = _balance(daily)[1:], _drawdown(daily)[1:]
    frame = daily.with_columns(pl.Series("balance", balance), pl.Series("fall", fall))
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
