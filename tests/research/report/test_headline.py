"""The first lines: what is claimed follows the numbers, and nothing is claimed beyond them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from research.inference.conditional import Measured, corrected, passed_by
from research.inference.detectable import single_level
from research.report.headline import could_have_been_found, profit, profit_line
from research.report.text import percent
from research.verdict.expected import detectable, expected_yield
from research.verdict.findings import Findings
from research.verdict.judge import OutOfSample, PValues, Search, Verdict, judge
from research.verdict.parts import LevelTests, SingleTest
from research.verdict.size import Size
from tests.research.verdict.assessed import assessed

HELD = OutOfSample(500, 200, 0.04, 0.01, 0.07, 0.02)
#: a lower end below zero, which passes the one-sided 80 % of condition (c)
WIDE = OutOfSample(500, 200, 0.04, -0.02, 0.10, 0.01)
TRIALS = 40.0


def found(
    p_selected: float, p_ensemble: float = 0.4, size: Size | None = None, outside: OutOfSample = HELD
) -> Findings:
    """Findings with these p-values at both series."""
    returns = np.random.default_rng(2).normal(0.0, 0.01, (200, 3)).astype(np.float32)
    evidence = assessed(returns, 1, 3, cross_validate=False).evidence
    single = SingleTest(1, 3.0, p_selected, 200, 0.1, 0.0, 3.0)
    level = LevelTests(0.001, 0.001, single, replace(single, row=-1, p_value=p_ensemble))
    evidence = replace(evidence, selected=single, level=level, p_consistent=0.001, p_skewed=0.001)
    return Findings(evidence, "sharpe", 17, 0, (), outside, None, size=size)


def judged(findings: Findings, trials: float = TRIALS, look: int = 1) -> Verdict:
    evidence = findings.evidence
    p_values = PValues(evidence.p_all, evidence.p_selected, evidence.p_ensemble)
    return judge(p_values, Search(trials, look), findings.out_of_sample)


def sized(estimate: float, error: float, margin: float = math.inf) -> Size:
    return Size(Measured(estimate, error, margin), Measured(0.012, 0.004), error, 512)


def test_no_winner_says_what_could_have_been_found() -> None:
    findings = found(0.2, size=sized(0.02, 0.03))
    line = profit_line(judged(findings), findings, TRIALS)
    level = single_level(0.05, TRIALS)
    searched, single = detectable(findings, 0.05, TRIALS)
    assert searched == pytest.approx(0.03 * (-percentile(level) + 0.841621), rel=1e-5)
    assert single == pytest.approx(0.03 * 2.486475, rel=1e-5)
    assert line.startswith("Profit: not proved. The best of 40 independent trials without an edge is as good in ")
    assert f"With 512 bets, an edge below {percent(searched)} could hardly have been seen; in a single test" in line
    assert line.endswith(f"one below {percent(single)}.")


def percentile(share: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(share)


def test_the_median_error_stands_in_where_nothing_was_selected() -> None:
    findings = replace(found(0.2), size=Size(None, None, 0.05, 80), selected=None)
    assert detectable(findings, 0.05, 1.0)[1] == pytest.approx(0.05 * 2.486475, rel=1e-5)
    assert "With 80 bets" in could_have_been_found(findings, 0.05, 10.0)
    alone = could_have_been_found(findings, 0.05, 1.0)
    assert alone == "With 80 bets, an edge below 12.4% could hardly have been seen."
    unknown = replace(findings, size=Size(None, None, math.nan, 0))
    assert could_have_been_found(unknown, 0.05, 1.0) == "" == could_have_been_found(found(0.2), 0.05, 1.0)
    assert "no edge of a size that exists" in could_have_been_found(
        replace(findings, size=Size(None, None, 0.5, 0)), 0.05, 1.0
    )


def test_evidence_shows_the_corrected_yield_and_never_one_that_begins_below_zero() -> None:
    far = found(1e-9, size=sized(0.06, 0.01))
    verdict = judged(far)
    pair = expected_yield(verdict, far, TRIALS)
    slack = passed_by(1e-9, single_level(verdict.levels.main, TRIALS))
    assert pair == (far.size.selected, corrected(Measured(0.06, 0.01), slack))  # type: ignore[union-attr]
    line = profit_line(verdict, far, TRIALS)
    now = pair[1]
    assert 0.0 < now.low < now.middle < 0.06
    assert line == (
        f"Profit: evidence of an edge. Expect a yield of {percent(now.middle)} (90% interval {percent(now.low)} to "
        f"{percent(now.high)}), less than the 6.0% that #17 shows at level stakes because it passed."
    )
    barely = found(0.0007, size=sized(0.16, 0.05))
    line = profit_line(judged(barely), barely, TRIALS)
    assert line.endswith("edge. Its size is not known: expect much less than the 16.0% that #17 shows at level stakes.")
    assert "interval" not in line and "at most" not in line and "\u2212" not in line


@pytest.mark.parametrize("p_value", [1e-5, 5e-5, 1e-4, 3e-4, 7e-4, 1.1e-3])
def test_expect_less_names_nothing_that_is_more(p_value: float) -> None:
    findings = found(p_value, size=sized(0.06, 0.02))
    verdict = judged(findings)
    pair = expected_yield(verdict, findings, TRIALS)
    assert verdict.evidence and pair is not None
    line, now = profit_line(verdict, findings, TRIALS), pair[1]
    assert (f"at most {percent(now.high)}" in line) == (now.low <= 0.0 < now.high < 0.06)
    assert now.low > 0.0 or (f"about {percent(now.middle)}" in line) == (now.middle > 0.0)
    if now.low <= 0.0 and now.middle <= 0.0 and now.high >= 0.06:
        assert line.endswith("Its size is not known: expect much less than the 6.0% that #17 shows at level stakes.")


def test_a_value_at_the_level_of_a_first_sweep_names_the_level_of_this_one() -> None:
    findings = found(0.0005)  # 0.02 adjusted for 40 trials
    assert judged(findings, look=1).evidence
    second = profit_line(judged(findings, look=2), findings, TRIALS)
    assert second.endswith("in 2 of 100 cases, and the second sweep on these matches is tested at 1.2%.")
    assert "tested at" not in profit_line(judged(found(0.01), look=2), found(0.01), TRIALS)


def test_a_yield_that_the_correction_leaves_nothing_of() -> None:
    lost = found(0.0007, size=sized(0.16, 0.05, margin=0.0))
    assert "Its size is not known: expect much less than the 16.0%" in profit(judged(lost), lost, TRIALS)


def test_the_portfolio_is_shown_where_only_its_gate_is_open() -> None:
    findings = found(0.2, 0.0001, size=sized(0.06, 0.01))
    verdict = judged(findings)
    assert verdict.gate == "ensemble"
    pair = expected_yield(verdict, findings, TRIALS)
    assert pair is not None and pair[0] == findings.size.ensemble  # type: ignore[union-attr]
    assert pair[1] == corrected(Measured(0.012, 0.004), passed_by(0.0001, verdict.levels.ensemble))
    assert "that the portfolio of all configurations shows" in profit(verdict, findings, TRIALS)


def test_runs_of_earlier_versions_show_their_path_and_no_interval_below_zero() -> None:
    old = found(1e-9)
    assert expected_yield(judged(old), old, TRIALS) is None
    assert "4.0% over 500 bets (90% interval 1.0% to 7.0%); expect less" in profit(judged(old), old, TRIALS)
    wide = found(1e-9, outside=WIDE)
    text = profit(judged(wide), wide, TRIALS)
    assert "4.0% over 500 bets; expect less" in text and "interval" not in text
    against = found(0.3)
    assert profit_line(judged(against), against, TRIALS).count(".") > 1 and "could hardly" not in profit_line(
        judged(against), against, TRIALS
    )


def test_a_later_sweep_could_have_found_less() -> None:
    findings = found(0.2, size=sized(0.02, 0.03))
    first, third = (detectable(findings, judged(findings, look=look).levels.main, TRIALS)[0] for look in (1, 3))
    assert third > first


def test_an_older_run_says_that_level_stakes_were_not_tested() -> None:
    findings = found(0.0001, size=sized(0.09, 0.02))
    older = replace(findings, evidence=replace(findings.evidence, level=None))
    assert "not at level stakes (force=true makes the run anew)" in profit_line(judged(older), older, TRIALS)
    assert "not at level stakes" not in profit_line(judged(findings), findings, TRIALS)
