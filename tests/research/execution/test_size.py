"""Yields at level stakes, and the lead of the selected configuration, against a second computation."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest

from research.execution.size import ALIKE, Days, size_of
from research.inference.conditional import Measured
from research.validation.choice import select_best
from research.validation.rules import Rules
from research.verdict.size import Size

N_DAYS, MANY = 600, 12


def days_of(returns: np.ndarray, bets: float = 400.0) -> Days:
    """Flat stakes of one on a bankroll of 100: a day's return is a hundredth of its profit at level stakes."""
    level = (100.0 * returns).astype(np.float32)
    sums = np.zeros((len(returns), 6))
    sums[:, 0], sums[:, 1], sums[:, 2] = returns.shape[1], bets, bets
    sums[:, 3], sums[:, 4], sums[:, 5] = level.sum(axis=1), returns.sum(axis=1), (returns**2).sum(axis=1)
    return Days(returns, level, np.full(len(returns), bets), sums)


@pytest.fixture(scope="module")
def returns() -> np.ndarray:
    """Correlated configurations, of which the later ones are better."""
    rng = np.random.default_rng(17)
    own, shared = rng.normal(0.0, 0.01, (MANY, N_DAYS)), rng.normal(0.0, 0.01, N_DAYS)
    return (0.8 * own + 0.6 * shared + 0.0002 * np.arange(MANY)[:, None]).astype(np.float32)


def test_yield_and_error_are_those_of_the_days(returns: np.ndarray) -> None:
    days = days_of(returns)
    found = size_of(days, 3, (), Rules())
    assert found.selected is not None and found.ensemble is not None
    daily = days.level[3].astype(float)
    assert found.selected.estimate == pytest.approx(daily.sum() / 400.0)
    assert found.selected.error == pytest.approx(daily.std() * math.sqrt(N_DAYS) / 400.0)
    portfolio = days.level.astype(float).mean(axis=0) / 400.0
    assert found.ensemble.estimate == pytest.approx(portfolio.sum())
    assert found.ensemble.error == pytest.approx(portfolio.std() * math.sqrt(N_DAYS))
    errors = days.level.astype(float).std(axis=1) * math.sqrt(N_DAYS) / 400.0
    assert found.error == pytest.approx(np.median(errors)) and found.bets == 400


@pytest.mark.parametrize("name", ["sharpe", "growth", "yield"])
def test_at_the_margin_another_configuration_is_selected(returns: np.ndarray, name: str) -> None:
    """Move all means along their covariance with the leader's yield: the choice changes just beyond the margin."""
    rules = Rules(metric=name)
    days = days_of(returns)
    best = select_best(days.sums, rules).row
    found = size_of(days, best, (), rules).selected
    assert found is not None and 0.0 < found.margin < 5.0
    own = days.level[best].astype(float) - days.level[best].astype(float).mean()
    along = (returns.astype(float) @ own) / math.sqrt(float(own @ own))  # covariance of each sum with the yield

    def chosen(fall: float) -> int:
        moved = returns - (fall * along / N_DAYS)[:, None]
        return select_best(days_of(moved).sums, rules).row

    assert chosen(0.99 * found.margin) == best and chosen(1.01 * found.margin) != best


def test_the_minimum_of_the_metric_is_a_limit_too(returns: np.ndarray) -> None:
    days, rules = days_of(returns[:1] + np.float32(0.001)), Rules(metric="growth", metric_min=0.0005)
    found = size_of(days, 0, (), rules).selected
    assert found is not None
    error = returns[0].std(dtype=float) / math.sqrt(N_DAYS)
    assert found.margin == pytest.approx((days.returns[0].mean(dtype=float) - 0.0005) / error, rel=1e-4)
    assert size_of(days, 0, (), replace(rules, metric_min=-math.inf)).selected.margin == math.inf  # type: ignore[union-attr]


def test_the_same_bets_are_no_competitor(returns: np.ndarray) -> None:
    nearly = returns[:1] + np.random.default_rng(1).normal(0.0, 0.0005, (1, N_DAYS)).astype(np.float32)
    both = np.vstack([returns[:1] + np.float32(0.002), nearly + np.float32(0.0019)])
    assert np.corrcoef(both)[0, 1] > ALIKE
    alone = size_of(days_of(both[:1]), 0, (), Rules()).selected
    assert size_of(days_of(both), 0, (), Rules()).selected == alone


def test_what_is_set_aside_or_did_not_bet_is_not_measured(returns: np.ndarray) -> None:
    days = days_of(returns)
    idle = np.zeros((1, N_DAYS), np.float32)
    more = Days(
        np.vstack([returns, idle]),
        np.vstack([days.level, idle]),
        np.append(days.turnover, 0.0),
        np.vstack([days.sums, np.zeros(6)]),
    )
    wild = np.array(more.level)
    wild[0] *= 50.0
    found = size_of(replace(more, level=wild), MANY - 1, (0,), Rules())
    rest = size_of(replace(days_of(returns[1:])), MANY - 2, (), Rules())
    assert found == rest
    assert size_of(more, None, range(MANY), Rules()) == Size(None, None, pytest.approx(math.nan, nan_ok=True), 0)
    assert size_of(days, None, (), Rules()).selected is None


def test_few_bets_do_not_qualify_and_do_not_compete(returns: np.ndarray) -> None:
    days = days_of(returns)
    sums = days.sums.copy()
    sums[:-1, 1] = 50.0
    found = size_of(replace(days, sums=sums), MANY - 1, (), Rules(metric_min=-math.inf)).selected
    assert found is not None and found.margin == math.inf


def test_it_survives_the_stored_document(returns: np.ndarray) -> None:
    found = size_of(days_of(returns), 3, (), Rules())
    assert Size.from_plain(json.loads(json.dumps(asdict(found)))) == found
    endless = replace(found, selected=Measured(0.1, 0.02))
    document = asdict(endless)
    document["selected"]["margin"] = None  # infinity is no JSON number
    assert Size.from_plain(document) == endless
    assert Size.from_plain(asdict(replace(found, selected=None))).selected is None


def test_the_portfolio_is_that_of_the_tests(returns: np.ndarray) -> None:
    """A configuration with a few bets counts as with a tenth of the median turnover; the yield is over the turnover."""
    days = days_of(returns)
    level, turnover = np.array(days.level), np.array(days.turnover)
    level[0], turnover[0] = level[0] / 100.0, 4.0
    found = size_of(replace(days, level=level, turnover=turnover), 3, (), Rules()).ensemble
    weights = 1.0 / np.maximum(turnover, 40.0)
    assert found is not None
    assert found.estimate == pytest.approx((weights @ level.astype(float).sum(axis=1)) / (weights @ turnover))
