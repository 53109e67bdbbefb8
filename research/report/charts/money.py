"""Equity with its bootstrap fan and the drawdown below it on the same time axis; the equity of several runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from research.report.bankroll import Floats, balance, bands, drawdown, under_water
from research.report.charts.tracks import Lines, by_month, draw, track
from research.report.figure import Figure, Numbers
from research.report.text import count, listing, money, number, percent

_QUESTION: Final = "Does the bankroll grow, and how else could it have gone?"
#: most lines in one drawing: there are as many colours
LINES: Final = 6
#: most other configurations in the drawing of one
OTHERS: Final = 2


def equity(
    daily: pl.DataFrame,
    others: Mapping[str, pl.DataFrame] | None = None,
    *,
    label: str = "",
    seed: int = 0,
    zone: str = "UTC",
    compounds: bool = False,
    fan: Floats | None = None,
) -> Figure:
    """Equity and drawdown of a configuration; dashed, because it is in sample.

    Parameters
    ----------
    daily : polars.DataFrame
        From `run.daily(config)`: date, pnl_minor (after commission), equity_start_minor, n_bets.
    others : mapping of str to polars.DataFrame, optional
        Other configurations by label; at most `OTHERS` are drawn.
    label : str
        Label at the end of the line.
    seed : int
        Seed of the fan: the middle 50 and 90 % of 1,000 bootstrap resamples of the days.
    zone : str
        Time zone in which days roll; shown below the drawing.
    compounds : bool
        Whether stakes are fractions of the bankroll, so that the fan compounds.
    fan : (5, points) float64, optional
        The fan, if it is made already (`research.report.bankroll.bands`); then `seed` does nothing.
    """
    if daily.is_empty() or not daily["n_bets"].sum():
        return Figure("equity", _QUESTION, "No bets were placed, so the bankroll did not change.", full=True)
    fan = bands(daily, seed, compounds=compounds) if fan is None else fan
    lines = equity_lines(daily, others or {}, label, fan)
    note = f"{below_peak(daily)}Dashed: in sample. {resampled(daily, compounds)} {lines.note} Days roll in {zone}."
    answer = grown(daily, lines)

    def drawn(width: float, css: str) -> str:
        return draw(lines, width).svg(answer, css)

    return Figure("equity", _QUESTION, answer, drawn, by_month(daily), full=True, note=note)


def equity_lines(daily: pl.DataFrame, others: Mapping[str, pl.DataFrame], label: str, fan: Floats) -> Lines:
    """The lines of a configuration, the first with its fan, and of at most `OTHERS` others, from its first day on."""
    start = daily["date"][0]
    tracks = [track(daily, label, start)]
    tracks += [track(frame, name, start) for name, frame in list(others.items())[:OTHERS] if not frame.is_empty()]
    return Lines(tracks, start, fan)


def resampled(daily: pl.DataFrame, compounds: bool = False) -> str:
    """What the bands are, and whether a day's result is an amount or a share of the bankroll."""
    shares = daily["compounds"] if "compounds" in daily.columns else pl.Series([compounds])
    how = "as amounts, as the stakes are"
    if shares.any():
        how = "as shares of the bankroll" + ("" if shares.all() else ", or as amounts where the stakes are amounts")
    drawn = f"{number(1000)} bootstrap resamples of the days"
    return f"Bands: the middle 50% and 90% of {drawn}, whose results count {how}."


def grown(daily: pl.DataFrame, lines: Lines) -> str:
    """The answer of a line with its fan: start and end, range of the resamples, maximum drawdown."""
    first = lines.tracks[0]
    text = f"From {money(first.money[0])} to {money(first.money[-1])} in {count(len(daily), 'day')}"
    if lines.bands is not None:
        low, high = float(lines.bands[0, -1]), float(lines.bands[4, -1])
        text += f"; nine in ten bootstrap resamples of its days end between {money(low)} and {money(high)}"
    return f"{text}. Maximum drawdown at the end of a day: {percent(float(drawdown(daily).max()))}."


def below_peak(daily: pl.DataFrame) -> str:
    """The longest time below an earlier peak, in words; empty where there was none."""
    days, first, ended = under_water(daily)
    if not days:
        return ""
    return f"Longest time under water: {count(days, 'day')} from {first}{'' if ended else ', not over yet'}. "


def together(paths: Mapping[str, pl.DataFrame], *, out_of_sample: bool = False, zone: str = "UTC") -> Figure:
    """Equity and drawdown of up to six runs on one time axis.

    Parameters
    ----------
    paths : mapping of str to polars.DataFrame
        Days by label: date, pnl_minor, equity_start_minor, n_bets. Runs without bets are left out; at most six are
        drawn.
    out_of_sample : bool
        Whether these are stitched out-of-sample paths (solid) or selected configurations (dashed).
    zone : str
        Time zone in which days roll.
    """
    name = "outside" if out_of_sample else "inside"
    question = "Which bankroll grows out of sample?" if out_of_sample else "Which bankroll grows?"
    shown = {label: frame for label, frame in paths.items() if not frame.is_empty() and frame["n_bets"].sum()}
    if not shown:
        return Figure(name, question, "Not one of these runs placed a bet.", full=True)
    shown = dict(list(shown.items())[:LINES])
    start = min(frame["date"][0] for frame in shown.values())
    lines = Lines([track(frame, label, start) for label, frame in shown.items()], start, solid=out_of_sample)
    growth = {label: float(balance(frame)[-1] / balance(frame)[0] - 1.0) for label, frame in shown.items()}
    best = max(growth, key=lambda label: growth[label])
    drawdowns = {label: float(drawdown(frame).max()) for label, frame in shown.items()}
    parts = [f"{label} {percent(value, sign=True)}" for label, value in growth.items()]
    level = [label for label in growth if percent(growth[label]) == percent(growth[best])]
    rank = "gains most" if growth[best] > 0 else "loses least"
    answer = f"Change of the bankroll: {listing(parts, LINES)}. "
    if len(level) == 1:
        answer += f"{best} {rank}, with a maximum drawdown of {percent(drawdowns[best])}."
    else:
        answer += f"{listing(level, LINES)} are level."
    idle = [label for label in paths if label not in shown]
    answer += f" No bets: {listing(idle)}." if idle else ""

    def drawn(width: float, css: str) -> str:
        return draw(lines, width).svg(answer, css)

    heads = ("run", "first day", "days", "bets", "opening", "closing", "change", "maximum drawdown")
    rows = tuple(
        (
            label,
            str(frame["date"][0]),
            number(len(frame)),
            number(int(frame["n_bets"].sum())),
            money(balance(frame)[0]),
            money(balance(frame)[-1]),
            percent(growth[label], sign=True),
            percent(drawdowns[label]),
        )
        for label, frame in shown.items()
    )
    kind = "Solid: out of sample." if out_of_sample else "Dashed: in sample."
    note = f"{kind} {lines.note} Days roll in {zone}."
    return Figure(name, question, answer, drawn, Numbers(heads, rows), full=True, note=note)
