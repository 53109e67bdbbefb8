"""The stitched out-of-sample path: its equity with a fan, the borders of its folds, its drawdown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import polars as pl

from research.report.charts.money import grown
from research.report.charts.tracks import Border, Lines, balance, bands, by_month, draw, track
from research.report.figure import Figure, Numbers
from research.report.text import count, money, number, percent

if TYPE_CHECKING:
    from research.verdict.findings import Window

_QUESTION: Final = "Does the money grow on days that the choice had not seen?"
NONE_CHOSEN: Final = "none"


def out_of_sample(daily: pl.DataFrame, windows: Sequence[Window], seed: int = 0, zone: str = "UTC") -> Figure:
    """Equity and drawdown of the stitched path, solid because it is out of sample.

    Parameters
    ----------
    daily : polars.DataFrame
        `run.path_daily()`: date, pnl_minor, equity_start_minor, n_bets; from the first border on.
    windows : sequence of research.verdict.findings.Window
        `run.findings.windows`: one a fold, in order.
    seed : int
        Seed of the fan: 1,000 resamplings of the days, 50 and 90 % of them.
    zone : str
        Where days roll; stands under the drawing.
    """
    if daily.is_empty() or not daily["n_bets"].sum():
        lack = "No bet was placed out of sample"
        lack += f": no configuration qualified in {count(len(windows), 'fold')}." if _idle(windows) else "."
        return Figure("outside", _QUESTION, lack, numbers=_folds(windows), full=True)
    start: dt.date = daily["date"][0]
    borders = [Border((dt.date.fromisoformat(one.first) - start).days, _name(one)) for one in windows]
    lines = Lines([track(daily, "path", start)], start, bands(daily, seed, "out-of-sample fan"), borders, solid=True)
    answer = f"{grown(daily, lines)} {_choices(windows)}"
    note = (
        "Solid: out of sample. Thin lines: where a configuration is chosen anew by what stood before, with its number. "
        "Bands: 50 and 90 % of 1,000 resamplings of the days with their stakes. "
        f"Money: 1 = 100 minor units. Days roll in {zone}."
    )

    def drawn(width: float, css: str) -> str:
        return draw(lines, width).svg(answer, css)

    return Figure("outside", _QUESTION, answer, drawn, _numbers(daily, windows), full=True, note=note)


def _idle(windows: Sequence[Window]) -> bool:
    return bool(windows) and all(one.config is None for one in windows)


def _name(window: Window) -> str:
    return NONE_CHOSEN if window.config is None else f"#{window.config}"


def _choices(windows: Sequence[Window]) -> str:
    """How often the choice changed, and how many folds made money."""
    chosen = [one for one in windows if one.config is not None]
    distinct = len({one.config for one in chosen})
    gained = sum(one.pnl_minor > 0 for one in chosen)
    text = f"{number(gained)} of {count(len(windows), 'fold')} made money, with {count(distinct, 'configuration')}"
    idle = len(windows) - len(chosen)
    return text + (f"; in {count(idle, 'fold')} none qualified." if idle else ".")


def _folds(windows: Sequence[Window]) -> Numbers:
    rows = tuple(
        (
            f"{one.first} to {one.last}",
            _name(one),
            number(one.in_sample, 3),
            number(one.bets),
            money(one.turnover_minor),
            money(one.pnl_minor, sign=True),
            percent(one.pnl_minor / one.turnover_minor if one.turnover_minor else None, 2, sign=True),
        )
        for one in windows
    )
    return Numbers(("fold", "chosen", "metric where chosen", "bets", "turnover", "P&L", "yield"), rows)


def _numbers(daily: pl.DataFrame, windows: Sequence[Window]) -> Numbers:
    """The folds with the money at the end of each; months where no fold is told."""
    if not windows:
        return by_month(daily)
    held, days = balance(daily), daily["date"]
    folds, rows = _folds(windows), []
    for place, row in enumerate(folds.rows):
        until = dt.date.fromisoformat(windows[place].last)
        rows.append((*row, money(held[int((days <= until).sum())])))
    return Numbers((*folds.heads, "equity at the end"), tuple(rows))
