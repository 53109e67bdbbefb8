"""The verdicts of a simulated sweep, made from its stored numbers: a changed level needs no new simulation."""

from __future__ import annotations

from typing import Any

from research.verdict.expected import expected_yield
from research.verdict.findings import Findings, _from_plain
from research.verdict.judge import Flagged, PValues, Search, Verdict, judge
from research.verdict.levels import levels
from research.verdict.price import PriceFindings, judge_price

Row = dict[str, Any]


def findings_of(row: Row) -> Findings:
    """The findings of a sweep, without what only its page needs."""
    return _from_plain(row["findings"])


def money(row: Row) -> Verdict:
    """The verdict of money; `look` and `effective` are those of the ledger, or of the first sweep of a family."""
    findings = findings_of(row)
    evidence = findings.evidence
    return judge(
        PValues(evidence.p_all, evidence.p_selected, evidence.p_ensemble),
        Search(row["effective"], row.get("look", 1)),
        findings.out_of_sample,
        Flagged((), row["set_aside"], row["set_aside"] > evidence.betting),
    )


def price(row: Row, close: str) -> str:
    """The verdict of price with one of the closes: ``beats``, ``not proved`` or ``silent``."""
    findings, look = PriceFindings.from_plain(row["price"][close]), row.get("look", 1)
    return judge_price(findings, row["effective"], look, levels(look).alpha).status


def yield_shown(row: Row) -> tuple[float, float, float, float] | None:
    """The yield of a sweep with evidence as it was measured, and as it is shown: middle, low, high; None: not shown."""
    found = expected_yield(money(row), findings_of(row), row["effective"])
    return None if found is None else (found[0].estimate, found[1].middle, found[1].low, found[1].high)
