"""The evidence on a sweep, from a matrix of daily returns to its JSON document."""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from engine.errors import DataError
from engine.files import write_json
from research.execution.assess import splits_frame
from research.inference.block_bootstrap import median_block_length
from research.inference.bootstrap import generator
from research.inference.effective_trials import effective_trials
from research.inference.multipliers import null_maxima
from research.inference.overfit import overfitting
from research.inference.sharpe import moments
from research.inference.single import single_test
from research.inference.superiority import bootstrap_moments, bootstrap_p_value, reality_check, spa_test, survivors
from research.verdict.evidence import LISTED, RESAMPLES, Assessment, Evidence
from research.verdict.findings import LUCK, BacktestPaths, Findings, Window, backtest_findings, read_findings
from research.verdict.judge import OutOfSample, PValues, Search, judge
from research.verdict.parts import LevelTests, SlowDependence, Untested
from tests.research.verdict.assessed import assessed

DAYS = 400
GOOD = OutOfSample(500, 200, 0.04, 0.01, 0.07, 0.02)


def gaussian(case: int, many: int, edge: float = 0.0, good: int = 0) -> np.ndarray:
    """Returns of 1 % a day; the first `good` configurations earn `edge` deviations a day."""
    returns = np.random.default_rng((71, case)).normal(0.0, 0.01, (DAYS, many))
    returns[:, :good] += 0.01 * edge
    return returns.astype(np.float32)


@pytest.fixture(scope="module")
def found() -> tuple[np.ndarray, Assessment]:
    returns = gaussian(0, 40, 0.25, 4)
    returns[:, 30:33] = 0.0
    return returns, assessed(returns, 2, 9)


def test_each_number_comes_from_its_function(found: tuple[np.ndarray, Assessment]) -> None:
    returns, assessment = found
    evidence, bootstrap = assessment.evidence, assessment.bootstrap
    again = bootstrap_moments(returns, evidence.block_length, RESAMPLES, generator(9, "resampled days"))
    assert np.array_equal(again.resample_means, bootstrap.resample_means)
    assert (evidence.days, evidence.configurations, evidence.betting, evidence.resamples) == (DAYS, 40, 37, RESAMPLES)
    tested = spa_test(bootstrap)
    assert (evidence.p_lower, evidence.p_consistent, evidence.p_upper) == (
        tested.lower,
        tested.consistent,
        tested.upper,
    )
    assert evidence.statistic == tested.statistic and evidence.p_reality == reality_check(bootstrap)
    assert sorted(evidence.survivors) == np.flatnonzero(survivors(bootstrap)).tolist() == [0, 1, 2, 3]
    order = [bootstrap.means[row] / bootstrap.omegas[row] for row in evidence.survivors]
    assert order == sorted(order, reverse=True) and evidence.n_survivors == 4
    assert (
        evidence.effective == effective_trials(null_maxima(returns, dt.date(1970, 1, 1)), 37)
        and 20 < evidence.effective <= 37
    )
    betting = [row for row in range(40) if returns[:, row].any()]
    sharpes = [returns[:, row].mean(dtype=float) / returns[:, row].std(dtype=float) for row in betting]
    assert evidence.sharpe_variance == pytest.approx(np.var(sharpes, ddof=1), rel=1e-5)
    single = evidence.selected
    assert (
        single is not None
        and single.row == 2
        and single.p_value == single_test(returns[:, 2], evidence.block_length).p_value
    )
    own = moments(returns[:, 2])
    assert (single.n_days, single.sharpe, single.skew, single.kurtosis) == (DAYS, own.sharpe, own.skew, own.kurtosis)
    assert single.statistic == pytest.approx(math.sqrt(DAYS) * own.sharpe, rel=0.1)


