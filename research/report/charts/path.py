"""The stitched out-of-sample path: equity with its bootstrap fan, fold boundaries, drawdown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import polars as pl

from research.report.bankroll import balance, bands
from research.report.charts.money import below_peak, grown, resampled
from research.report.charts.tracks import Boundary, Lines, by_month, draw, track
from research.report.figure import Figure, Numbers
from research.report.text import count, money, number, percent

if TYPE_CHECKING:
    from research.verdict.findings import Window

_QUESTION: Final = "Does the bankroll grow on days that the selection had not seen?"
NONE_SELECTED: Final = "none"


def out_of_sample(daily: pl.DataFrame, windows: Sequence[Window], seed: int = 0, zone: str = "UTC") -> Figure:
    """Equity and drawdown of the stitched path; solid, because it is out of sample.

    Parameters
    ----------
    daily : polars.DataFrame
        From `run.path_daily()`: date, pnl_minor, equity_start_minor, n_bets; starts at the first fold boundary.
    windows : sequence of research.verdict.findings.Window
        From `run.findings.windows`: one a fold, in order.
    seed : int
        Seed of the fan: the middle 50 and 90 % of 1,000 bootstrap resamples of the days.
    zone : str
        Time zone in which days roll; shown below the drawing.
    """
    if daily.is_empty() or not daily["n_bets"].sum():
        reason = "No bets were placed out of sample"
        reason += f": no configuration qualified in {count(len(windows), 'fold')}." if _idle(windows) else "."
        return Figure("outside", _QUESTION, reason, numbers=_folds(windows), full=True)
    start: dt.date = daily["date"][0]
    boundaries = [Boundary((dt.date.fromisoformat(fold.first) - start).days, _name(fold)) for fold in windows]
    lines = Lines([track(daily, "path", start)], start, bands(daily, seed, "out-of-sample fan"), boundaries, solid=True)
    answer = f"{grown(daily, lines)} {_folds_answer(windows)}"
    note = (
        f"{below_peak(daily)}Solid: out of sample. "
        f"Thin vertical lines: a fold starts with the configuration selected on the days before "
        f"it, by number. {resampled(daily)} {lines.note} Days roll in {zone}."
    )

    def drawn(width: float, css: str) -> str:
        return draw(lines, width).svg(answer, css)

    return Figure("outside", _QUESTION, answer, drawn, _numbers(daily, windows), full=True, note=note)


def _idle(windows: Sequence[Window]) -> bool:
    return bool(windows) and all(fold.config is None for fold in windows)


def _name(fold: Window) -> str:
    return NONE_SELECTED if fold.config is None else f"#{fold.config}"


def _folds_answer(windows: Sequence[Window]) -> str:
    """How many folds made money, and how many configurations were selected."""
    traded = [fold for fold in windows if fold.config is not None]
    distinct = len({fold.config for fold in traded})
    profitable = sum(fold.pnl_minor > 0 for fold in traded)
    verb = "was" if distinct == 1 else "were"
    text = f"{number(profitable)} of {count(len(windows), 'fold')} made money. "
    text += f"{count(distinct, 'configuration')} {verb} selected"
    idle = len(windows) - len(traded)
    return text + (f"; none qualified in {count(idle, 'fold')}." if idle else ".")


def _folds(windows: Sequence[Window]) -> Numbers:
    rows = tuple(
        (
            f"{fold.first} to {fold.last}",
            _name(fold),
            number(fold.in_sample, 3),
            number(fold.bets),
            money(fold.turnover_minor),
            money(fold.pnl_minor, sign=True),
            percent(fold.pnl_minor / fold.turnover_minor if fold.turnover_minor else None, 2, sign=True),
        )
        for fold in windows
    )
    return Numbers(("fold", "selected", "in-sample metric", "bets", "turnover", "P&L", "yield"), rows)


def _numbers(daily: pl.DataFrame, windows: Sequence[Window]) -> Numbers:
    """The folds with the equity at the end of each; months without folds."""
    if not windows:
        return by_month(daily)
    equity, days = balance(daily), daily["date"]
    folds, rows = _folds(windows), []
    for place, row in enumerate(folds.rows):
        until = dt.date.fromisoformat(windows[place].last)
        rows.append((*row, money(equity[int((days <= until).sum())])))
    return Numbers((*folds.heads, "equity at the end"), tuple(rows))
