"""How deep it could have fallen: deepest falls of resampled paths, with the one that was seen among them."""

from __future__ import annotations

from typing import Final

import numpy as np

from research.inference.drawdown import DEPTHS, QUANTILES, Drawdowns
from research.report.charts.axes import SOLID_FROM
from research.report.charts.bars import bars, round_bins, x_axis
from research.report.drawing import Canvas, Scale, fits
from research.report.figure import Figure, Numbers
from research.report.text import count, listing, number, percent

_QUESTION: Final = "How deep could it have fallen?"
_TOP, _BASE = 58.0, 258.0


def drawdowns(found: Drawdowns, n_bets: int | None = None) -> Figure:
    """Distribution of the deepest fall from a peak over resampled paths, and the risk of ruin.

    Parameters
    ----------
    found : Drawdowns
        `research.inference.drawdown.drawdowns`.
    n_bets : int, optional
        Bets behind the days; with fewer than 100 the bars are hollow.
    """
    values = found.simulated
    if not len(values) or not values.any():
        return Figure("drawdowns", _QUESTION, "No path falls: there is no day with a loss.")
    quantiles = found.quantiles
    paths = count(len(values), "resampling")
    answer = (
        f"In half of {paths} of its {count(found.days, 'day')} by {percent(quantiles[0.5])} of a peak or more, in one "
        f"of twenty by {percent(quantiles[0.95])}; {percent(found.observed)} was seen. {_deep(found)}; {_ruin(found)}."
    )
    edges = round_bins(values, [0.0, found.observed], 36)
    counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0].astype(np.int64)
    few = n_bets is not None and n_bets < SOLID_FROM
    solid = np.zeros_like(counts) if few else counts

    def draw(width: float, css: str) -> str:
        canvas = Canvas(width, 300.0)
        x = Scale(float(edges[0]), float(edges[-1]), 58, width - 8)
        bars(canvas, edges, (counts, solid), x, (_TOP, _BASE), "paths")
        x_axis(canvas, x, _BASE, "deepest fall, % of the peak")
        _marked(canvas, x, found.observed, f"seen {percent(found.observed)}", "mark", 50.0)
        words = f"one in twenty from {percent(quantiles[0.95])}"
        _marked(canvas, x, quantiles[0.95], words, "reference", 32.0)
        return canvas.svg(answer, css)

    note = (
        f"Days are drawn in blocks of {number(found.block_length, 1)} days on average and equity is compounded, at the "
        "mean return that was seen: chosen after a search, it is too good, and so are these paths."
    )
    note += f" Hollow: fewer than {SOLID_FROM} bets." if few else ""
    note += " The outer bars hold everything beyond them." if (values > edges[-1]).any() else ""
    return Figure("drawdowns", _QUESTION, answer, draw, _numbers(found), note=note)


def _deep(found: Drawdowns) -> str:
    parts = [f"{percent(fall, 0)} or more in {percent(share)}" for fall, share in found.depth_probabilities.items()]
    return f"Of the paths it falls by {listing(parts)}"


def _ruin(found: Drawdowns) -> str:
    """The risk of ruin by level; no level, no ruin."""
    if not found.ruin:
        return "no level of ruin was asked for"
    parts = [f"{percent(level, 0)} in {percent(share)}" for level, share in found.ruin.items()]
    return f"of the opening bankroll no more is left than {listing(parts)}"


def _marked(canvas: Canvas, x: Scale, value: float, words: str, css: str, height: float) -> None:
    """A line over the bars with its words at the side that has room."""
    at = x.clip(value)
    canvas.line((at, height - 8), (at, _BASE), css)
    right = at + 6 + fits(words) > canvas.width
    canvas.text(at + (-6 if right else 6), height, words, "strong halo", "end" if right else "start")


def _numbers(found: Drawdowns) -> Numbers:
    rows = [("seen", percent(found.observed, 2))]
    rows += [(f"quantile {percent(at, 0)}", percent(found.quantiles[at], 2)) for at in QUANTILES]
    rows += [
        (f"share of paths that fall by {percent(fall, 0)}", percent(found.depth_probabilities[fall], 2))
        for fall in DEPTHS
    ]
    rows += [
        (f"share of paths down to {percent(level, 0)} of the opening bankroll", percent(share, 2))
        for level, share in found.ruin.items()
    ]
    return Numbers(("deepest fall", "% of the peak, or of the paths"), tuple(rows))
