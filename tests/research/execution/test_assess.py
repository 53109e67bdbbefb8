"""Assess what the rule selected: it is judged, whoever leads; the tests over all see every configuration."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from research.execution.assess import FinishedSweep, Selection, assess_selection
from research.execution.series import Series
from research.validation.rules import Rules
from research.verdict.ruin import NEVER_BANKRUPT

DAYS, BETS = 400, 4


@pytest.fixture(scope="module")
def sweep() -> FinishedSweep:
    """Four configurations of one bet a day at a thousandth of the equity; the last one alone gains anything."""
    level = np.where(np.random.default_rng(5).random((BETS, DAYS)) < 0.5, 1.0, -1.0).astype(np.float32)
    level -= level.mean(axis=1, keepdims=True)
    level[-1] += np.float32(0.4)
    series = Series(
        first=dt.date(2020, 1, 1),
        returns=level / np.float32(1_000.0),
        sums=np.ones((BETS, 2, 4, 6)),
        touching=np.zeros((2, 2), np.bool_),
        bankrupt=np.full(BETS, NEVER_BANKRUPT),
        yield_error=np.full(BETS, 0.05),
        level=level,
        clv=np.zeros_like(level),
        level_turnover=np.full(BETS, float(DAYS)),
        closed_turnover=np.zeros(BETS),
    )
    dates = (dt.date(2020, 1, 1), dt.date(2020, 7, 1), dt.date(2021, 2, 4))
    rules = Rules(name="none")
    return FinishedSweep(rules, dates, series, lambda row: pytest.fail("nothing is replayed"), 0, 1e6, 0, 3, False)


def test_the_selected_configuration_is_judged_and_not_the_one_ahead(sweep: FinishedSweep) -> None:
    evidence = assess_selection(sweep, Selection((), 1, (), None)).findings.evidence
    assert evidence.selected is not None and evidence.selected.row == 1
    assert evidence.level is not None and evidence.level.selected is not None and evidence.level.selected.row == 1
    assert evidence.p_selected > 0.05 > evidence.p_all
    ahead = assess_selection(sweep, Selection((), 3, (), None)).findings.evidence
    assert ahead.p_selected < 1e-6 and ahead.p_all == evidence.p_all


def test_what_is_set_aside_is_not_judged(sweep: FinishedSweep) -> None:
    found = assess_selection(sweep, Selection((3,), 1, (), None)).findings
    assert found.set_aside == (4,) and found.evidence.p_all > 0.05 and found.evidence.betting == 3
    every = assess_selection(sweep, Selection((), 1, (), None)).findings.evidence
    assert found.evidence.effective == every.effective, "it counts as tried"


def test_both_series_must_show_it(sweep: FinishedSweep) -> None:
    """A progression looks good on equity; at level stakes there is nothing."""
    flat = replace(sweep.series, level=sweep.series.level[[0, 1, 2, 2]])
    evidence = assess_selection(replace(sweep, series=flat), Selection((), 3, (), None)).findings.evidence
    assert max(evidence.p_consistent, evidence.p_skewed) < 0.05 < evidence.p_all
    assert evidence.selected is not None and evidence.selected.p_value < 1e-6 and evidence.p_selected > 0.05


def test_the_largest_p_value_counts(sweep: FinishedSweep) -> None:
    evidence = assess_selection(sweep, Selection((), 1, (), None)).findings.evidence
    assert evidence.level is not None
    for large in range(3):
        fixed, skewed, level = (0.2 if place == large else 0.01 for place in range(3))
        tests = replace(evidence.level, p_value=level)
        assert replace(evidence, p_consistent=fixed, p_skewed=skewed, level=tests).p_all == 0.2
