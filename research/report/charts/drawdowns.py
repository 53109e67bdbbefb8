"""Maximum drawdowns of bootstrap resamples, with the observed drawdown among them."""

from __future__ import annotations

from typing import Final

import numpy as np

from research.inference.drawdown import DEPTHS, QUANTILES, Drawdowns
from research.report.charts.axes import SOLID_FROM
from research.report.charts.bars import bars, round_bins, x_axis
from research.report.drawing import Canvas, Scale, fits
from research.report.figure import Figure, Numbers
from research.report.text import count, listing, number, percent

_QUESTION: Final = "How deep could the drawdown have been?"
_TOP, _BASE = 58.0, 258.0


def drawdowns(simulation: Drawdowns, n_bets: int | None = None) -> Figure:
    """Distribution of the maximum drawdown over bootstrap resamples of the days, and the risk of ruin.

    Parameters
    ----------
    simulation : Drawdowns
        From `research.inference.drawdown.drawdowns`.
    n_bets : int, optional
        Bets on these days; with fewer than `SOLID_FROM` the bars are hollow.
    """
    values = simulation.simulated
    if not len(values) or not values.any():
        return Figure("drawdowns", _QUESTION, "There is no drawdown: no day has a loss.")
    quantiles, observed = simulation.quantiles, simulation.observed
    answer = (
        f"The observed maximum drawdown is {percent(observed)}. In {count(len(values), 'bootstrap resample')} of "
        f"{count(simulation.days, 'day')} the median is {percent(quantiles[0.5])}, and one in twenty "
        f"{_deepest(quantiles[0.95], 'exceeds')}. {_depths(simulation)} {_ruin(simulation)}"
    )
    edges = round_bins(values, [0.0, observed], 36)
    counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0].astype(np.int64)
    few = n_bets is not None and n_bets < SOLID_FROM
    solid = np.zeros_like(counts) if few else counts

    def draw(width: float, css: str) -> str:
        canvas = Canvas(width, 300.0)
        x = Scale(float(edges[0]), float(edges[-1]), 58, width - 8)
        bars(canvas, edges, (counts, solid), x, (_TOP + 6, _BASE), "resamples")
        x_axis(canvas, x, _BASE, "maximum drawdown, % of the peak", top=_TOP)
        _marked(canvas, x, observed, f"observed {percent(observed)}", "mark", 50.0)
        label = f"one in twenty {_deepest(quantiles[0.95], 'above')}"
        _marked(canvas, x, quantiles[0.95], label, "reference", 32.0)
        return canvas.svg(answer, css)

    note = (
        f"Days are resampled in blocks of {number(simulation.block_length, 1)} days on average, and equity compounds. "
        "The resamples share the observed mean return. After a search it is too good, and so are the resamples."
    )
    note += f" Hollow: fewer than {SOLID_FROM} bets." if few else ""
    note += " The outer bars include everything beyond them." if (values > edges[-1]).any() else ""
    return Figure("drawdowns", _QUESTION, answer, draw, _numbers(simulation), note=note)


def _deepest(depth: float, word: str) -> str:
    """What one in twenty resamples exceed; nothing exceeds everything."""
    text = percent(depth)
    return "loses everything" if text == percent(1.0) else f"{word} {text}"


def _depths(simulation: Drawdowns) -> str:
    """How many resamples exceed each depth."""
    parts = [
        f"{percent(depth, 0)} or more in {percent(share)}" for depth, share in simulation.depth_probabilities.items()
    ]
    return f"It reaches {listing(parts)} of the resamples."


def _ruin(simulation: Drawdowns) -> str:
    """The risk of ruin by level."""
    if not simulation.ruin:
        return "No level of ruin was set."
    parts = [f"{percent(level, 0)} in {percent(share)}" for level, share in simulation.ruin.items()]
    return f"The bankroll falls to {listing(parts)} of them."


def _marked(canvas: Canvas, x: Scale, value: float, label: str, css: str, height: float) -> None:
    """A line over the bars, with its label on the side that has space."""
    at = x.clip(value)
    canvas.line((at, _TOP), (at, _BASE), css)
    right = at + 6 + fits(label) > canvas.width
    canvas.text(at + (-6 if right else 6), height, label, "strong halo", "end" if right else "start")


def _numbers(simulation: Drawdowns) -> Numbers:
    rows = [("observed", percent(simulation.observed, 2))]
    rows += [(f"{percent(at, 0)} quantile of the resamples", percent(simulation.quantiles[at], 2)) for at in QUANTILES]
    rows += [
        (f"resamples of {percent(depth, 0)} or more", percent(simulation.depth_probabilities[depth], 2))
        for depth in DEPTHS
    ]
    rows += [
        (f"resamples that fall to {percent(level, 0)} of the opening bankroll", percent(share, 2))
        for level, share in simulation.ruin.items()
    ]
    return Numbers(("maximum drawdown", "% of the peak, or of the resamples"), tuple(rows))
