"""Yield of the last bets, as it moved over time."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from research.report.bankroll import POINTS
from research.report.breakdown import settled_frame
from research.report.charts.axes import y_axis
from research.report.charts.tracks import dates
from research.report.drawing import Canvas, Scale
from research.report.figure import FULL, Figure, Numbers
from research.report.text import count, number, percent

_QUESTION: Final = "Does the yield hold over time?"
#: bets in a window: a quarter of all, within these limits
_FEWEST, _MOST = 100, 1_000


def rolling_yield(bets: pl.DataFrame) -> Figure:
    """Yield of the last bets of one configuration, before commission.

    Parameters
    ----------
    bets : polars.DataFrame
        From `run.bets(config)`, in its order: date, stake_minor, pnl_minor. An open bet counts with a P&L of 0.
    """
    window = min(max(bets.height // 4, _FEWEST), _MOST)
    if bets.height < 2 * window:
        answer = f"Fewer than {count(2 * window, 'bet')}: too few to see the yield move."
        return Figure("rolling-yield", _QUESTION, answer, numbers=_whole(bets))
    frame = settled_frame(bets)
    stake, pnl = (np.concatenate([[0.0], frame[name].cum_sum().to_numpy()]) for name in ("stake_minor", "pnl_minor"))
    turnover = stake[window:] - stake[:-window]
    value = (pnl[window:] - pnl[:-window]) / np.where(turnover > 0, turnover, 1.0)
    at = np.unique(np.linspace(0, len(value) - 1, min(len(value), POINTS)).astype(np.int64))
    days, start = bets["date"][window - 1 :], bets["date"][window - 1]
    low, high, last = float(value.min()), float(value.max()), float(value[-1])
    share = float((value > 0).mean())
    answer = (
        f"The yield of the last {number(window)} bets moved between {percent(low)} and {percent(high)}, was above zero "
        f"{percent(share, 0)} of the time, and ended at {percent(last)}."
    )

    def draw(width: float, css: str) -> str:
        height = 268.0 if width < FULL else 300.0
        canvas = Canvas(width, height)
        margin = (max(high, 0.0) - min(low, 0.0)) * 0.06 or 0.01
        y = Scale(min(low, 0.0) - margin, max(high, 0.0) + margin, height - 36, 22)
        length = float((days[-1] - start).days) or 1.0
        x = Scale(0, length, 62, width - 8)
        canvas.text(0, 11, f"yield of the last {number(window)} bets, % of turnover", "muted")
        y_axis(canvas, y, width)
        for day, label in dates(start, length, width):
            canvas.text(x(day), height - 10, label, "muted", "end" if x(day) > width - 40 else "middle")
        places = [(x(float((days[int(k)] - start).days)), y(float(value[k]))) for k in at]
        canvas.path([a for a, _ in places], [b for _, b in places], "series s1 dashed")
        for (left, _), (right, _), k in zip(places, places[1:], at[1:], strict=False):
            canvas.rect((left, 20), (right - left, height - 56), "hit", f"{days[int(k)]}: {percent(float(value[k]))}")
        return canvas.svg(answer, css)

    ends = range(window, bets.height + 1, window)
    rows = tuple(
        (
            f"{bets['date'][end - window]} to {bets['date'][end - 1]}",
            number(window),
            percent(float(value[end - window])),
        )
        for end in ends
    )
    note = "Dashed: in sample. Neighbouring points share most of their bets, so a wave is no proof of a change."
    return Figure("rolling-yield", _QUESTION, answer, draw, Numbers(("bets of", "bets", "yield"), rows), note=note)


def _whole(bets: pl.DataFrame) -> Numbers:
    frame = settled_frame(bets)
    turnover = float(frame["stake_minor"].sum())
    value = float(frame["pnl_minor"].sum()) / turnover if turnover else None
    return Numbers(("bets of", "bets", "yield"), (("all days", number(bets.height), percent(value)),))
