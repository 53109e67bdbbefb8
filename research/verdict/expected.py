"""Which edge a run could have shown, and which yield to expect where it showed one; both read with the ledger."""

from __future__ import annotations

import math

from research.inference.conditional import Corrected, Measured, corrected, passed_by
from research.inference.detectable import detectable_edge, single_level
from research.verdict.findings import Findings
from research.verdict.judge import Verdict
from research.verdict.levels import ALPHA


def detectable(findings: Findings, level: float, trials: float) -> tuple[float, float]:
    """Edge found with 80 % probability at the level adjusted for all trials, and in a single test at 5 %; fractions.

    NaN where the size of the yields was not measured. The standard error is that of the selected configuration, or the
    median of those that are judged.
    """
    size = findings.size
    if size is None:
        return math.nan, math.nan
    error = size.error if size.selected is None else size.selected.error
    return detectable_edge(error, single_level(level, trials)), detectable_edge(error, ALPHA)


def expected_yield(verdict: Verdict, findings: Findings, trials: float) -> tuple[Measured, Corrected] | None:
    """The yield at level stakes that passed, and the same corrected for having passed.

    Of the selected configuration where its gate is open, otherwise of the portfolio of all. None without evidence, and
    for a run of an earlier version.
    """
    size, evidence = findings.size, findings.evidence
    if size is None or not verdict.evidence:
        return None
    at = verdict.levels
    if verdict.gate == "ensemble":
        measured, slack = size.ensemble, passed_by(evidence.p_ensemble, at.ensemble)
    else:
        measured, slack = size.selected, passed_by(evidence.p_selected, single_level(at.main, trials))
    return None if measured is None else (measured, corrected(measured, slack))
