"""Sharpe ratios and their uncertainty, compared with published values, simulation and the definition."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from research.inference.sharpe import (
    Moments,
    deflated_sharpe,
    expected_maximum,
    min_backtest_years,
    min_track_record,
    moments,
    probabilistic_sharpe,
)


@pytest.fixture(scope="module")
def published(reference_dir: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((reference_dir / "reference" / "statistics.json").read_text())
    return found


def test_probabilistic_sharpe_matches_published_values(published: dict[str, Any]) -> None:
    for case in published["psr"]:
        given = Moments(case["T"], float(case["sr"]), float(case["skew"]), float(case["kurt"]))
        assert probabilistic_sharpe(given, float(case["sr0"])) == pytest.approx(float(case["value"]), abs=1e-14)


def test_deflated_sharpe_matches_published_values(published: dict[str, Any]) -> None:
    for case in published["dsr"]:
        sharpe, variance = case["sr_annual"] / math.sqrt(case["periods"]), case["var_annual"] / case["periods"]
        given = Moments(case["T"], sharpe, case["skew"], case["kurt"])
        assert math.sqrt(variance) * expected_maximum(case["N"]) == pytest.approx(float(case["sr0"]), abs=5e-13)
        assert deflated_sharpe(given, case["N"], variance) == pytest.approx(float(case["value"]), abs=5e-13)


def test_expected_maximum_matches_published_values(published: dict[str, Any]) -> None:
    for trials, value in published["expected_max_standardised"].items():
        assert expected_maximum(float(trials)) == pytest.approx(float(value), abs=5e-12)


def test_expected_maximum_is_near_simulated_maxima() -> None:
    rng = np.random.default_rng(0)
    for trials in (10, 100, 1000):
        simulated = rng.normal(size=(4000, trials)).max(axis=1).mean()
        assert expected_maximum(trials) == pytest.approx(simulated, abs=0.05)
    assert expected_maximum(1) == expected_maximum(0.5) == 0.0
    assert expected_maximum(1.01) >= 0.0


def test_record_lengths_match_published_values(published: dict[str, Any]) -> None:
    cases = {
        "daily normal": (252, 0.0, 3.0),
        "weekly normal": (52, 0.0, 3.0),
        "monthly normal": (12, 0.0, 3.0),
        "monthly skew -0.72 kurt 5.78": (12, -0.72, 5.78),
    }
    for name, value in published["min_trl_years_sr2_vs_1"].items():
        periods, skew, kurtosis = cases[name]
        given = Moments(0, 2.0 / math.sqrt(periods), skew, kurtosis)
        years = min_track_record(given, 1.0 / math.sqrt(periods)) / periods
        assert years == pytest.approx(float(value), abs=1e-6)
    for trials, value in published["min_btl_years"].items():
        assert min_backtest_years(float(trials)) == pytest.approx(float(value), abs=1e-8)


def test_every_published_vector_is_tested(published: dict[str, Any]) -> None:
    """A new vector in the reference data needs a test here."""
    assert set(published) == {
        "convention", "psr", "dsr", "expected_max_standardised", "min_trl_years_sr2_vs_1", "min_btl_years",
        "end_to_end_bets",
    }  # fmt: skip
    for word in ("per-observation", "raw kurtosis (normal = 3)", "T-1 divisor"):
        assert word in published["convention"]
    for word in ("1145 wins", "105 losses", "0.90035 at N=100", "0.95047 at N=46", "0.5/250"):
        assert word in published["end_to_end_bets"]


def test_a_record_of_bets_from_end_to_end() -> None:
    bets = np.repeat([1.0, -1.0], [1145, 105])
    returns = (bets - bets.mean()) / bets.std(ddof=1) + 2.5 / math.sqrt(250)
    found = moments(returns)
    assert found.sharpe == pytest.approx(2.5 / math.sqrt(250), abs=1e-15)
    assert deflated_sharpe(found, 100, 0.5 / 250) == pytest.approx(0.90035, abs=5e-6)
    assert deflated_sharpe(found, 46, 0.5 / 250) == pytest.approx(0.95047, abs=5e-6)


def test_the_probability_is_uniform_over_repeated_records() -> None:
    """A share p of records with a true ratio of 0 has a probability of at most p."""
    rng = np.random.default_rng(3)
    found = np.array([probabilistic_sharpe(moments(row)) for row in rng.normal(size=(4000, 200))])
    for share in (0.05, 0.5, 0.95):
        assert np.mean(found <= share) == pytest.approx(share, abs=0.015)


def test_the_minimum_record_has_exactly_the_confidence() -> None:
    given = Moments(500, 0.08, -0.4, 6.0)
    n = min_track_record(given, 0.01, 0.9)
    assert probabilistic_sharpe(Moments(round(n), 0.08, -0.4, 6.0), 0.01) == pytest.approx(0.9, abs=1e-3)
    assert min_track_record(given, 0.08) == math.inf


def test_series_without_a_ratio_give_nan() -> None:
    for returns in ([], [1.0, 2.0, 4.0], [0.5] * 9, [0.1, math.nan, 0.2, 0.3, 0.1]):
        found = moments(returns)
        assert math.isnan(found.sharpe) and math.isnan(found.skew) and math.isnan(found.kurtosis)
        assert math.isnan(probabilistic_sharpe(found)) and math.isnan(min_track_record(found))
        assert math.isnan(deflated_sharpe(found, 10, 0.01))
