"""The multinomial logit of features: what it learns from, what it answers, and its parameters."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from engine.errors import ConfigurationError, TooShortError
from research.models import made
from research.models._regressed import learnable
from research.models._terms import terms_of
from research.models.logit import Logit
from tests.contract.model_rows import WARM_UP, asked, drawn, log_loss

OUTCOMES = ("home", "draw", "away")
RATES = ("dixon_coles", "score_driven", "score_driven_shots")


def without(rows: pl.DataFrame, features: tuple[str, ...], where: pl.Expr) -> pl.DataFrame:
    """The rows with some features unknown where an expression holds."""
    columns = [name for name in rows.columns if name.partition(".")[0] in features]
    return rows.with_columns(pl.when(where).then(None).otherwise(pl.col(name)).alias(name) for name in columns)


def test_it_learns_from_complete_rows_counts_the_others_and_answers_complete_rows_alone() -> None:
    model = Logit()
    past, new = drawn(model, 1200), drawn(model, 400, seed=2)
    gaps = without(past, RATES[2:], pl.col("event_id") % 3 == 0)
    found = model.fit(gaps, OUTCOMES)
    complete = past.filter(pl.col("event_id") % 3 > 0)
    other = model.fit(complete, OUTCOMES)
    assert json.dumps(found.artifact()["regression"]) == json.dumps(other.artifact()["regression"])
    assert found.n_rows == 800 - 16 and found.n_left_out == 400 + 16, (
        "16 of the rows of the warm-up are not known either"
    )
    for features in (RATES[:1], RATES[1:], RATES):
        answers = found.probabilities(asked(without(new, features, pl.col("event_id") % 2 == 0)))
        assert np.isnan(answers[::2]).all() and not np.isnan(answers[WARM_UP::2]).any()


def test_a_feature_that_is_known_nowhere_is_left_out_and_a_league_without_it_needs_a_fit_of_fewer() -> None:
    model = Logit()
    past, new = drawn(model, 1200), drawn(model, 400, seed=2)
    found = model.fit(without(past, RATES[2:], pl.lit(True)), OUTCOMES)
    fewer = Logit(features=RATES[:2])
    assert found.terms == ("dixon_coles_ratio", "dixon_coles_sum", "score_driven_ratio", "score_driven_sum")
    assert np.array_equal(
        found.probabilities(asked(new)), fewer.fit(past, OUTCOMES).probabilities(asked(new)), equal_nan=True
    )
    with pytest.raises(TooShortError, match=r"found 100 of 1200; score_driven_shots_ratio is known in 100; .*fewer"):
        model.fit(without(past, RATES[2:], pl.col("event_id") < 1100), OUTCOMES)


def test_a_lack_of_ranking_points_is_stated_for_ratings_and_kept_as_a_gap_for_trees() -> None:
    welo, sides = made("welo"), ("home", "away")
    past, new = drawn(welo, 900, "moneyline"), drawn(welo, 300, "moneyline", seed=2)[WARM_UP:]
    column = pl.col("welo.ranking_diff")
    gaps, same = new.with_columns(column * None), new.with_columns(column * 0.0)
    fitted = welo.fit(past, sides)
    assert np.array_equal(fitted.probabilities(asked(gaps)), fitted.probabilities(asked(same)))
    half = past.with_columns(pl.when(pl.col("event_id") % 2 == 0).then(column))
    assert (
        welo.fit(half, sides).artifact()
        == welo.fit(
            half.with_columns(column.fill_null(0.0)).with_columns(pl.when(pl.col("event_id") >= WARM_UP).then(column)),
            sides,
        ).artifact()
    )
    kept = learnable(half, terms_of(("welo",)), "a test", least=1, gaps=True).inputs
    assert np.isnan(kept[:, 1]).sum() == (900 - WARM_UP) // 2 + 1, "trees learn what a gap means"


def test_a_stronger_ridge_draws_the_answers_towards_the_shares() -> None:
    past, new = drawn(Logit(), 1200), drawn(Logit(), 400, seed=2)[WARM_UP:]
    share = np.bincount(past["outcome"][WARM_UP:].to_numpy(), minlength=3) / (1200 - WARM_UP)
    distances = []
    for ridge in (1.0, 300.0, 1e7):
        answers = Logit(ridge=ridge).fit(past, OUTCOMES).probabilities(asked(new))
        distances.append(float(np.abs(answers - share).max()))
    assert distances[0] > distances[1] > 0.2 > 0.01 > distances[2]


def test_prices_and_columns_as_they_are_can_be_its_inputs() -> None:
    """Against scikit-learn on the same columns."""
    from sklearn.linear_model import LogisticRegression

    model = Logit(features=("market", "market.draw", "head_to_head.share", "own.index"), ridge=10.0)
    rng = np.random.default_rng(3)
    prices = rng.dirichlet((5.0, 3.0, 4.0), 900)
    outcome = (rng.random(900)[:, None] > np.cumsum(prices, axis=1)[:, :2]).sum(axis=1)
    rows = pl.DataFrame(
        {
            "market.home": prices[:, 0], "market.draw": prices[:, 1], "market.away": prices[:, 2],
            "head_to_head.share": rng.random(900), "own.index": rng.integers(0, 5, 900), "outcome": outcome,
        }
    )  # fmt: skip
    assert model.inputs().features == ("head_to_head", "own") and model.inputs().market
    found = model.fit(rows, OUTCOMES).probabilities(rows)
    inputs = np.column_stack([np.log(prices[:, 0] / prices[:, 2]), prices[:, 1], *rows.to_numpy().T[3:5]])
    scaled = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    other = LogisticRegression(C=0.1, tol=1e-10, max_iter=1000).fit(scaled, outcome)
    assert np.allclose(found, other.predict_proba(scaled), atol=1e-6)
    assert log_loss(found, rows) < 1.05


def test_parameters_out_of_range_and_unknown_names_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"unknown parameter 'rigde' in model.*; did you mean ridge"):
        made("logit", {"rigde": 1.0})
    with pytest.raises(ConfigurationError, match=r"unknown feature 'elos' in model.features .*did you mean elo"):
        made("logit", {"features": ("elos",)})
    with pytest.raises(ConfigurationError, match=r"value out of range in model.ridge: expected above 0"):
        made("logit", {"ridge": 0.0})
