"""The table of evidence about money: every number from its place, older runs without the newer lines."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from research.inference.effective_trials import sidak_adjusted
from research.records.trials import Count
from research.report.data import Luck
from research.report.money_lines import doubts, money_lines
from research.report.text import percent
from research.verdict.expected import expected_yield
from research.verdict.findings import Findings
from research.verdict.judge import p_text
from research.verdict.parts import SlowDependence, Untested
from tests.research.report.test_headline import TRIALS, found, judged, sized

SLOW = SlowDependence({"week": 1.02, "month": 1.31, "season": float("nan")}, {"week": 0.4, "month": 0.003}, 0.004)
CALM = replace(SLOW, p_value=0.4)


def luck_of(findings: Findings, look: int = 1, backtest: bool = False, **changes: object) -> Luck:
    verdict = None if backtest else judged(findings, look=look)
    made = Luck(findings, verdict, Count(1_200, TRIALS), 512, None, None, pl.DataFrame(), {}, ())
    return replace(made, **changes)  # type: ignore[arg-type]


def texts(luck: Luck) -> dict[str, tuple[str, str]]:
    return {line.name: (line.value, line.meaning) for line in money_lines(luck)}


def test_the_sweep_of_the_family_says_what_it_costs() -> None:
    lines = texts(luck_of(found(0.2), look=3, earlier=("0123456789abcdef" * 2, "f" * 32)))
    value, meaning = lines["Sweep of the family"]
    assert value == f"number 3; tested at {percent(0.05 / 9, 2)}" or value.startswith("number 3; tested at 0.")
    assert "share one error of 5%" in meaning and "Before it: 0123456789ab and ffffffffffff." in meaning
    assert "Before it" not in texts(luck_of(found(0.2)))["Sweep of the family"][1]


def test_both_series_stand_side_by_side_and_the_larger_counts() -> None:
    findings = found(0.01)
    level = findings.evidence.level
    assert level is not None and level.selected is not None
    months = replace(level.selected, p_value=0.02, p_months=0.07, months=48)
    findings = replace(findings, evidence=replace(findings.evidence, level=replace(level, selected=months)))
    value, _ = texts(luck_of(findings))["#2 alone"]
    adjusted = p_text(sidak_adjusted(0.07, TRIALS))
    assert value == f"p 0.010 of the bankroll, 0.020 at level stakes (0.070 by 48 months); {adjusted} adjusted"
    assert "at level stakes" in texts(luck_of(findings))["SPA, all configurations"][0]


def test_the_portfolio_has_its_yield_and_p() -> None:
    findings = found(0.2, 0.031, size=sized(0.02, 0.03))
    assert texts(luck_of(findings))["Portfolio of all"][0] == "yield 1.20%; p 0.031"


def test_what_could_be_found_and_the_yield_to_expect() -> None:
    findings = found(0.2, size=sized(0.02, 0.03))
    value, _ = texts(luck_of(findings))["Edge that could be found"]
    assert value.endswith(f"; in a single test {percent(0.03 * 2.486475)}")
    assert "Yield to expect" not in texts(luck_of(findings))
    far = found(1e-9, size=sized(0.06, 0.01))
    pair = expected_yield(judged(far), far, TRIALS)
    assert pair is not None
    value, _ = texts(luck_of(far))["Yield to expect"]
    assert value.startswith(f"{percent(pair[1].middle)} (90% interval ") and value.endswith("; measured 6.0%")
    barely = found(0.0007, size=sized(0.16, 0.05))
    assert "interval" not in texts(luck_of(barely))["Yield to expect"][0]
    lost = found(0.0007, size=sized(0.16, 0.05, margin=0.0))
    assert texts(luck_of(lost))["Yield to expect"][0].startswith("–; measured")


def test_slow_dependence_and_faults_speak_where_they_matter() -> None:
    findings = found(0.2)
    untested = (Untested("no bet", 40, tuple(range(40))), Untested("constant", 1, (6,)))
    noisy = replace(findings, evidence=replace(findings.evidence, slow=SLOW, untested=untested))
    lines = texts(luck_of(noisy))
    assert lines["Slow dependence"][0] == "weeks 1.02, months 1.31; p 0.004"
    assert lines["Not tested"][0] == "40: no bet; 1: the same return every day"
    assert "#1, #2, #3, #4, #5, #6 and 34 more (no bet); #7 (the same return every day)" in lines["Not tested"][1]
    told = dict(doubts(noisy.evidence))
    assert "months 1.31" in told["Slow dependence"] and "by months too" in told["Slow dependence"]
    assert told["Not tested"] == "#7 (the same return every day): look for a fault of the data or rule."
    calm = replace(findings.evidence, slow=CALM, untested=untested[:1])
    assert doubts(calm) == []


@pytest.mark.parametrize("backtest", [False, True])
def test_runs_of_earlier_versions_have_the_older_lines(backtest: bool) -> None:
    old = found(0.2)
    old = replace(old, evidence=replace(old.evidence, level=None, slow=None, untested=()))
    lines = texts(luck_of(old, backtest=backtest))
    assert not {"Portfolio of all", "Edge that could be found", "Slow dependence", "Not tested"} & set(lines)
    name = "This configuration" if backtest else "#2 alone"
    assert lines[name][0] == f"p 0.200; {p_text(sidak_adjusted(0.2, TRIALS))} adjusted"
    assert ("Sweep of the family" in lines) is not backtest
