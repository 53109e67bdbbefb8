"""What the best configurations of a sweep have in common: one line a configuration, through all its parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.inference.bootstrap import generator
from research.report.charts.importance import share_explained
from research.report.drawing import Canvas, fits, shorten
from research.report.figure import Figure, Numbers
from research.report.naming import short_key, value_text
from research.report.text import MEASURES, NOTHING, count

_QUESTION: Final = "What do the best configurations have in common?"
#: configurations that are drawn: the best, and of the others as many by chance
BEST: Final = 20
OTHERS: Final = 180
#: most parameters with an axis, those that explain most first
_AXES: Final = 8
#: most values that have a place and a label of their own; a number with more has a scale
_PLACES: Final = 12
#: px between axes, and to how many px the lines of one value are spread
_ROW: Final = 58.0
_SPREAD: Final = 12.0


@dataclass(frozen=True)
class _Axis:
    """One parameter, or the measure at the end: where each configuration is, 0 to 1, and its labels."""

    name: str
    places: NDArray[np.float64]
    labels: tuple[tuple[float, str], ...]
    values: tuple[str, ...]


def parallel(
    results: pl.DataFrame, keys: Sequence[str], measure: str = "yield", *, fewest: int = 1, seed: int = 0
) -> Figure | None:
    """The best configurations among others, a line each through all parameters; None with fewer than two that vary.

    Parameters
    ----------
    results : polars.DataFrame
        A row a configuration: config, n_bets, the measure, and a column a key.
    keys : sequence of str
        Parameters; null counts as a value.
    measure : str
        One of `engine.backtesting.measures.METRICS`.
    fewest : int
        Configurations with fewer bets are left out.
    seed : int
        Of the choice among the others.
    """
    frame = results.filter((pl.col("n_bets") >= max(fewest, 1)) & pl.col(measure).is_finite().fill_null(False))
    varied = [key for key in keys if key in frame.columns and frame[key].n_unique() > 1]
    if len(varied) < 2 or frame.height <= BEST:
        return None
    shown = sorted(varied, key=lambda key: (-share_explained(frame, key, measure), key))[:_AXES]
    what = MEASURES[measure]
    frame = frame.sort([measure, "config"], descending=[what.higher_is_better, False])
    tried = frame.height
    others = generator(seed, "parallel").permutation(np.arange(BEST, frame.height))[:OTHERS]
    frame = frame[[*range(BEST), *np.sort(others).tolist()]]
    axes = [_axis(key, frame[key]) for key in shown]
    axes.append(_measured(measure, frame[measure].cast(pl.Float64)))
    among = f" with at least {count(fewest, 'bet')}" if fewest > 1 else " with bets"
    answer = f"The {BEST} best by {what.name} of {count(tried, 'configuration')}{among} {_shared(axes)}."

    def draw(width: float, css: str) -> str:
        canvas = Canvas(width, _ROW * len(axes) + 8)
        heights = np.arange(len(axes)) * _ROW + 30
        start, end = 14.0, width - 14.0
        points = np.array([start + axis.places * (end - start) for axis in axes])
        spread = (0.5 - np.arange(frame.height) / frame.height) * _SPREAD
        points[:-1] += spread
        for place in range(frame.height - 1, -1, -1):
            css_line = "series s1 best" if place < BEST else "series rest"
            canvas.path(points[:, place].tolist(), heights.tolist(), css_line)
        for axis, y in zip(axes, heights.tolist(), strict=True):
            canvas.line((start, y), (end, y), "boundary")
            canvas.text(0, y - 14, shorten(axis.name, width), "muted halo")
            _labels(canvas, axis, y + 16, (start, end))
        return canvas.svg(answer, css)

    rows = tuple((axis.name, *_two(axis)) for axis in axes[:-1])
    drawn = f"{count(len(others), 'other')} by chance" if frame.height < tried else "all others"
    note = (
        f"In sample. Blue: the best; grey: {drawn}. Within a value, better configurations are further to the right. "
        "Shared settings are no evidence that they are the cause: see the map."
    )
    heads = ("parameter", f"values of the best {BEST}", "values of the others drawn")
    return Figure("parallel", _QUESTION, answer, draw, Numbers(heads, rows), True, note)


def _axis(key: str, column: pl.Series) -> _Axis:
    values = column.to_list()
    texts = tuple(value_text(value) for value in values)
    numeric = column.dtype.is_numeric()
    distinct = (
        sorted({*zip(values, texts, strict=True)}, key=_order)
        if numeric
        else [(text, text) for text in sorted(set(texts))]
    )
    if numeric and len(distinct) > _PLACES and not column.null_count():
        return _scaled(short_key(key), column.cast(pl.Float64), texts, value_text)
    place = {text: (k + 0.5) / len(distinct) for k, (_, text) in enumerate(distinct)}
    return _Axis(
        short_key(key),
        np.array([place[text] for text in texts]),
        tuple((at, text) for text, at in place.items()),
        texts,
    )


def _order(pair: tuple[float | None, str]) -> tuple[bool, float]:
    return pair[0] is None, pair[0] or 0.0


def _measured(measure: str, column: pl.Series) -> _Axis:
    what = MEASURES[measure]
    return _scaled(what.name, column, tuple(what.text(value) for value in column), what.text)


def _scaled(name: str, column: pl.Series, texts: tuple[str, ...], text: Callable[[float], str]) -> _Axis:
    values = column.to_numpy()
    low, high = float(values.min()), float(values.max())
    width = high - low or 1.0
    labels = tuple((k / 4, text(float(f"{low + width * k / 4:.3g}"))) for k in range(5))
    return _Axis(name, (values - low) / width, labels, texts)


def _labels(canvas: Canvas, axis: _Axis, y: float, ends: tuple[float, float]) -> None:
    """Labels that do not run into each other, from the left; those in the middle are centred."""
    start, end = ends
    free = 0.0
    most = (end - start) / max(len(axis.labels), 1)
    for at, text in axis.labels:
        words = shorten(text, max(most, 40.0))
        middle, half = start + at * (end - start), fits(words) / 2
        left = min(max(middle - half, 0.0), canvas.width - 2 * half)
        if left >= free:
            canvas.text(left + half, y, words, "halo", "middle")
            free = left + 2 * half + 6


def _shared(axes: Sequence[_Axis]) -> str:
    """In words: the values that all of the best have."""
    same = [
        f"no {axis.name}" if axis.values[0] == NOTHING else f"{axis.name} {axis.values[0]}"
        for axis in axes[:-1]
        if len(set(axis.values[:BEST])) == 1
    ]
    return f"all have {', '.join(same)}" if same else "share the value of no parameter"


def _two(axis: _Axis) -> tuple[str, str]:
    return _counted(axis.values[:BEST]), _counted(axis.values[BEST:])


def _counted(values: Sequence[str]) -> str:
    counts = Counter(sorted(values))
    more = f", {len(counts) - 4} more" if len(counts) > 4 else ""
    return ", ".join(f"{value}: {n}" for value, n in counts.most_common(4)) + more
