"""Bands: a known process stays inside as often as promised, a changed one does not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.errors import PromotionError
from engine.kernel.codes import State
from engine.promotion.bands import FIELDS, MEASURES, Day, Position, as_back, band_position, cumulative, surprise
from research.inference.block_bootstrap import lost_spread, resampled_order
from research.inference.bootstrap import generator
from research.promotion.bands import (
    alarm_share,
    bands,
    bounds,
    common_tail,
    futures,
    mean_block,
    rounded_outward,
    sorted_futures,
)
from research.promotion.settings import BandSettings
from tests.research.promotion.truth_of_bands import CHANGES, Process, alarms, bounds_of, draw

QUICK = BandSettings(paths=1000, resamples=10)


@pytest.mark.proof
def test_a_thousand_futures_without_a_change_alarm_in_three_to_seven_percent() -> None:
    shares = [alarms(Process(), 1000, seed, QUICK, 50, CHANGES if seed < 5 else {}) for seed in range(20)]
    assert 0.03 <= np.mean([share["nothing"] for share in shares]) <= 0.07
    for change in CHANGES:
        assert np.mean([share[change] for share in shares[:5]]) > 0.95


def test_the_same_days_and_seed_give_the_same_bands_and_another_seed_others() -> None:
    days = [Day(*row) for row in draw(Process(), 120, np.random.default_rng(1)).tolist()]
    few = BandSettings(paths=200, resamples=2, days=20)
    first = bands(days, few, 3, "a test")
    assert first == bands(days, few, 3, "a test") != bands(days, few, 4, "a test")
    assert set(first["measures"]) == set(MEASURES)
    assert {len(band[side]) for band in first["measures"].values() for side in ("lower", "upper", "middle")} == {20}
    changed = {name: band["changed"] for name, band in first["measures"].items()}
    assert (changed["yield"], changed["clv"], changed["calibration"], changed["drawdown"]) == (0.0, 0.0, None, None)
    assert first["measures"]["bets_a_day"]["changed"] == pytest.approx(first["reference"]["bets_a_day"] / 2, rel=1e-5)


def test_too_little_gives_no_bands() -> None:
    day = Day(1, 1, 100, 0, 0.0, 1, 0.0)
    with pytest.raises(PromotionError, match=r"expected 30 days and 50 bets, found 29 days and 29 bets"):
        bands([day] * 29, QUICK, 0, "a test")
    with pytest.raises(PromotionError, match="found 49 days and 49 bets"):
        bands([day] * 49, QUICK, 0, "a test")


def test_futures_are_blocks_of_the_backtest_with_the_spread_of_its_mean() -> None:
    reference = np.zeros((400, len(FIELDS)))
    reference[:, 0] = reference[:, 1] = np.arange(400)
    drawn = futures(reference, 10.0, 30, 4000, generator(0, "test"))
    steps = np.diff(drawn[..., 1], axis=1) % 400
    assert np.mean(steps == 1.0) == pytest.approx(
        0.9 * 0.9, abs=0.01
    )  # no new block, in the resample nor in the future
    independent = np.zeros((400, len(FIELDS)))
    independent[:, 3] = np.random.default_rng(0).normal(size=400)
    means = futures(independent, 1.0, 30, 20_000, generator(0, "test"))[..., 3].mean(axis=1)
    expected = independent[:, 3].var() * (1.0 / 30 + 1.0 / 400)
    assert means.var() == pytest.approx(expected, rel=0.05)


def test_a_backtest_that_missed_no_fill_leaves_what_jeffreys_leaves() -> None:
    reference = np.ones((300, len(FIELDS)))
    drawn = futures(reference, 7.0, 90, 20_000, generator(0, "test"))
    missed = 1.0 - drawn[..., 0].sum() / drawn[..., 1].sum()
    assert missed == pytest.approx(0.5 / 301, rel=0.05)  # mean of Beta(1/2, 300 + 1/2)


def test_a_block_is_a_week_and_longer_where_weeks_depend_on_each_other() -> None:
    rng = np.random.default_rng(2)
    fast = [mean_block(draw(Process(), 700, rng)) for _ in range(5)]
    slow = draw(Process(), 700, rng)
    slow[:, 0] = 3.0 + 2.0 * np.sin(np.arange(700) / 40.0)
    assert min(fast) >= 7.0 and max(fast) < 25.0 < mean_block(slow)


def test_bands_widen_by_what_a_resample_loses_of_a_slow_dependence(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = draw(Process(swing=0.3), 250, np.random.default_rng(3))
    length, few = mean_block(slow), BandSettings(resamples=6)
    lengths = [mean_block(slow[resampled_order(250, length, np.random.default_rng(seed))]) for seed in range(20)]
    assert np.median(lengths) < 0.85 * length
    anew = common_tail(slow, length, few, 0)
    monkeypatch.setattr("research.promotion.bands.mean_block", lambda days: length)
    assert anew < 0.1 * common_tail(slow, length, few, 0)


def test_the_rate_of_bets_spreads_as_its_weeks_do_and_the_other_measures_as_their_blocks() -> None:
    slow = draw(Process(swing=0.6), 500, np.random.default_rng(1))
    drawn = cumulative(futures(slow, 7.0, 30, 500, generator(0, "test")))
    ordered, known = sorted_futures(slow, 7.0, 30, 500, generator(0, "test"))
    wider = lost_spread(slow[: 71 * 7, 0].reshape(71, 7).sum(axis=1), 1.0)
    mean = slow[:, 0].mean()
    assert wider > 1.1 and known[-1].tolist() == [500] * len(MEASURES)
    assert np.allclose(ordered[..., 0], mean + wider * (np.sort(drawn[..., 0], axis=0) - mean))
    assert np.array_equal(ordered[-1, -1, 1:], drawn[:, -1, 1:].max(axis=0))


def test_bounds_are_quantiles_and_beyond_one_percent_they_widen_as_a_normal() -> None:
    values = np.random.default_rng(3).normal(size=(40_000, 1, 1)) * np.ones((1, 1, len(MEASURES)))
    ordered, known = np.sort(values, axis=0), np.full((1, len(MEASURES)), 40_000)
    lower, upper = bounds(ordered, known, 0.05)
    assert lower[0, 0] == pytest.approx(np.quantile(values[:, 0, 0], 0.05), abs=1e-3)
    assert upper[0, 0] == pytest.approx(1.645, abs=0.03)
    lower, upper = bounds(ordered, known, 1e-5)
    assert upper[0, 0] == pytest.approx(4.265, abs=0.15)
    assert lower[0, MEASURES.index("drawdown")] == -np.inf
    assert alarm_share(lower, upper, np.full((3, 1, len(MEASURES)), np.nan)) == 0.0


def test_measures_add_up_over_days() -> None:
    days = np.array(
        [[2, 3, 200, 50, 0.1, 2, 0.05, 0.3, 1], [1, 1, 100, -100, 0.2, 1, -0.1, -0.6, 2], [0, 0, 0, 0, 0, 0, 0.0, 0, 0]]
    )
    measured = cumulative(days)
    losing = cumulative(np.array([[1, 1, 100, -100, 0.0, 0, -0.25, 0, 0], [1, 1, 100, 10, 0.0, 0, 0.1, 0, 0]]))
    assert losing[:, MEASURES.index("drawdown")].tolist() == [0.25, 0.25]  # below the start, not below a peak of later
    assert measured[0].tolist() == [2.0, 0.25, 0.05, 0.3, 0.0, 2 / 3]
    assert measured[1] == pytest.approx([1.5, -50 / 300, 0.1, -0.1, 0.1, 0.75])
    assert measured[2] == pytest.approx([1.0, -50 / 300, 0.1, -0.1, 0.1, 0.75])
    assert np.isnan(cumulative(np.zeros((1, len(FIELDS))))[0]).tolist() == [False, True, True, True, False, True]


def test_inside_outside_and_too_early_to_tell() -> None:
    flat = {"lower": [0.0, 0.4], "upper": [2.0, 1.6], "middle": [1.0, 1.0], "changed": 0.5}
    document = {"days": 2, "measures": dict.fromkeys(MEASURES, flat)}
    day = Day(1, 1, 100, 100, 1.0, 1, 0.0)
    first = {one.measure: one for one in band_position([day], document)}
    assert first["bets_a_day"].position is Position.TOO_EARLY  # half of the bets would be inside, too
    tight = document | {"measures": dict.fromkeys(MEASURES, flat | {"changed": 0.1})}
    assert band_position([day, day], tight)[0].position is Position.INSIDE
    high = Day(5, 5, 100, 100, 1.0, 1, 0.0)
    outside = band_position([high, Day(0, 0, 0, 0, 0.0, 0, 0.0)], document)[0]
    assert (outside.position, outside.day, outside.value) == (Position.OUTSIDE, 1, 5.0)
    last = band_position([high, Day(0, 0, 0, 0, 0.0, 0, 0.0)], document, every_day=False)[0]
    assert (last.position, last.day, last.value) == (Position.OUTSIDE, 2, 2.5)
    assert band_position([], document)[0].position is Position.TOO_EARLY
    assert band_position([Day(0, 0, 0, 0, 0.0, 0, 0.0)], document)[1].position is Position.TOO_EARLY  # no yield yet
    assert len(band_position([day] * 5, document)) == len(MEASURES)  # days after the last one are not judged
    older = document | {"measures": {name: flat for name in MEASURES if name != "calibration"}}
    assert [one.measure for one in band_position([day], older)] == [name for name in MEASURES if name != "calibration"]


@pytest.mark.parametrize("line", [None, -0.5, -0.25, 0.0])
def test_the_surprise_of_a_bet_has_a_mean_of_zero_by_its_own_probabilities(line: float | None) -> None:
    """Every way in which a bet can end, each with its own probability, against the payoffs of the kernel."""
    odds = 1.9
    by_state = {
        None: {State.WIN: 0.55, State.LOSE: 0.45},
        -0.5: {State.WIN: 0.5, State.LOSE: 0.5},
        -0.25: {State.WIN: 0.5, State.HALF_LOSE: 0.2, State.LOSE: 0.3},
        0.0: {State.WIN: 0.4, State.VOID: 0.25, State.HALF_WIN: 0.1, State.LOSE: 0.25},
    }[line]
    payoff = {
        State.WIN: odds - 1,
        State.HALF_WIN: (odds - 1) / 2,
        State.VOID: 0.0,
        State.HALF_LOSE: -0.5,
        State.LOSE: -1,
    }
    edge = sum(prob * payoff[state] for state, prob in by_state.items())
    surprises = {state: surprise(state.name.lower(), odds, edge) for state in by_state}
    assert sum(prob * surprises[state] for state, prob in by_state.items()) == pytest.approx(0.0, abs=1e-15)
    for state, value in surprises.items():
        assert value == pytest.approx((payoff[state] - edge) / odds)
    if line is None:
        assert surprises == {State.WIN: pytest.approx(1 - 0.55), State.LOSE: pytest.approx(-0.55)}


def test_what_ended_in_another_way_has_no_surprise() -> None:
    assert all(math.isnan(surprise(state, 2.0, 0.1)) for state in ("cashed", "dead_heat", "place", "unknown", ""))
    assert as_back("lay", 5.0) == 1.25 and as_back("back", 5.0) == 5.0


def test_bounds_are_rounded_away_from_the_middle() -> None:
    thirds = np.array([1 / 3, -1 / 3, 2.0, np.inf])
    lower, upper = rounded_outward(thirds, math.floor), rounded_outward(thirds, math.ceil)
    assert lower == [0.333333, -0.333334, 2.0, None] and upper == [0.333334, -0.333333, 2.0, None]
    days = [Day(*row) for row in draw(Process(), 120, np.random.default_rng(1)).tolist()]
    ends = bounds_of(bands(days, BandSettings(paths=200, resamples=2, days=20), 3, "a test"))
    assert (ends[0] <= ends[1]).all() and (ends[0][:, MEASURES.index("bets_a_day")] >= 0.0).all()
