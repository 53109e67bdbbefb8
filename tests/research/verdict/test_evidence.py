"""All of the evidence of a sweep, from a matrix of daily returns to its JSON document."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import DataError
from engine.files import write_json
from research.execution.assess import splits_frame
from research.inference.bootstrap import generator
from research.inference.effective_trials import effective_trials
from research.inference.overfit import overfitting
from research.inference.sharpe import moments
from research.inference.skewness import single_p_value
from research.inference.superiority import bootstrap_moments, reality_check, spa_test, survivors
from research.verdict.evidence import LISTED, RESAMPLES, Assessment, Evidence, assess, median_block_length
from research.verdict.findings import LUCK, BacktestPaths, Findings, Window, read_findings
from research.verdict.judge import OutOfSample, judge

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
    return returns, assess(returns, 2, 9)


def test_each_number_is_that_of_its_own_function(found: tuple[np.ndarray, Assessment]) -> None:
    returns, weighed = found
    told, of = weighed.evidence, weighed.bootstrap
    again = bootstrap_moments(returns, told.block_length, RESAMPLES, generator(9, "resampled days"))
    assert np.array_equal(again.resample_means, of.resample_means)
    assert (told.days, told.configurations, told.betting, told.resamples) == (DAYS, 40, 37, RESAMPLES)
    tested = spa_test(of)
    assert (told.p_lower, told.p_consistent, told.p_upper) == (tested.lower, tested.consistent, tested.upper)
    assert told.statistic == tested.statistic and told.p_reality == reality_check(of)
    assert sorted(told.survivors) == np.flatnonzero(survivors(of)).tolist() == [0, 1, 2, 3]
    order = [of.means[row] / of.omegas[row] for row in told.survivors]
    assert order == sorted(order, reverse=True) and told.n_survivors == 4
    assert told.effective == effective_trials(of) and 20 < told.effective <= 37
    betting = [row for row in range(40) if returns[:, row].any()]
    sharpes = [returns[:, row].mean(dtype=float) / returns[:, row].std(dtype=float) for row in betting]
    assert told.sharpe_variance == pytest.approx(np.var(sharpes, ddof=1), rel=1e-5)
    single = told.selected
    assert single is not None and single.row == 2 and single.p_value == single_p_value(of, 2)
    own = moments(returns[:, 2])
    assert (single.n_days, single.sharpe, single.skew, single.kurtosis) == (DAYS, own.sharpe, own.skew, own.kurtosis)
    assert single.statistic == pytest.approx(math.sqrt(DAYS) * own.sharpe, rel=0.1)


def test_cross_validation_of_what_bets(found: tuple[np.ndarray, Assessment]) -> None:
    returns, weighed = found
    crossed = weighed.evidence.overfitting
    assert crossed is not None and weighed.splits is not None
    betting = returns[:, returns.any(axis=0)]
    wanted = overfitting(betting, 16)
    assert crossed.configurations == 37 and crossed.blocks == 16 and crossed.splits == 12_870
    assert (crossed.probability, crossed.slope, crossed.loss) == (wanted.probability, wanted.slope, wanted.loss)
    assert crossed.null_low < crossed.null_middle < crossed.null_high
    assert crossed.null_middle == pytest.approx(0.5, abs=0.12)
    assert crossed.probability < crossed.null_low  # four of them are better indeed
    frame = splits_frame(weighed.splits)
    assert frame.height == 12_870 and frame["logit"].to_numpy() == pytest.approx(wanted.logits, rel=1e-6)
    assert splits_frame(None).height == 0 and splits_frame(None).columns == frame.columns


def test_the_same_seed_gives_the_same_evidence_and_another_seed_nearly_so() -> None:
    returns = gaussian(1, 12, 0.1, 1)
    first, again, other = (assess(returns, 0, seed, cross_validate=False).evidence for seed in (1, 1, 2))
    assert first == again != other
    assert first.p_consistent == pytest.approx(other.p_consistent, abs=0.1)
    assert first.overfitting is None


def test_what_does_not_bet_gives_no_evidence() -> None:
    weighed = assess(np.zeros((60, 3), np.float32), None, 1)
    told = weighed.evidence
    assert (told.betting, told.n_survivors, told.effective, told.sharpe_variance) == (0, 0, 0.0, 0.0)
    assert told.p_consistent == told.p_reality == 1.0 and told.block_length == 1.0
    assert told.selected is None and told.overfitting is None and weighed.splits is None


@pytest.mark.parametrize(("days", "blocks"), [(7, None), (8, 4), (13, 6), (31, 14), (32, 16), (90, 16)])
def test_few_days_have_few_blocks_or_none(days: int, blocks: int | None) -> None:
    crossed = assess(gaussian(2, 4)[:days], None, 1).evidence.overfitting
    assert (None if crossed is None else crossed.blocks) == blocks


def test_one_configuration_is_not_crossed() -> None:
    assert assess(gaussian(3, 1), 0, 1).evidence.overfitting is None


def test_many_survivors_are_counted_and_the_first_are_named() -> None:
    told = assess(gaussian(4, 230, 1.0, 230), 0, 1, cross_validate=False).evidence
    assert told.n_survivors == 230 and len(told.survivors) == LISTED == len(set(told.survivors))


def test_block_length_is_the_median_over_configurations() -> None:
    rng = np.random.default_rng(5)
    draws = rng.normal(size=(1_000, 3))
    series = draws.copy()
    for day in range(1, 1_000):
        series[day] += 0.7 * series[day - 1]
    mixed = np.hstack([draws[:, :1], series, np.zeros((1_000, 4))]).astype(np.float32)
    assert median_block_length(mixed) > 3 * median_block_length(draws.astype(np.float32))


def test_verdicts_over_gaussian_matrices() -> None:
    """Pure noise is refused nearly always, an edge of 0.25 deviations a day found nearly always."""
    said = {0.0: 0, 0.25: 0}
    for edge, cases in ((0.0, 50), (0.25, 15)):
        for case in range(cases):
            returns = gaussian(1_000 + case, 20, edge, 2)
            whole = returns.mean(axis=0) / returns.std(axis=0)
            told = assess(returns, int(np.argmax(whole)), case, cross_validate=False).evidence
            assert told.selected is not None and told.p_lower <= told.p_consistent <= told.p_upper
            said[edge] += judge(told.p_consistent, told.selected.p_value, told.effective, GOOD).evidence
    assert said[0.0] <= 8 and said[0.25] >= 13  # 5 % of 50 and four standard errors


def test_findings_are_read_as_they_were_written(found: tuple[np.ndarray, Assessment], tmp_path: Path) -> None:
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
    assert Evidence.from_plain(json.loads(json.dumps(evidence.plain()))) == evidence


@pytest.mark.parametrize("text", ["", "{", "[]", '{"evidence": {}}', "null"])
def test_damaged_findings_are_told_in_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / LUCK).write_text(text)
    with pytest.raises(DataError, match="cannot be read") as told:
        read_findings(tmp_path)
    assert "\n" not in str(told.value)
