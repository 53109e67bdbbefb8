"""A purged walk forward inside the training window: each part forecast by a model of what was settled before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.clock import DAY_NS
from engine.errors import DataError, TooShortError
from research.forecasting.checks import checked
from research.forecasting.contract import Model
from research.forecasting.rows import OUTCOME
from research.inference.rps import ranked
from research.judging.scores import brier, log_losses

Floats = NDArray[np.float64]
#: told after each fold: the number of folds so far and the mean of their log losses; True: stop
Stop = Callable[[int, float], bool]


@dataclass(frozen=True)
class Fold:
    """A part of the window and what it may be forecast from.

    Attributes
    ----------
    since_ns, until_ns : int
        Decisions of the part, UTC nanoseconds; `until_ns` is not included.
    past, asked : polars.DataFrame
        Rows to learn from, settled before `since_ns` (and before its embargo), and rows to forecast.
    """

    since_ns: int
    until_ns: int
    past: pl.DataFrame
    asked: pl.DataFrame


@dataclass(frozen=True)
class Score:
    """Scores of a model over the folds; means over the forecast rows.

    Attributes
    ----------
    log_loss, rps, brier : float
    by_fold : tuple of float
        Log loss of each fold.
    n : int
        Rows that were forecast.
    n_silent : int
        Rows for which the model had no answer, those of a fold whose past is too short for it among them. They count
        with the shares of the outcomes in the past of their fold.
    is_pruned : bool
        Whether the walk was stopped before its last fold.
    """

    log_loss: float
    rps: float
    brier: float
    by_fold: tuple[float, ...]
    n: int
    n_silent: int
    is_pruned: bool = False


def folds_of(rows: pl.DataFrame, n_folds: int, embargo_ns: int = 0) -> tuple[Fold, ...]:
    """Cut rows into one part more than folds, at starts of days, each with about as many rows; the first is only past.

    A row is purged from a past if it was settled at or after the part's first instant, whenever it was decided.

    Parameters
    ----------
    rows : polars.DataFrame
        `research.forecasting.rows.training_rows`.
    n_folds : int
    embargo_ns : int
        What was settled so shortly before a part is not learned from either, nanoseconds.

    Raises
    ------
    DataError
        Too few days of decisions for so many parts.
    """
    decided = rows["decided_at"].cast(pl.Int64).to_numpy() // DAY_NS if rows.height else np.empty(0, np.int64)
    days = np.unique(decided)
    cuts = {int(decided[len(decided) * number // (n_folds + 1)]) for number in range(1, n_folds + 1) if len(decided)}
    if len(cuts - set(days[:1].tolist())) < n_folds:
        raise DataError(
            "the training window is too short", where="tune.folds",
            expected=f"{n_folds + 1} parts of whole days with about as many decisions",
            found=f"{len(decided):,} decisions on {len(days)} days",
            todo="choose a longer window, or fewer folds",
        )  # fmt: skip
    borders = [day * DAY_NS for day in [*sorted(cuts), int(days[-1]) + 1]]
    found = []
    for since, until in pairwise(borders):
        settled, at = pl.col("settled_at").cast(pl.Int64), pl.col("decided_at").cast(pl.Int64)
        past = rows.filter(settled < since - embargo_ns, at < since - embargo_ns)
        asked = rows.filter(at >= since, at < until)
        found.append(Fold(since, until, past, asked))
    return tuple(found)


def walked(model: Model, folds: tuple[Fold, ...], outcomes: tuple[str, ...], stop: Stop | None = None) -> Score:
    """Score a model; `stop` may end the walk after a fold.

    Raises
    ------
    DataError
        The model cannot be fitted for another reason than a past that is too short.
    """
    losses, others, by_fold, silent = list[Floats](), list[Floats](), list[float](), 0
    is_pruned = False
    for number, fold in enumerate(folds, 1):
        happened = fold.asked[OUTCOME].to_numpy().astype(np.int64)
        prob = _forecast(model, fold, outcomes)
        unknown = np.isnan(prob).any(axis=1)
        silent += int(unknown.sum())
        prob[unknown] = _shares(fold.past, len(outcomes))
        losses.append(log_losses(prob, happened))
        others.append(np.column_stack([ranked(prob, happened), brier(prob, happened)]))
        by_fold.append(float(losses[-1].mean()))
        if stop is not None and number < len(folds) and stop(number, float(np.mean(by_fold))):
            is_pruned = True
            break
    loss, rest = np.concatenate(losses), np.concatenate(others)
    return Score(
        float(loss.mean()), float(rest[:, 0].mean()), float(rest[:, 1].mean()), tuple(by_fold), len(loss), silent,
        is_pruned,
    )  # fmt: skip


def _forecast(model: Model, fold: Fold, outcomes: tuple[str, ...]) -> Floats:
    """Probabilities of the rows of a fold; NaN: no answer."""
    try:
        found = model.fit(fold.past, outcomes).probabilities(fold.asked)
    except TooShortError:
        return np.full((fold.asked.height, len(outcomes)), np.nan)
    return checked(found, fold.asked.height, len(outcomes), model.name).copy()


def base_loss(folds: tuple[Fold, ...], n_outcomes: int) -> float:
    """Log loss of the shares of the outcomes in the past of each fold: what a model has to beat."""
    losses = [
        log_losses(np.tile(_shares(fold.past, n_outcomes), (fold.asked.height, 1)), fold.asked[OUTCOME].to_numpy())
        for fold in folds
    ]
    return float(np.concatenate(losses).mean())


def _shares(past: pl.DataFrame, n_outcomes: int) -> Floats:
    """Shares of the outcomes, after one of each kind."""
    counts = np.bincount(past[OUTCOME].to_numpy().astype(np.int64), minlength=n_outcomes) + 1.0
    shares: Floats = counts / counts.sum()
    return shares
