"""Where the best of one half of the days ranks in the other half: the logits of a cross-validation."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.report.charts.bars import bars, round_bins, x_axis
from research.report.drawing import Canvas, Scale, fits
from research.report.figure import Figure, Numbers
from research.report.text import count, number, percent

Floats = NDArray[np.float64]

_QUESTION: Final = "Is the best of one half of the days still above the middle in the other half?"


def logits(
    splits: pl.DataFrame,
    null_low: float = float("nan"),
    null_middle: float = float("nan"),
    null_high: float = float("nan"),
) -> Figure:
    """Distribution of the logits of the ranks out of sample; at or below zero is overfit.

    Parameters
    ----------
    splits : polars.DataFrame
        `run.splits()`: logit, one row a split: ln(w / (1 - w)), w the rank outside as a share.
    null_low, null_middle, null_high : float
        5, 50 and 95 % quantile of the share at or below zero where no configuration is better than another
        (`findings.evidence.crossed`); NaN: not known, nothing is said.
    """
    if splits.height < 2:
        return Figure("logits", _QUESTION, "There are too few days or configurations to cross-validate.")
    values = splits["logit"].to_numpy()
    share = float(np.mean(values <= 0.0))
    answer = (
        f"In {percent(share)} of {count(len(values), 'split')} it is not: that is the probability of backtest "
        f"overfitting. {_against(share, null_low, null_middle, null_high)}"
    )
    edges = round_bins(values, [0.0], 32)
    counts = _counts(values, edges)

    def draw(width: float, css: str) -> str:
        canvas = Canvas(width, 300.0)
        x = Scale(float(edges[0]), float(edges[-1]), 58, width - 8)
        bars(canvas, edges, (counts, counts), x, (54.0, 258.0), "splits", lambda value: number(value, 2))
        x_axis(canvas, x, 258.0, "logit of the rank out of sample", _tick)
        canvas.line((x(0), 30), (x(0), 258), "mark")
        below, above = f"overfit: {percent(share)}", percent(1.0 - share)
        canvas.text(max(x(0) - 6, 58 + fits(below)), 40, below, "strong halo", "end")
        canvas.text(min(x(0) + 6, width - fits(above)), 40, above, "strong halo")
        return canvas.svg(answer, css)

    note = "At zero the best of one half stands in the middle of the other half; orange: below it, overfit."
    if (values < edges[0]).any() or (values > edges[-1]).any():
        note += " The outer bars hold everything beyond them."
    rows = tuple(
        (f"{number(float(a), 2)} to {number(float(b), 2)}", number(int(c)), percent(int(c) / len(values)))
        for a, b, c in zip(edges, edges[1:], counts, strict=False)
    )
    return Figure("logits", _QUESTION, answer, draw, Numbers(("logit", "splits", "share"), rows), note=note)


def _tick(value: float, spread: float) -> str:
    return number(value, 0 if spread >= 4.5 else 1)


def _against(share: float, low: float, middle: float, high: float) -> str:
    """The share against the band that luck alone gives."""
    if not all(map(np.isfinite, (low, middle, high))):
        return "With what luck alone gives it was not compared."
    band = f"({percent(low)} to {percent(high)}, in the middle {percent(middle)})"
    if share < low:
        return f"Less than where no configuration is better than another {band}: the choice carries over."
    if share > high:
        return f"More than where no configuration is better than another {band}: the choice misleads."
    return f"No other than where no configuration is better than another {band}: the choice is as good as a draw."


def _counts(values: Floats, edges: Floats) -> NDArray[np.int64]:
    """How many values each bin holds, its upper edge inside: zero counts as overfit; the outer bins take the rest."""
    inside = -np.clip(values, edges[0], edges[-1])
    return np.histogram(inside, -edges[::-1])[0][::-1].astype(np.int64)
