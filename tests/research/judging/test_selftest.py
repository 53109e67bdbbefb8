"""The self-test of the harness: what it finds when something is wrong, and that chance alone is no failure."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from research.judging import selftest
from research.judging.sample import Sample
from research.judging.selftest import Check, failed, self_test
from research.judging.settings import CLOSE
from tests.research.judging.made import drawn, weeks_of

N = 4_000


def world(seed: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A market, its prices with a margin, and outcomes that follow it."""
    rng = np.random.default_rng(seed)
    prob = rng.dirichlet(np.full(3, 3.0), N)
    return prob, 1.0 / (prob * 1.03), drawn(prob, rng)


def checks(prob: np.ndarray, odds: np.ndarray, outcome: np.ndarray, seed: int = 0, **more: np.ndarray) -> list[Check]:
    """The self-test of one market and more forecasts."""
    judged = pl.DataFrame({"outcome": outcome})
    known = {CLOSE: np.zeros(len(prob), dtype=np.int64)}
    sample = Sample(pl.DataFrame(), judged, {CLOSE: odds}, {CLOSE: prob}, known, CLOSE, pl.DataFrame(), {})
    found = self_test({CLOSE: prob, **more}, sample, weeks_of(len(prob), 100), np.random.default_rng(seed))
    return list(found)


def test_a_sound_market_passes_every_check() -> None:
    found = checks(*world())
    assert len(found) == 5 and all(check.passed for check in found)


def test_a_market_that_knows_nothing_is_found() -> None:
    prob, odds, outcome = world()
    found = failed(tuple(checks(prob[::-1], odds[::-1], outcome)))
    assert [check.name.split()[0] for check in found] == ["cheater,"]


def test_outcomes_that_are_equally_frequent_fail_nothing() -> None:
    home = np.random.default_rng(2).uniform(0.2, 0.8, 600)
    prob = np.stack([home, 1.0 - home], axis=1)
    outcome = np.ones(600, dtype=np.int64)
    outcome[np.argsort(-home)[:300]] = 0  # the 300 favourites of the home side win, and no others
    assert checks(prob, 1.0 / (prob * 1.03), outcome)[0].passed
    assert checks(prob[::-1], 1.0 / (prob[::-1] * 1.03), outcome)[0].passed is False


def test_a_market_of_nearly_even_matches_is_not_failed_by_chance() -> None:
    rng = np.random.default_rng(3)
    found = []
    for _ in range(60):
        prob = np.array([0.44, 0.3, 0.26]) * np.exp(rng.normal(0.0, 0.05, (600, 3)))
        prob /= prob.sum(axis=1, keepdims=True)
        found.append(selftest._order(prob, drawn(prob, rng)).passed)
    assert None in found and False not in found


def test_a_forecast_fitted_to_the_shuffle_is_found() -> None:
    prob, odds, outcome = world()
    shuffled = np.random.default_rng(0).permutation(outcome)
    leak = selftest.told(prob, shuffled, np.random.default_rng(5))
    found = checks(prob, odds, outcome, leak=leak)
    assert [check.name for check in failed(tuple(found))] == ["on shuffled outcomes no forecast adds to their shares"]


def test_forecasts_that_hardly_differ_from_the_shares_fail_nothing_by_chance() -> None:
    prob, odds, outcome = (values[:1_000] for values in world())
    rng, shares = np.random.default_rng(8), selftest.base_rate(outcome, 3)
    for seed in range(30):
        weak = shares * np.exp(rng.normal(0.0, 0.02, shares.shape))
        found = checks(prob, odds, outcome, seed, weak=weak / weak.sum(axis=1, keepdims=True))
        assert not failed(tuple(found))


def test_a_harness_that_gives_every_forecast_no_weight_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    prob, odds, outcome = world()
    table = selftest.table_of
    swapped = lambda p, fair, o, weeks: table(p, fair, np.roll(o, 1), weeks)  # noqa: E731
    monkeypatch.setattr(selftest, "table_of", swapped)
    names = [check.name for check in failed(tuple(checks(prob, odds, outcome)))]
    assert names == [
        "on shuffled outcomes no forecast adds to their shares", "one who is told some outcomes adds to the market",
    ]  # fmt: skip


def test_probabilities_that_are_not_those_of_the_prices_place_bets() -> None:
    prob, odds, outcome = world()
    moved = prob.copy()
    moved[:, 0], moved[:, 2] = prob[:, 0] * 1.1, prob[:, 2] - prob[:, 0] * 0.1
    own = checks(moved, odds, outcome)[-1]
    assert own.passed is False and "its own prices" in own.name and not own.words.startswith("0 bets")


def test_a_book_below_one_hundred_percent_is_counted_and_no_failure() -> None:
    prob, odds, outcome = world()
    odds[:7] = 1.0 / (prob[:7] * 0.98)
    own = checks(prob, odds, outcome)[-1]
    assert own.passed and "7 books below 100 %" in own.words


def test_few_events_fail_nothing_by_chance() -> None:
    prob, odds, outcome = world()
    found = checks(prob[:20][::-1], odds[:20][::-1], outcome[:20])
    assert [check.passed for check in found[:4]] == [None, True, None, None] or found[0].passed
    assert found[2].words == "no weight has a standard error"
