"""Monthly returns: a row a year, a column a month."""

from __future__ import annotations

import math
from typing import Final

import polars as pl

from research.report.breakdown import MONTH_NAMES
from research.report.drawing import Canvas, fits
from research.report.figure import FULL, Figure, Numbers
from research.report.text import count, number, percent

_QUESTION: Final = "Which months made money?"
#: height of a row in px
_ROW: Final = 32


def monthly(daily: pl.DataFrame) -> Figure:
    """P&L of each month after commission as a share of the equity at its start.

    Parameters
    ----------
    daily : polars.DataFrame
        From `run.daily(config)`: date, pnl_minor, equity_start_minor, n_bets. A month without a bet has no return, nor
        has one that starts without equity.
    """
    start = pl.col("equity_start_minor").first().cast(pl.Float64)
    months = (
        daily.group_by(pl.col("date").dt.year().alias("year"), pl.col("date").dt.month().alias("month"))
        .agg(start.alias("start"), pl.col("pnl_minor").sum(), pl.col("n_bets").sum())
        .filter((pl.col("n_bets") > 0) & (pl.col("start") > 0))
        .sort("year", "month")
    )
    value = {(y, m): pnl / first for y, m, first, pnl, _ in months.iter_rows()}
    if not value:
        return Figure("monthly", _QUESTION, "No month has a bet.", full=True)
    years = sorted({year for year, _ in value})
    good = sum(one > 0 for one in value.values())
    best, worst = max(value, key=lambda at: value[at]), min(value, key=lambda at: value[at])
    answer = (
        f"{number(good)} of {count(len(value), 'month')} with bets made money; the best was {_month(best)} with "
        f"{percent(value[best], sign=True)} of the bankroll, the worst {_month(worst)} with "
        f"{percent(value[worst], sign=True)}."
    )
    most = max(map(abs, value.values())) or 1.0

    def draw(width: float, css: str) -> str:
        labels = fits("2000") + 10
        slot = (width - labels) / 12
        canvas = Canvas(width, 22.0 + _ROW * len(years))
        for month, name in enumerate(MONTH_NAMES):
            canvas.text(labels + slot * (month + 0.5), 13, name if slot > fits(name) else name[0], "muted", "middle")
        for place, year in enumerate(years):
            top = 20.0 + _ROW * place
            canvas.text(labels - 10, top + 20, str(year), "", "end")
            for month in range(1, 13):
                corner, size = (labels + slot * (month - 1) + 1, top + 1), (slot - 2, _ROW - 2.0)
                if (year, month) not in value:
                    canvas.rect(corner, size, "cell none", f"{_month((year, month))}: no bet")
                    continue
                one = value[year, month]
                step = math.ceil(abs(one) / most * 5 - 1e-9)
                sign = "gain" if one >= 0 else "loss"
                tip = f"{_month((year, month))}: {percent(one, sign=True)}"
                canvas.rect(corner, size, f"cell {sign} k{step}", tip)
                if width >= FULL:
                    canvas.text(corner[0] + size[0] / 2, top + 20, percent(one), f"k{step}", "middle")
        return canvas.svg(answer, css)

    rows = tuple(
        (str(year), *(percent(value.get((year, month))) for month in range(1, 13)), percent(_of_year(daily, year)))
        for year in years
    )
    note = "In sample. P&L after commission over the equity at the start of the month."
    return Figure("monthly", _QUESTION, answer, draw, Numbers(("year", *MONTH_NAMES, "year"), rows), True, note)


def _month(at: tuple[int, int]) -> str:
    return f"{at[0]}-{at[1]:02d}"


def _of_year(daily: pl.DataFrame, year: int) -> float | None:
    days = daily.filter(pl.col("date").dt.year() == year)
    start = float(days["equity_start_minor"][0])
    return float(days["pnl_minor"].sum()) / start if start > 0 else None
