"""Calibration of closing lines: errors over matches, the error tau, and which closes pass."""

from __future__ import annotations

import json
import math

import numpy as np
import polars as pl
import pytest

from engine.asof.calibration import BANDS, sums_of
from research.inference.closing_calibration import BIAS_MOST, CalibratedCell, ClosingCalibration

Z95 = 1.6448536269514722


def cell(selection: str | None, band: int, mean: float, error: float) -> CalibratedCell:
    return CalibratedCell("football", "1x2", selection, band, 1_000, 1_000, mean, error)


def calibration(*cells: CalibratedCell, matches: int = 60_000) -> ClosingCalibration:
    return ClosingCalibration("pinnacle", "power", matches, "2012-07-01", "2022-06-30", cells)


def played(matches: int, overrates: float, seed: int) -> tuple[ClosingCalibration, pl.DataFrame]:
    """A close of three-way matches that states each chance too high by a share, and the returns behind it."""
    draw = np.random.default_rng(seed)
    chance = draw.dirichlet([9.0, 5.5, 6.0], matches)
    won = np.arange(3) == (draw.random(matches)[:, None] > np.cumsum(chance, axis=1)).sum(axis=1)[:, None]
    stated = chance * (1.0 + overrates)
    returns = pl.DataFrame(
        {
            "event_id": np.repeat(np.arange(matches), 3),
            "sport": "football",
            "market": "1x2",
            "selection": np.tile(["home", "draw", "away"], matches),
            "close_prob": stated.ravel(),
            "band": (1.0 / stated[..., None] >= np.array(BANDS)).sum(axis=-1).ravel().astype(np.int8),
            "profit": (np.where(won, 1.0 / stated, 0.0) - 1.0).ravel(),
        }
    )
    rows = sums_of(returns).to_dicts()
    return ClosingCalibration.of_sums("p", "power", matches, ("2012-07-01", "2022-06-30"), rows), returns


def usual_bets(close: ClosingCalibration) -> np.ndarray:
    """Weights of bets on every selection at odds of 1.5 to 6."""
    return close.usual("football", "1x2")


def test_usual_bets_are_those_at_odds_of_1_5_to_6() -> None:
    cells = [cell(name, band, 0.0, 0.01) for name in ("home", "not home") for band in range(6)]
    assert calibration(*cells).usual("football", "1x2").tolist() == [0, 1000, 1000, 1000, 0, 0, *[0] * 7]
    assert calibration(*cells).usual("football", "totals").sum() == 0
    assert [cell.odds for cell in cells[:6]] == [
        "below 1.5", "1.5 to 2.5", "2.5 to 4", "4 to 6", "6 to 10", "above 10"
    ]  # fmt: skip


def test_mean_and_error_of_a_band_are_those_of_a_ratio_over_matches() -> None:
    close, returns = played(400, 0.0, 1)
    for found in close.bands:
        profit, number = dict[int, float](), dict[int, int]()
        for row in returns.filter(pl.col("band") == found.band).iter_rows(named=True):
            profit[row["event_id"]] = profit.get(row["event_id"], 0.0) + row["profit"]
            number[row["event_id"]] = number.get(row["event_id"], 0) + 1
        n, m = sum(number.values()), len(number)
        mean = sum(profit.values()) / n
        squares = sum((profit[event] - mean * number[event]) ** 2 for event in number)
        assert (found.matches, found.selections) == (m, n)
        assert found.mean == pytest.approx(mean, abs=1e-12)
        assert found.error == pytest.approx(math.sqrt(squares * m / (m - 1)) / n, abs=1e-12)


def test_a_cell_in_which_nothing_has_won_yet_has_the_error_of_a_fair_close() -> None:
    rows = pl.DataFrame(
        {
            "event_id": [1, 2, 3, 4], "sport": "football", "market": "1x2", "selection": "away", "close_prob": 0.05,
            "band": pl.Series([5] * 4, dtype=pl.Int8), "profit": -1.0,
        }
    )  # fmt: skip
    close = ClosingCalibration.of_sums("p", "power", 4, ("", ""), sums_of(rows).to_dicts())
    backed = next(cell for cell in close.single if cell.selection == "away")
    assert backed.mean == -1.0
    assert backed.error == pytest.approx(math.sqrt(19.0 / 4.0))  # variance of the profit: 1 / 0.05 - 1
    assert close.bands[0].interval is None


def test_tau_of_one_cell_is_bias_and_error_together() -> None:
    close = calibration(cell("home", 1, -0.011, 0.004))
    found = close.tau([5.0, 0.0])
    assert found.tau == pytest.approx(math.sqrt(0.011**2 + 0.004**2))
    assert found.low == pytest.approx(math.sqrt((0.011 - Z95 * 0.004) ** 2 + 0.004**2))
    assert found.high == pytest.approx(math.sqrt((0.011 + Z95 * 0.004) ** 2 + 0.004**2))
    assert (found.mean, found.error, found.passes, found.reason) == (-0.011, 0.004, True, "")


