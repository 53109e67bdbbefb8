"""Equity with its fan, and the drawdown that hangs under it on the same time axis; several of them together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from research.report.charts.tracks import Lines, balance, bands, by_month, draw, drawdown, track
from research.report.figure import Figure, Numbers
from research.report.text import count, listing, money, number, percent

_QUESTION: Final = "Does the money grow, and how else could it have gone?"
#: most lines in one drawing: as many as there are colours
LINES: Final = 6


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
    tracks = [track(daily, label, start)]
    tracks += [track(frame, name, start) for name, frame in list((others or {}).items())[:2] if not frame.is_empty()]
    lines = Lines(tracks, start, bands(daily, seed))
    note = (
        "Dashed: in sample. Bands: 50 and 90 % of 1,000 resamplings of the days with their stakes. "
        f"Money: 1 = 100 minor units. Days roll in {zone}."
    )
    answer = grown(daily, lines)

    def drawn(width: float, css: str) -> str:
        return draw(lines, width).svg(answer, css)

    return Figure("equity", _QUESTION, answer, drawn, by_month(daily), full=True, note=note)


def grown(daily: pl.DataFrame, lines: Lines) -> str:
    """The sentence of a line with its fan: from what to what, how else it could have ended, how far it fell."""
    first = lines.tracks[0]
    text = f"From {money(first.money[0])} to {money(first.money[-1])} in {count(len(daily), 'day')}"
    if lines.bands is not None:
        low, high = float(lines.bands[0, -1]), float(lines.bands[4, -1])
        text += f"; nine in ten resamplings of its days end between {money(low)} and {money(high)}"
    return f"{text}. Largest fall from a peak at the end of a day: {percent(float(drawdown(daily).max()))}."


def together(paths: Mapping[str, pl.DataFrame], *, outside: bool = False, zone: str = "UTC") -> Figure:
    """Equity and drawdown of two to six runs on one time axis.

    Parameters
    ----------
    paths : mapping of str to polars.DataFrame
        Days by label: date, pnl_minor, equity_start_minor, n_bets. Empty ones are left out; at most six are drawn.
    outside : bool
        Whether these are stitched out-of-sample paths (solid) or chosen configurations (dashed).
    zone : str
        Where days roll.
    """
    name = "outside" if outside else "inside"
    question = "Whose money grows on days it did not choose on?" if outside else "Whose money grows?"
    shown = {label: frame for label, frame in paths.items() if not frame.is_empty() and frame["n_bets"].sum()}
    if not shown:
        return Figure(name, question, "Not one of them placed a bet.", full=True)
    shown = dict(list(shown.items())[:LINES])
    start = min(frame["date"][0] for frame in shown.values())
    lines = Lines([track(frame, label, start) for label, frame in shown.items()], start, solid=outside)
    growth = {label: float(balance(frame)[-1] / balance(frame)[0] - 1.0) for label, frame in shown.items()}
    best = max(growth, key=lambda label: growth[label])
    falls = {label: float(drawdown(frame).max()) for label, frame in shown.items()}
    parts = [f"{label} {percent(value, sign=True)}" for label, value in growth.items()]
    answer = f"Change of the bankroll: {listing(parts, LINES)}; most by {best}, whose largest fall is "
    answer += f"{percent(falls[best])}."
    idle = [label for label in paths if label not in shown]
    answer += f" Without a bet: {listing(idle)}." if idle else ""

    def drawn(width: float, css: str) -> str:
        return draw(lines, width).svg(answer, css)

    heads = ("run", "first day", "days", "bets", "opening", "closing", "change", "largest fall")
    rows = tuple(
        (
            label,
            str(frame["date"][0]),
            number(len(frame)),
            number(int(frame["n_bets"].sum())),
            money(balance(frame)[0]),
            money(balance(frame)[-1]),
            percent(growth[label], sign=True),
            percent(falls[label]),
        )
        for label, frame in shown.items()
    )
    kind = "Solid: out of sample." if outside else "Dashed: in sample."
    note = f"{kind} Money: 1 = 100 minor units. Days roll in {zone}."
    return Figure(name, question, answer, drawn, Numbers(heads, rows), full=True, note=note)