def test_cross_validation_uses_the_configurations_that_bet(found: tuple[np.ndarray, Assessment]) -> None:
    returns, assessment = found
    crossed = assessment.evidence.overfitting
    assert crossed is not None and assessment.splits is not None
    betting = returns[:, returns.any(axis=0)]
    wanted = overfitting(betting, 16)
    assert crossed.configurations == 37 and crossed.blocks == 16 and crossed.splits == 12_870
    assert (crossed.probability, crossed.slope, crossed.loss) == (wanted.probability, wanted.slope, wanted.loss)
    assert crossed.null_low < crossed.null_middle < crossed.null_high
    assert crossed.null_middle == pytest.approx(0.5, abs=0.12)
    assert crossed.probability < crossed.null_low  # four of them are truly better
    frame = splits_frame(assessment.splits)
    assert frame.height == 12_870 and frame["logit"].to_numpy() == pytest.approx(wanted.logits, rel=1e-6)
    assert splits_frame(None).height == 0 and splits_frame(None).columns == frame.columns


def test_the_same_seed_gives_the_same_evidence_and_another_seed_similar_one() -> None:
    returns = gaussian(1, 12, 0.1, 1)
    first, again, other = (assessed(returns, 0, seed, cross_validate=False).evidence for seed in (1, 1, 2))
    assert first == again != other
    assert first.p_consistent == pytest.approx(other.p_consistent, abs=0.1)
    assert first.overfitting is None


def test_no_bets_give_no_evidence() -> None:
    assessment = assessed(np.zeros((60, 3), np.float32), None, 1)
    evidence = assessment.evidence
    assert (evidence.betting, evidence.n_survivors, evidence.effective, evidence.sharpe_variance) == (0, 0, 0.0, 0.0)
    assert evidence.p_consistent == evidence.p_reality == 1.0 and evidence.block_length == 1.0
    assert evidence.selected is None and evidence.overfitting is None and assessment.splits is None


@pytest.mark.parametrize(("days", "blocks"), [(7, None), (8, 4), (13, 6), (31, 14), (32, 16), (90, 16)])
def test_few_days_have_few_blocks_or_none(days: int, blocks: int | None) -> None:
    crossed = assessed(gaussian(2, 4)[:days], None, 1).evidence.overfitting
    assert (None if crossed is None else crossed.blocks) == blocks


def test_one_configuration_is_not_cross_validated() -> None:
    assert assessed(gaussian(3, 1), 0, 1).evidence.overfitting is None


def test_many_survivors_are_counted_and_the_best_are_listed() -> None:
    evidence = assessed(gaussian(4, 230, 1.0, 230), 0, 1, cross_validate=False).evidence
    assert evidence.n_survivors == 230 and len(evidence.survivors) == LISTED == len(set(evidence.survivors))


def test_block_length_is_the_median_over_configurations() -> None:
    rng = np.random.default_rng(5)
    draws = rng.normal(size=(1_000, 3))
    series = draws.copy()
    for day in range(1, 1_000):
        series[day] += 0.7 * series[day - 1]
    mixed = np.hstack([draws[:, :1], series, np.zeros((1_000, 4))]).astype(np.float32)
    assert median_block_length(mixed) > 3 * median_block_length(draws.astype(np.float32))


@pytest.mark.slow
def test_verdicts_over_gaussian_matrices() -> None:
    """Pure noise is almost always refused; an edge of 0.25 deviations a day is almost always found."""
    verdicts = {0.0: 0, 0.25: 0}
    for edge, cases in ((0.0, 50), (0.25, 15)):
        for case in range(cases):
            returns = gaussian(1_000 + case, 20, edge, 2)
            whole = returns.mean(axis=0) / returns.std(axis=0)
            evidence = assessed(returns, int(np.argmax(whole)), case, cross_validate=False).evidence
            assert evidence.selected is not None and evidence.p_lower <= evidence.p_consistent <= evidence.p_upper
            p_values = PValues(evidence.p_consistent, evidence.selected.p_value)
            verdicts[edge] += judge(p_values, Search(evidence.effective), GOOD).evidence
    assert verdicts[0.0] <= 8 and verdicts[0.25] >= 13  # 5 % of 50 and four standard errors