def test_bands_weigh_as_the_bets_do() -> None:
    close = calibration(cell("home", 1, -0.01, 0.003), cell("home", 3, -0.03, 0.006))
    found = close.taus([[3.0, 1.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]])
    assert found.mean == pytest.approx([-0.015, -0.03, math.nan], nan_ok=True)
    assert found.error[0] == pytest.approx(math.sqrt((0.75 * 0.003) ** 2 + (0.25 * 0.006) ** 2))
    assert found.passes.tolist() == [True, False, False]


def test_biases_that_cancel_over_the_bets_still_count() -> None:
    close = calibration(cell("home", 1, 0.02, 0.003), cell("away", 1, -0.02, 0.003))
    found = close.taus([1.0, 1.0, 0.0])
    assert found.mean == 0.0
    assert found.bias == pytest.approx(math.sqrt(0.02**2 - 0.003**2))
    weights = np.array([0.8, 0.2])
    unequal = calibration(cell("home", 1, 0.02, 0.003), cell("away", 4, -0.1, 0.05)).taus([*weights, 0.0])
    precision = weights / np.array([0.003, 0.05]) ** 4
    spread = (precision * np.array([0.02**2 - 0.003**2, 0.1**2 - 0.05**2])).sum() / precision.sum()
    assert unequal.bias == pytest.approx(math.sqrt(spread))  # the noisy cell hardly counts


def test_bets_where_no_match_was_measured_do_not_pass() -> None:
    close = calibration(cell("home", 1, 0.0, 0.002))
    bets = {("football", "1x2", "home", 1): 90.0, ("football", "1x2", "home", 5): 10.0}
    assert close.weights(bets).tolist() == [90.0, 10.0]
    assert not close.tau(close.weights(bets)).passes
    assert close.tau(close.weights({("football", "1x2", "home", 1): 90.0})).passes


def test_no_close_and_no_bet_say_so() -> None:
    assert calibration().tau([1.0]).reason == "no match has a closing price of Pinnacle and a result"
    none = calibration(cell("home", 1, 0.0, 0.002)).tau([0.0, 0.0])
    assert (none.passes, none.reason) == (False, "no bet has a closing price of Pinnacle")


@pytest.mark.parametrize("seed", range(6))
def test_a_fair_close_of_60_000_matches_passes_with_a_tau_of_at_most_one_percent(seed: int) -> None:
    found = (close := played(60_000, 0.0, seed)[0]).tau(usual_bets(close))
    assert found.passes
    assert found.tau <= 0.01


@pytest.mark.parametrize("seed", range(6))
def test_a_close_that_overrates_slightly_passes_with_a_tau_that_says_so(seed: int) -> None:
    found = (close := played(60_000, 0.011, seed)[0]).tau(usual_bets(close))
    assert found.passes
    assert 0.009 < found.tau < 0.019
    assert found.low < found.tau < found.high


@pytest.mark.parametrize("seed", range(6))
def test_a_close_that_overrates_by_3_percent_never_passes(seed: int) -> None:
    found = (close := played(60_000, 0.033, seed)[0]).tau(usual_bets(close))
    assert not found.passes
    assert "not calibrated" in found.reason


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("matches", [300, 2_000])
def test_too_few_matches_do_not_pass_and_say_how_many_it_takes(matches: int, seed: int) -> None:
    found = (close := played(matches, 0.0, seed)[0]).tau(usual_bets(close))
    assert not found.passes
    assert found.matches_needed is not None
    assert 7_000 < found.matches_needed < 14_000  # 80 of 100 fair closes of that size pass: 1.645 + 1.282 errors
    assert f"{found.matches_needed:,}" in found.reason


def test_the_stated_number_of_matches_is_enough_in_about_80_of_100_cases() -> None:
    passed = [(close := played(9_500, 0.0, seed)[0]).tau(usual_bets(close)).passes for seed in range(100, 160)]
    assert 0.6 < np.mean(passed) < 0.95


def test_a_close_below_the_bound_with_a_large_error_never_passes() -> None:
    assert not calibration(cell("home", 1, 0.0, 1.01 * BIAS_MOST / Z95)).tau([1.0, 0.0]).passes
    assert calibration(cell("home", 1, 0.0, 0.99 * BIAS_MOST / Z95)).tau([1.0, 0.0]).passes


def test_the_stored_form_reads_back() -> None:
    close = played(500, 0.0, 3)[0]
    assert ClosingCalibration.from_plain(json.loads(json.dumps(close.plain()))) == close


def test_bets_in_cells_without_a_match_need_no_number_of_matches() -> None:
    sums = {"matches": 5000, "n": 5000, "profit": 0.0, "profit_squared": 5000.0, "profit_n": 0.0, "n_squared": 5000}
    cell = {"sport": "tennis", "market": "moneyline", "selection": "home", "band": 1, "variance": 5000.0}
    close = ClosingCalibration.of_sums("pinnacle", "power", 5000, ("2020-01-01", "2021-01-01"), [cell | sums])
    found = close.tau(close.weights({("tennis", "totals", "over", 1): 100.0}))
    assert not found.passes and found.matches_needed is None
    assert found.reason == "no match with a bet like these has a closing price of pinnacle and a result"
