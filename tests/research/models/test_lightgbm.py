"""Boosted trees: the order of outcomes that they keep, what they stop by, and one tree worked out by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from engine.errors import ConfigurationError, DataError, TooShortError
from research.models import made
from research.models._boosted import Growth, best_rounds, grown
from research.models.lightgbm import LightGBM
from tests.contract.model_rows import drawn

Array = NDArray[np.float64]
OUTCOMES = ("home", "draw", "away")


def noisy(n: int, seed: int = 1) -> tuple[Array, NDArray[np.int64]]:
    """Two inputs, of which the second tells nothing, and outcomes that the first decides with much noise."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(n, 2))
    score = inputs[:, 0] + rng.logistic(size=n)
    return np.asfortranarray(inputs), 2 - (score[:, None] > np.array([-0.5, 0.6])).sum(axis=1)


def test_a_better_home_side_never_has_a_lower_chance_of_a_win_nor_the_away_side_a_higher_one() -> None:
    inputs, outcome = noisy(600)
    growth = Growth(leaves=12, rows_leaf=5, rate=0.3, ridge=0.0, share=1.0, seed=0)
    line = np.column_stack([np.linspace(-3, 3, 400), np.zeros(400)])
    kept = grown(inputs, outcome, 3, growth, [1, 0], 40).probabilities(line)
    assert (np.diff(kept[:, 0]) >= 0).all() and (np.diff(kept[:, 2]) <= 0).all()
    free = grown(inputs, outcome, 3, growth, None, 40).probabilities(line)
    assert (np.diff(free[:, 0]) < 0).any() and (np.diff(free[:, 2]) > 0).any(), "without constraints the noise shows"


def test_one_round_of_stumps_is_the_step_of_newton_in_each_leaf() -> None:
    inputs = np.asfortranarray(np.repeat([[0.0], [1.0]], 60, axis=0))
    outcome = np.r_[np.repeat([0, 1, 2], [10, 20, 30]), np.repeat([0, 1, 2], [30, 20, 10])]
    growth = Growth(leaves=2, rows_leaf=10, rate=0.5, ridge=2.0, share=1.0, seed=0)
    found = grown(inputs, outcome, 3, growth, [1], 1).probabilities(np.array([[0.0], [1.0]]))
    base = np.log((np.array([40, 40, 40]) + 0.5) / 40.5)
    assert np.allclose(base, 0)
    chance, rows = 1 / 3, 60
    for leaf, (home, away) in enumerate([(10, 30), (30, 10)]):
        step = [-0.5 * (rows * chance - hits) / (rows * chance * (1 - chance) + 2.0) for hits in (home, away)]
        power = np.exp([step[0], 0.0, step[1]])
        assert np.allclose(found[leaf], power / power.sum(), atol=1e-6)


def test_it_stops_by_the_rows_held_out_alone() -> None:
    inputs, outcome = noisy(900)
    growth = Growth(leaves=8, rows_leaf=10, rate=0.2, ridge=1.0, share=1.0, seed=0)
    held_out = np.arange(900) >= 600
    rounds, chance = best_rounds(inputs, outcome, 3, growth, [1, 0], held_out, (200, 30))
    losses = []
    for number in range(1, 61):
        early = grown(np.asfortranarray(inputs[:600]), outcome[:600], 3, growth, [1, 0], number)
        found = early.probabilities(inputs[600:])
        losses.append(-np.log(found[np.arange(300), outcome[600:]]).mean())
        if number == rounds:
            assert np.allclose(found, chance, atol=1e-12)
    assert rounds == 1 + int(np.argmin(losses)) and 1 < rounds < 30


def test_the_rows_held_out_are_the_latest_and_nothing_unsettled_by_then_teaches_the_first_fit() -> None:
    past = drawn(LightGBM(), 1000)
    model = LightGBM(rounds_max=20, calibration="temperature")
    found = model.fit(past, OUTCOMES)
    assert found.n_held_out == 195 and found.n_rows == 975, "a fifth of the rows with features"
    late = past.with_columns(
        settled_at=pl.when(pl.col("event_id") % 2 == 0).then("settled_at").otherwise(pl.col("settled_at").max())
    )
    other = model.fit(late, OUTCOMES)
    assert other.n_rows == 975
    assert other.calibration != found.calibration, "half of the first fit was not known when the last part began"


def test_a_past_in_which_no_tree_can_grow_is_too_short() -> None:
    for n, found in ((35, 8), (250, 180)):
        with pytest.raises(
            TooShortError, match=rf"200 events before those held out, twice model\.rows_leaf, found {found};"
        ):
            LightGBM(rows_min=1).fit(drawn(LightGBM(), n), OUTCOMES)
    flat = drawn(LightGBM(), 280).with_columns(pl.selectors.contains("rate").clip(1.3, 1.4).round(1))
    found = LightGBM(rows_min=1, rounds_max=3).fit(flat, OUTCOMES)
    assert found.n_rows == 255 and np.isfinite(found.probabilities(flat)[25:]).all()


def test_parameters_out_of_range_and_a_text_that_is_no_model_are_refused() -> None:
    wrong = [("leaves", 1), ("leaves", 131_073), ("seed", -1), ("seed", 2**31), ("rate", 0.0), ("held_out", 1.0)]
    for key, value in (*wrong, ("share", 1.5), ("patience", 0)):
        with pytest.raises(ConfigurationError, match=f"value out of range in model.{key}: expected"):
            made("lightgbm", {key: value})
    with pytest.raises(ConfigurationError, match=r"unknown calibration 'magic' in model.calibration"):
        made("lightgbm", {"calibration": "magic"})
    fitted = LightGBM(rounds_max=5).fit(drawn(LightGBM(), 700), OUTCOMES)
    with pytest.raises(DataError, match="no model of LightGBM in model lightgbm"):
        LightGBM().restored(dict(fitted.artifact()) | {"texts": ["tree", "tree"]})
