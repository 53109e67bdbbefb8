"""Rank in one half of the days of the configuration that is best in the other half: logits of a cross-validation."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.report.charts.bars import bars, round_bins, x_axis
from research.report.drawing import Canvas, Scale, fits
from research.report.figure import Figure, Numbers
from research.report.text import count, number, numbers, percent

Floats = NDArray[np.float64]

_QUESTION: Final = "Is the best of one half of the days above the median in the other half?"


def logits(
    splits: pl.DataFrame,
    null_low: float = float("nan"),
    null_middle: float = float("nan"),
    null_high: float = float("nan"),
) -> Figure:
    """Distribution of the logits of the out-of-sample ranks; a logit at or below zero counts as overfit.

    Parameters
    ----------
    splits : polars.DataFrame
        From `run.splits()`: logit, one row a split: ln(w / (1 - w)), w being the out-of-sample rank as a fraction.
    null_low, null_middle, null_high : float
        5, 50 and 95 % quantile of the share at or below zero where no configuration has skill
        (`findings.evidence.overfitting`); NaN where unknown.
    """
    if splits.height < 2:
        return Figure("logits", _QUESTION, "There are too few days or configurations to cross-validate.")
    values = splits["logit"].to_numpy()
    share = float(np.mean(values <= 0.0))
    answer = (
        f"In {percent(share)} of {count(len(values), 'split')} it is not. This is the probability of backtest "
        f"overfitting (PBO). {_against(share, null_low, null_middle, null_high)}"
    )
    edges = round_bins(values, [0.0], 32)
    counts = _counts(values, edges)

    def draw(width: float, css: str) -> str:
        canvas = Canvas(width, 300.0)
        x = Scale(float(edges[0]), float(edges[-1]), 58, width - 8)
        bars(canvas, edges, (counts, counts), x, (54.0, 258.0), "splits", lambda value: number(value, 2))
        x_axis(canvas, x, 258.0, "logit of the out-of-sample rank", numbers, top=30.0)
        canvas.line((x(0), 30), (x(0), 258), "mark")
        below, above = f"overfit: {percent(share)}", percent(1.0 - share)
        canvas.text(max(x(0) - 6, 58 + fits(below)), 25, below, "strong halo", "end")
        canvas.text(min(x(0) + 6, width - fits(above)), 25, above, "strong halo")
        return canvas.svg(answer, css)

    note = "At zero the best of one half ranks at the median of the other half. Orange: below it, overfit."
    if (values < edges[0]).any() or (values > edges[-1]).any():
        note += " The outer bars include everything beyond them."
    rows = tuple(
        (f"{number(float(a), 2)} to {number(float(b), 2)}", number(int(c)), percent(int(c) / len(values)))
        for a, b, c in zip(edges, edges[1:], counts, strict=False)
    )
    return Figure("logits", _QUESTION, answer, draw, Numbers(("logit", "splits", "share"), rows), note=note)


def _against(share: float, low: float, middle: float, high: float) -> str:
    """The share against its range where no configuration has skill."""
    if not all(map(np.isfinite, (low, middle, high))):
        return "It was not compared with its range without skill."
    band = f"the range of sweeps without any skill ({percent(low)} to {percent(high)}, median {percent(middle)})"
    if share < low:
        return f"It is below {band}: the selection carries over."
    if share > high:
        return f"It is above {band}: the selection misleads."
    return f"It is inside {band}: the selection is no better than a random one."


def _counts(values: Floats, edges: Floats) -> NDArray[np.int64]:
    """Number of values in each bin with its upper edge, so that zero counts as overfit; outer bins include the rest."""
    inside = -np.clip(values, edges[0], edges[-1])
    return np.histogram(inside, -edges[::-1])[0][::-1].astype(np.int64)
