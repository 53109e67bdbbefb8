"""Rows for models, drawn from a known truth: each feature tells it with noise, in the columns that it really has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.schema import INSTANT_DTYPE, SELECTIONS
from research.features import built_in
from research.forecasting.contract import Model
from research.forecasting.rows import OUTCOME

FIRST = datetime(2018, 8, 1, 15, tzinfo=UTC)
#: rows without a feature at the start, as in a warm-up
WARM_UP = 25


def drawn(model: Model, n: int, market: str = "1x2", seed: int = 1) -> pl.DataFrame:
    """Training rows of a model in the order of time, a match every eight hours, and what is known of their outcomes."""
    rng = np.random.default_rng(seed)
    strength = rng.normal(0.0, 0.7, n)
    rates = 1.4 * np.exp(0.45 * strength + 0.15), 1.4 * np.exp(-0.45 * strength - 0.15)
    goals = rng.poisson(rates[0]), rng.poisson(rates[1])
    truth = of_goals(*rates)
    outcome = np.where(goals[0] > goals[1], 0, np.where(goals[0] == goals[1], 1, 2))
    if market == "moneyline":
        truth = truth[:, [0, 2]] / truth[:, [0, 2]].sum(axis=1, keepdims=True)
        outcome = (rng.random(n) > truth[:, 0]).astype(np.int64)
    starts = [FIRST + timedelta(hours=8 * number) for number in range(n)]
    sides = rng.integers(0, 20, (2, n))
    columns: dict[str, Any] = {
        "decided_at": pl.Series(starts, dtype=INSTANT_DTYPE),
        "event_id": pl.Series(range(n), dtype=pl.Int64),
        "sport": pl.Series(["football" if market == "1x2" else "tennis"] * n),
        "competition": pl.Series(["E0"] * n),
        "season": pl.Series([f"{at.year - (at.month < 7)}-{at.year + (at.month >= 7)}" for at in starts]),
        "date": pl.Series([at.date() for at in starts]),
        "home": pl.Series([f"T{side}" for side in sides[0]]),
        "away": pl.Series([f"T{side}" for side in sides[1]]),
        "neutral": pl.Series([market != "1x2"] * n),
        "starts_at": pl.Series(starts, dtype=INSTANT_DTYPE),
    }
    for name in model.inputs().features:
        for column, kind in built_in(name).columns.items():
            values = _told(column, strength, rates, rng)
            known = [None] * WARM_UP + (values.tolist() if kind.is_float() else values.astype(int).tolist())[WARM_UP:]
            columns[f"{name}.{column}"] = pl.Series(known, dtype=kind)
    if model.inputs().market:
        prices = truth * np.exp(rng.normal(0.0, 0.05, truth.shape))
        for place, side in enumerate(SELECTIONS[market]):
            columns[f"market.{side}"] = pl.Series(prices[:, place] / prices.sum(axis=1))
    columns |= {
        OUTCOME: pl.Series(outcome, dtype=pl.Int8),
        "home_score": pl.Series(goals[0], dtype=pl.Int32),
        "away_score": pl.Series(goals[1], dtype=pl.Int32),
        "settled_at": pl.Series([at + timedelta(hours=2) for at in starts], dtype=INSTANT_DTYPE),
    }
    return pl.DataFrame(columns)


def asked(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows before anything is known of the outcome."""
    return rows.drop(OUTCOME, "home_score", "away_score", "settled_at")


def log_loss(chance: NDArray[np.float64], rows: pl.DataFrame) -> float:
    """Mean of minus the log of the probability of what happened."""
    return float(-np.log(chance[np.arange(rows.height), rows[OUTCOME].to_numpy()]).mean())


def of_goals(home: NDArray[np.float64], away: NDArray[np.float64]) -> NDArray[np.float64]:
    """Home, draw, away of two independent Poisson numbers, by their sums up to 15 goals."""
    grids = [np.exp(-rate)[:, None] * _powers(rate) for rate in (home, away)]
    grid = grids[0][:, :, None] * grids[1][:, None, :]
    win, draw = np.tril(np.ones((16, 16)), -1), np.eye(16)
    found = np.stack([(grid * area).sum(axis=(1, 2)) for area in (win, draw, win.T)], axis=1)
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def _powers(rate: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.cumprod(np.column_stack([np.ones_like(rate), *(rate / k for k in range(1, 16))]), axis=1)


def _told(
    column: str, strength: NDArray[np.float64], rates: Sequence[NDArray[np.float64]], rng: np.random.Generator
) -> NDArray[np.float64]:
    """What a column tells of the truth: goals of a side, a constant, or the strength with noise."""
    if column in ("rho", "shared"):
        return np.full(strength.size, -0.03 if column == "rho" else 0.05)
    if "rate" in column:
        return np.asarray(rates["away" in column] * np.exp(rng.normal(0.0, 0.05, strength.size)))
    sign = -1.0 if "away" in column or column.endswith("conceded") else 1.0
    told = sign * strength + rng.normal(0.0, 0.3, strength.size)
    return np.asarray(1.0 / (1.0 + np.exp(-told)) if column == "expected" else np.exp(0.5 * told))
