"""Value bets on forecasts: yields against a loop, and a verdict that knows luck from knowledge."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

from research.inference.multipliers import null_maxima
from research.judging import earnings
from research.judging.blocks import Weeks
from research.judging.earnings import earnings_of, money_verdict
from research.verdict.evidence import Resampled, resampled
from tests.research.judging.made import drawn

N = 3_000


def world(seed: int, error: float = 0.15) -> tuple[np.ndarray, np.ndarray, np.ndarray, pl.Series]:
    """True probabilities, prices of a market that misses them a little with a margin, outcomes, dates."""
    rng = np.random.default_rng(seed)
    true = rng.dirichlet(np.full(3, 4.0), N)
    market = true * np.exp(rng.normal(0.0, error, true.shape))
    market /= market.sum(axis=1, keepdims=True)
    outcome = drawn(true, rng)
    dates = pl.Series([dt.date(2015, 1, 5) + dt.timedelta(days=i // 3) for i in range(N)])
    return true, 1.0 / (market * 1.06), outcome, dates


def judged(dates: pl.Series, seasons: int = 4) -> pl.DataFrame:
    """The dates in seasons of equal numbers of events."""
    return pl.DataFrame({"date": dates, "season": [f"s{i * seasons // len(dates)}" for i in range(len(dates))]})


def test_yields_are_those_of_a_loop_over_the_bets() -> None:
    true, odds, outcome, dates = world(1)
    weeks = Weeks.of(dates, 100, np.random.default_rng(0))
    (one,) = earnings_of({"true": true}, odds, true, outcome, weeks, 0.05)
    profits, values = [], []
    for prob, prices, happened in zip(true.tolist(), odds.tolist(), outcome.tolist(), strict=True):
        for k in range(3):
            if prob[k] * prices[k] - 1.0 >= 0.05:
                profits.append(prices[k] - 1.0 if k == happened else -1.0)
                values.append(prices[k] * prob[k] - 1.0)
    assert one.bets == len(profits) > 500
    assert one.returned.value == pytest.approx(sum(profits) / len(profits), abs=1e-12)
    assert one.clv.value == pytest.approx(sum(values) / len(values), abs=1e-12)


def test_bets_on_the_market_itself_are_none() -> None:
    _, odds, outcome, dates = world(2)
    fair = (1.0 / odds) / (1.0 / odds).sum(axis=1, keepdims=True)
    weeks = Weeks.of(dates, 100, np.random.default_rng(0))
    (one,) = earnings_of({"market": fair}, odds, fair, outcome, weeks, 0.0)
    assert one.bets == 0 and np.isnan(one.returned.value)
    assert one.document()["yield"] == {"value": None, "low": None, "high": None}
    assert not money_verdict((one,), judged(dates), weeks, 0).evidence


def test_without_a_later_price_there_is_no_closing_line_value() -> None:
    true, odds, outcome, dates = world(1)
    weeks = Weeks.of(dates, 100, np.random.default_rng(0))
    (one,) = earnings_of({"true": true}, odds, None, outcome, weeks, 0.05)
    assert one.bets > 500 and np.isnan(one.clv.value) and one.document()["clv"]["value"] is None


def test_the_verdict_knows_luck_from_knowledge() -> None:
    true, odds, outcome, dates = world(6)
    weeks = Weeks.of(dates, 400, np.random.default_rng(0))
    rng = np.random.default_rng(9)
    noise = {f"noise{i}": rng.dirichlet(np.full(3, 4.0), N) for i in range(3)}
    lucky = earnings_of(noise, odds, true, outcome, weeks, 0.02)
    assert not money_verdict(lucky, judged(dates), weeks, 0).evidence
    knowing = earnings_of({**noise, "true": true}, odds, true, outcome, weeks, 0.02)
    assert money_verdict(knowing, judged(dates), weeks, 0).evidence
    alone = money_verdict(knowing, judged(dates, 1), weeks, 0)
    assert not alone.evidence and alone.condition("c").sentence == "nothing was tested out of sample"
    assert alone.condition("a").holds


def test_a_result_that_is_too_good_is_set_aside_and_gives_no_evidence() -> None:
    true, odds, outcome, dates = world(4)
    weeks, rng = Weeks.of(dates, 400, np.random.default_rng(0)), np.random.default_rng(9)
    noise = {f"noise{i}": rng.dirichlet(np.full(3, 4.0), N) for i in range(3)}
    heard = np.where(rng.random(N) < 0.4, outcome, rng.integers(0, 3, N))
    cheater = true * np.where(np.eye(3)[heard] == 1.0, 1.5, 1.0)
    forecasts = {**noise, "cheater": cheater / cheater.sum(axis=1, keepdims=True)}
    found = money_verdict(earnings_of(forecasts, odds, true, outcome, weeks, 0.02), judged(dates), weeks, 0)
    assert not found.evidence and not found.condition("a").holds
    assert "1 flagged configuration is set aside" in found.condition("d").sentence


def test_out_of_sample_is_what_the_best_of_the_seasons_before_earned() -> None:
    true, odds, outcome, dates = world(5)
    weeks, seasons = Weeks.of(dates, 100, np.random.default_rng(0)), judged(dates)
    rng = np.random.default_rng(2)
    other = rng.dirichlet(np.full(3, 4.0), N)
    quarter = np.arange(N)[:, None] // (N // 4)
    forecasts = {"early": np.where(quarter == 0, true, other), "late": np.where(quarter >= 2, true, other)}
    earned = earnings_of(forecasts, odds, true, outcome, weeks, 0.02)
    staked = profit = 0.0
    for season in (1, 2, 3):
        before, here = np.arange(N) < season * N // 4, np.arange(N) // (N // 4) == season
        ratios = [one.profit[before].mean() / one.profit[before].std() for one in earned]
        chosen = earned[int(np.argmax(ratios))]
        staked, profit = staked + chosen.staked[here].sum(), profit + chosen.profit[here].sum()
    sentence = money_verdict(earned, seasons, weeks, 0).condition("c").sentence
    assert f"{100.0 * abs(profit / staked):.1f}%" in sentence


def test_bets_are_tested_against_the_luck_of_their_own_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """The multipliers of a day belong to its date, as in a search for bets, and not to its place in the series."""
    true, odds, outcome, dates = world(6)
    weeks = Weeks.of(dates, 100, np.random.default_rng(0))
    earned = earnings_of({"true": true}, odds, true, outcome, weeks, 0.02)
    asked: list[Resampled] = []

    def kept(*arguments: Any) -> Resampled:
        asked.append(resampled(*arguments))
        return asked[-1]

    monkeypatch.setattr(earnings, "resampled", kept)
    money_verdict(earned, judged(dates), weeks, 0)
    level = np.zeros(((dates[-1] - dates[0]).days + 1, 1), np.float32)
    np.add.at(level[:, 0], (dates - dates[0]).dt.total_days().to_numpy(), earned[0].profit)
    (found,) = asked
    np.testing.assert_allclose(found.maxima, null_maxima(level, dates[0]), atol=1e-5)
    assert np.abs(found.maxima - null_maxima(level, dates[0] + dt.timedelta(days=1))).max() > 1.0
