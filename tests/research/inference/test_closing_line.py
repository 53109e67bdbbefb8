"""The test of the closing line against closed forms, an interpreted twin, and worlds whose truth is known."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from research.inference.block_bootstrap import resampled_order
from research.inference.closing_error import adjusted_p_value
from research.inference.closing_line import (
    PricedBets,
    best_test,
    estimates,
)

DAYS = 365


def made(
    rng: np.random.Generator, edges: Any, bets: int, bias: float = 0.0, noise: float = 0.07, promised: Any = None
) -> PricedBets:
    """Level bets at even odds on random days; each true edge is seen in the close with noise, and a bias."""
    edges = np.asarray(edges, float)[:, None]
    count = len(edges)
    won = rng.random((count, bets)) < (1.0 + edges) / 2.0
    seen = (edges if promised is None else promised) + bias + noise * rng.standard_normal((count, bets))
    place = (np.arange(count)[:, None] * DAYS + rng.integers(0, DAYS, (count, bets))).ravel()

    def by_day(values: Any) -> Any:
        sums = np.bincount(place, np.asarray(values, float).ravel(), count * DAYS)
        return sums.reshape(count, DAYS).astype(np.float32)

    turnover = np.full(count, float(bets))
    return PricedBets(by_day(np.where(won, 1.0, -1.0)), by_day(seen), turnover, turnover.copy())


def examined(bets: PricedBets, tau: Any, seed: int = 1, resamples: int = 300, judged: Any = None) -> Any:
    everyone = np.ones(len(bets.level), np.bool_)
    rng = np.random.default_rng(seed)
    return best_test(bets, estimates(bets, tau), everyone, everyone if judged is None else judged, 1.0, resamples, rng)


def test_the_estimates_are_the_formulas_over_bets() -> None:
    rng = np.random.default_rng(3)
    profit, closing = rng.choice([-1.0, 1.0], 4000), 0.02 + 0.06 * rng.standard_normal(4000)
    bets = PricedBets(profit[None, :], closing[None, :], np.array([4000.0]), np.array([4000.0]))
    lines, tau = estimates(bets, 0.01), 0.01
    gap = float(np.var(profit - closing)) / 4000
    weight = tau**2 / (tau**2 + gap)
    assert lines.yields[0] == pytest.approx(profit.mean()) and lines.clv[0] == pytest.approx(closing.mean())
    assert lines.weight[0] == pytest.approx(weight)
    assert lines.theta[0] == pytest.approx(closing.mean() + weight * (profit.mean() - closing.mean()))
    assert lines.luck[0] == pytest.approx(np.std((1 - weight) * closing + weight * profit) / math.sqrt(4000))
    assert lines.bias[0] == pytest.approx((1 - weight) * tau)
    assert lines.clv_error[0] == pytest.approx(np.std(closing) / math.sqrt(4000))
    assert lines.gap_error[0] == pytest.approx(math.sqrt(gap)) and lines.days[0] == 4000
    # the variance as it is stated for a close whose error is apart from the results
    stated = np.var(closing) / 4000 + weight**2 * np.var(profit - closing) / 4000 + (1 - weight) ** 2 * tau**2
    assert lines.luck[0] ** 2 + lines.bias[0] ** 2 == pytest.approx(stated, rel=0.03)


def test_without_an_error_of_the_close_only_the_close_counts_and_with_a_vast_one_only_results() -> None:
    bets = made(np.random.default_rng(4), [0.03, 0.0], 500)
    fair, unknown = estimates(bets, 0.0), estimates(bets, 1e4)
    assert (fair.weight == 0.0).all() and (fair.theta == fair.clv).all() and (fair.bias == 0.0).all()
    assert fair.luck == pytest.approx(fair.clv_error)
    assert unknown.weight == pytest.approx(1.0) and unknown.theta == pytest.approx(unknown.yields, abs=1e-6)


def test_a_configuration_without_a_bet_has_no_statistic_and_is_never_the_best() -> None:
    bets = made(np.random.default_rng(5), [0.02], 400)
    none = np.zeros((1, DAYS), np.float32)
    both = PricedBets(
        np.vstack([none, bets.level]), np.vstack([none, bets.clv]), np.array([0.0, 400.0]), np.array([0.0, 400.0])
    )
    found = examined(both, 0.01)
    assert math.isnan(found.lines.statistic[0]) and found.row == 1
    assert found.p_value == examined(bets, 0.01).p_value
    nobody = examined(bets, 0.01, judged=np.zeros(1, np.bool_))
    assert nobody.row is None and math.isnan(nobody.p_value)


def test_one_configuration_has_the_normal_tail() -> None:
    found = examined(made(np.random.default_rng(6), [0.01], 800), 0.01, resamples=2000)
    tail = 1.0 - NormalDist().cdf(float(found.lines.statistic[0]))
    assert 0.01 < tail < 0.4 and tail <= found.p_value < 1.05 * tail
    line = found.lines
    assert adjusted_p_value(line.theta[0], line.luck[0], line.bias[0], 1.0) == pytest.approx(tail, rel=1e-4)


def test_the_largest_of_all_agrees_with_its_interpreted_twin() -> None:
    bets, tau = made(np.random.default_rng(7), [0.02, 0.0, 0.0, -0.01], 300), np.array([0.01, 0.02, 0.0, 0.01])
    found = examined(bets, tau, seed=11, resamples=60)
    lines, rng, beyond = found.lines, np.random.default_rng(11), []
    series = (1 - lines.weight[:, None]) * bets.clv / 300.0 + lines.weight[:, None] * bets.level / 300.0
    series = series.astype(float)
    error, observed = np.hypot(lines.luck, lines.bias), float(lines.statistic[found.row])
    draws = []
    for _ in range(60):
        order = resampled_order(DAYS, 1.0, rng)
        draws.append([sum(series[j, day] for day in order) - series[j].sum() for j in range(4)])
    for luck in draws:
        low, high = -50.0, 50.0  # the least error of the close with which the best is as good as the observed one
        for _ in range(80):
            middle = (low + high) / 2
            best = max((luck[j] + lines.bias[j] * middle) / error[j] for j in range(4))
            low, high = (low, middle) if best >= observed else (middle, high)
        beyond.append(1.0 - NormalDist().cdf(high))
    single = 1.0 - NormalDist().cdf(observed)
    assert found.p_value == pytest.approx(max(float(np.mean(beyond)), single), rel=1e-4) and found.p_value > single
    assert found.lines.luck == pytest.approx(np.maximum(estimates(bets, tau).luck, np.std(draws, axis=0)), rel=1e-5)


def test_copies_count_once_and_losers_not_at_all() -> None:
    bets = made(np.random.default_rng(9), [0.015], 400)
    copies = PricedBets(
        *(np.repeat(array, 20, axis=0) for array in (bets.level, bets.clv)),
        *(np.repeat(array, 20) for array in (bets.level_turnover, bets.closed_turnover)),
    )
    assert examined(copies, 0.01).p_value == pytest.approx(examined(bets, 0.01).p_value, rel=1e-6)
    losers = made(np.random.default_rng(10), np.full(40, -0.06), 400)
    both = PricedBets(
        *(np.vstack(pair) for pair in ((losers.level, bets.level), (losers.clv, bets.clv))),
        np.full(41, 400.0),
        np.full(41, 400.0),
    )
    assert examined(both, 0.01).row == 40 and examined(both, 0.01).p_value == examined(bets, 0.01).p_value


def test_what_is_not_judged_stays_among_those_tried() -> None:
    bets = made(np.random.default_rng(12), np.zeros(20), 300)
    every = examined(bets, 0.005)
    judged = np.ones(20, np.bool_)
    judged[every.row] = False
    without = examined(bets, 0.005, judged=judged)
    assert without.row != every.row and without.p_value > every.p_value
    fewer = PricedBets(bets.level[judged], bets.clv[judged], np.full(19, 300.0), np.full(19, 300.0))
    assert examined(fewer, 0.005).p_value < without.p_value, "the resamples take the best of all"


def test_the_bits_do_not_depend_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    bets = made(np.random.default_rng(13), np.zeros(30), 200)
    everyone, cells = np.ones(30, np.bool_), np.random.default_rng(14).random((30, 6))
    monkeypatch.setattr("research.inference.columns._BATCH", 4 * DAYS)
    found = []
    for threads in (1, 4):
        monkeypatch.setattr("research.inference.columns.cores", lambda threads=threads: threads)
        rng = np.random.default_rng(1)
        found.append(best_test(bets, estimates(bets, 0.01), everyone, everyone, 1.0, 300, rng, cells))
    assert found[0].p_value == found[1].p_value and found[0].row == found[1].row and 1.0 < found[0].rulers < 30.0
    assert found[0].lines.luck.tobytes() == found[1].lines.luck.tobytes()


def _share_found(edges: Any, bets: int, bias: float, tau: float, sweeps: int = 150) -> float:
    """Share of the sweeps in which both tests hold at 5 %."""
    rng, hits = np.random.default_rng(14), 0
    for number in range(sweeps):
        result = examined(made(rng, edges, bets, bias), tau, seed=number, resamples=200)
        line, row = result.lines, result.row
        adjusted = adjusted_p_value(line.theta[row], line.luck[row], line.bias[row], len(edges))
        hits += max(result.p_value, adjusted) <= 0.05
    return hits / sweeps


def test_power_and_size() -> None:
    holder = [0.03] + [0.0] * 49
    assert _share_found(holder, 300, 0.0, 0.01) > 0.65, "an edge of 3 % in 300 bets"
    assert _share_found([0.0] * 50, 300, 0.0, 0.01) == 0.0, "a fair close"
    assert _share_found([0.0] * 50, 300, 0.011, 0.011) < 0.05, "a close that overrates by what is known"
    assert _share_found([0.0] * 50, 300, 0.0, 0.0) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 150), "a close known to be fair"
    assert _share_found([0.0] * 50, 300, 0.033, 0.01, 20) > 0.9, "why the close has to be calibrated"