def test_findings_survive_a_round_trip_through_json(found: tuple[np.ndarray, Assessment], tmp_path: Path) -> None:
    evidence = found[1].evidence
    crossed, single = evidence.overfitting, evidence.selected
    assert crossed is not None and single is not None
    odd = replace(evidence, overfitting=replace(crossed, slope=math.nan), selected=replace(single, sharpe=math.nan))
    bare = replace(evidence, overfitting=None, selected=None)
    window = Window("2020-01-01", "2020-12-31", None, None, 0, 0.0, 0.0)
    unknown = replace(GOOD, low=math.nan, lower=math.nan)
    for one in (
        Findings(evidence, "sharpe", 3, 4, (window, replace(window, config=3, in_sample=0.1)), GOOD, None),
        Findings(odd, "yield", None, 0, (), unknown, BacktestPaths(2, (3,), (None,))),
        Findings(bare, "growth", None, 0, (), None, BacktestPaths(1, (1,), (0.5,))),
    ):
        write_json(tmp_path / LUCK, one.plain())
        again = read_findings(tmp_path)
        assert again is not None
        assert json.dumps(asdict(again), sort_keys=True) == json.dumps(asdict(one), sort_keys=True)
    assert read_findings(tmp_path / "none") is None
    level = LevelTests(2.0, 0.3, replace(single, p_months=0.2, months=12), replace(single, row=-1))
    slow = SlowDependence({"week": 1.0, "month": 1.2}, {"week": 0.4, "month": 0.03}, 0.05)
    whole = replace(evidence, level=level, slow=slow, untested=(Untested("no bet", 2, (3, 4)),))
    write_json(tmp_path / LUCK, Findings(whole, "sharpe", 3, 4, (), GOOD, None).plain())
    back = read_findings(tmp_path)
    assert back is not None and back.evidence == whole and not slow.significant
    assert Evidence.from_plain(json.loads(json.dumps(evidence.plain()))) == evidence


def test_findings_of_earlier_versions_have_only_the_tests_they_made(
    found: tuple[np.ndarray, Assessment], tmp_path: Path
) -> None:
    """Without the fields of level stakes the p-values are those of the returns, and the portfolio has none."""
    evidence = found[1].evidence
    document = Findings(evidence, "sharpe", 3, 4, (), GOOD, None).plain()
    for name in ("level", "slow", "untested"):
        del document["evidence"][name]
    for name in ("p_months", "months"):
        del document["evidence"]["picked"][name]
    del document["outside"]["reason"]
    write_json(tmp_path / LUCK, document)
    earlier = read_findings(tmp_path)
    assert earlier is not None and earlier.evidence.selected is not None
    assert earlier.evidence.p_all == max(evidence.p_consistent, evidence.p_skewed)
    assert earlier.evidence.p_selected == earlier.evidence.selected.p_value
    assert math.isnan(earlier.evidence.p_ensemble) and earlier.evidence.untested == ()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"evidence": {}}', "null"])
def test_damaged_findings_give_a_one_line_error(text: str, tmp_path: Path) -> None:
    (tmp_path / LUCK).write_text(text)
    with pytest.raises(DataError, match="cannot be read") as error:
        read_findings(tmp_path)
    assert "\n" not in str(error.value)


def test_a_backtest_is_tested_against_the_luck_of_its_own_days() -> None:
    returns, first = gaussian(5, 1, 0.05, 1), dt.date(2019, 8, 10)
    days = pl.DataFrame(
        {"date": pl.date_range(first, first + dt.timedelta(DAYS - 1), eager=True), "return_frac": returns[:, 0]}
    ).with_columns(level=pl.col("return_frac") * 100, level_stake=pl.lit(1.0), n_bets=pl.lit(1))
    found = backtest_findings(days, 9).evidence.level
    assert found is not None
    of_its_days, of_others = (null_maxima(returns * 100, day) for day in (first, dt.date(1970, 1, 1)))
    assert found.p_value == bootstrap_p_value(of_its_days, found.statistic)
    assert found.p_value != bootstrap_p_value(of_others, found.statistic)
