"""How much of the spread between configurations each parameter explains by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from research.report.drawing import Canvas, Scale, fits, shorten
from research.report.figure import Figure, Numbers
from research.report.naming import short_key
from research.report.text import count, measure_name, number, percent

_QUESTION: Final = "Which parameters matter?"
#: a number with more values than this is cut into as many groups of equal size
_VALUES: Final = 10
#: fewest configurations with a value of the measure
_FEWEST: Final = 8


def importance(results: pl.DataFrame, keys: Sequence[str], measure: str = "yield") -> Figure | None:
    """Share of the variance of a measure that each parameter explains by itself; None with fewer than two that vary.

    The share is the adjusted R squared of a one-way analysis of variance, 1 - (SSE / (n - k)) / (SST / (n - 1)) with k
    values (Ezekiel 1930), and 0 where it is negative: a parameter without effect is near 0 however many values it has.

    Parameters
    ----------
    results : polars.DataFrame
        A row a configuration: n_bets, the measure, and a column a key. Configurations without bets are left out.
    keys : sequence of str
        Parameters; null counts as a value.
    measure : str
        One of `engine.backtesting.measures.METRICS`.
    """
    frame = results.filter((pl.col("n_bets") > 0) & pl.col(measure).is_finite().fill_null(False))
    varied = [key for key in keys if key in frame.columns and frame[key].n_unique() > 1]
    if len(varied) < 2 or frame.height < _FEWEST:
        return None
    shares = {key: share_explained(frame, key, measure) for key in varied}
    order = sorted(shares, key=lambda key: (-shares[key], key))
    what = measure_name(measure)
    first = order[0]
    answer = (
        f"By itself, {short_key(first)} explains {percent(shares[first], 0)} of the variance of {what} over "
        f"{count(frame.height, 'configuration')} with bets, more than any other parameter."
        if shares[first] > 0
        else f"No parameter explains the variance of {what} by itself."
    )

    def draw(width: float, css: str) -> str:
        labels = min(max(fits(short_key(key)) for key in order), width * 0.4)
        canvas = Canvas(width, 24.0 + 28 * len(order))
        scale = Scale(0.0, max(1e-9, *shares.values()), labels + 10, width - fits("100%") - 8)
        canvas.text(labels, 11, "parameter", "muted", "end")
        canvas.text(labels + 10, 11, f"share of the variance of {what}", "muted")
        for place, key in enumerate(order):
            middle = 20 + 28 * (place + 0.5)
            canvas.text(labels, middle + 4.5, shorten(short_key(key), labels), "", "end")
            size = scale(shares[key]) - scale(0.0)
            canvas.rect((scale(0.0), middle - 8), (size, 16), "bar gain", f"{key}: {percent(shares[key])}")
            canvas.text(scale(shares[key]) + 6, middle + 4.5, percent(shares[key], 0))
        return canvas.svg(answer, css)

    rows = tuple((key, number(frame[key].n_unique()), percent(shares[key])) for key in order)
    note = (
        "In sample. What parameters do only together is in none of these shares. A parameter that matters can make "
        "things worse: the map below shows where."
    )
    return Figure("importance", _QUESTION, answer, draw, Numbers(("parameter", "values", "share"), rows), True, note)


def share_explained(frame: pl.DataFrame, key: str, measure: str) -> float:
    """Share of the variance of a measure that one parameter explains by itself, as `importance` shows it; 0 to 1."""
    value = pl.col(measure).cast(pl.Float64)
    group = pl.col(key)
    if frame[key].dtype.is_numeric() and frame[key].n_unique() > _VALUES:
        group = (group.rank("dense") * _VALUES / (group.n_unique() + 1)).floor()
    parts = (
        frame.select(group.alias("group"), value.alias("value"))
        .group_by("group", maintain_order=True)
        .agg(pl.len().alias("n"), pl.col("value").var(ddof=0).alias("var"))
    )
    n, k = frame.height, parts.height
    total = float(frame.select(value.var()).item() or 0.0)
    if total <= 0.0 or n <= k:
        return 0.0
    within = float((parts["n"] * parts["var"].fill_null(0.0)).sum())
    return max(0.0, 1.0 - within / (n - k) / total)
